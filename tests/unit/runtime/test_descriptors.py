"""How many descriptors a process gets that asks for more or fewer than it may have."""

import resource
import subprocess
import sys

import pytest

from gateway.runtime.descriptors import OTHERS

ASKS = """
import resource, sys
from gateway.net import libc
from gateway.runtime.descriptors import ask_for
soft, hard, wanted, root = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
if not root:
    libc.capset(libc.Capabilities(0, 0, 0))
print(ask_for(wanted), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def asked(soft: int, hard: int, wanted: int, *, root: bool = False) -> tuple[int, ...]:
    """What there is then, and the limits."""
    words = [sys.executable, "-c", ASKS, *map(str, (soft, hard, wanted, int(root)))]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return tuple(map(int, done.stdout.split()))


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "expected"),
    [
        pytest.param(1000, 2000, 500, (500, 1000, 2000), id="there are enough"),
        pytest.param(500, 2000, 1000, (1000, 1000 + OTHERS, 2000), id="more are to be had"),
        pytest.param(500, 1000, 5000, (1000 - OTHERS, 1000, 1000), id="not as many"),
        pytest.param(100, 100, 5000, (0, 100, 100), id="none to spare"),
    ],
)
def test_as_many_as_it_may_have(
    soft: int, hard: int, wanted: int, expected: tuple[int, ...]
) -> None:
    assert asked(soft, hard, wanted) == expected


def test_root_may_have_more() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 3000 + OTHERS:
        pytest.skip("the machine has too few descriptors")
    assert asked(500, 1000, 3000, root=True)[0] in (3000, 1000 - OTHERS), (
        "where a container lets it"
    )
