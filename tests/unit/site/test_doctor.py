import pytest

from gateway.site.doctor import Finding


@pytest.mark.parametrize(
    ("present", "needed", "bad"),
    [(True, True, False), (True, False, False), (False, False, False), (False, True, True)],
)
def test_only_what_is_needed_and_missing_is_bad(present: bool, needed: bool, bad: bool) -> None:
    assert Finding("something", present=present, needed=needed).bad is bad
