"""What several samples of one thing amount to."""

from bench.samples import Figure, Sample, Samples, figure

SAMPLES = Samples(
    [
        Sample(1, "fast", "pps", 300.0),
        Sample(2, "fast", "pps", 330.0),
        Sample(3, "fast", "pps", 900.0),
        Sample(1, "slow", "pps", 100.0),
        Sample(2, "slow", "pps", 150.0),
        Sample(4, "slow", "pps", 1.0),
        Sample(1, "slow", "µs", 7.0),
    ]
)


def test_a_figure_is_the_median_with_the_least_and_the_greatest() -> None:
    assert SAMPLES.figure("fast", "pps") == Figure(330.0, 300.0, 900.0)


def test_nothing_measured_is_no_figure() -> None:
    assert figure([]) is None
    assert SAMPLES.figure("fast", "µs") is None
    assert SAMPLES.ratio(("fast", "pps"), ("none", "pps")) is None


def test_a_ratio_is_taken_within_a_round_and_of_rounds_that_have_both() -> None:
    assert SAMPLES.ratio(("fast", "pps"), ("slow", "pps")) == Figure(2.6, 2.2, 3.0)


def test_nothing_is_divided_by_zero() -> None:
    zero = Samples([Sample(1, "a", "pps", 1.0), Sample(1, "b", "pps", 0.0)])
    assert zero.ratio(("a", "pps"), ("b", "pps")) is None


def test_a_difference_is_taken_within_a_round() -> None:
    assert SAMPLES.difference(("fast", "pps"), ("slow", "pps")) == Figure(190.0, 180.0, 200.0)
