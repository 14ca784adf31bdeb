"""A gateway to meter."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.metering import Gateway, gateway_in


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """Nothing was counted, and nobody holds an address."""
    with gateway_in(tmp_path) as made:
        yield made
