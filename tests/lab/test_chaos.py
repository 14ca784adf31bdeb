"""Random trouble for a lab under traffic, for a short time: scripts/chaos goes on for longer."""

from support import chaos

FOR_S = 15.0
SEED = 11


def test_a_lab_bears_random_trouble() -> None:
    steps = chaos.run(FOR_S, SEED)
    assert steps.total() > 0
