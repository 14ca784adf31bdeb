"""Fixtures of tests about publishers, for which two sets stand in for the kernel."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.kernel_sets import KernelSets
from support.story import Story

from gateway.site.site import Site
from gateway.steering import early, members
from gateway.steering.sets import Sets


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> KernelSets:
    """A kernel in which every namespace is."""
    made = KernelSets()

    @contextmanager
    def inside(_: Site) -> Iterator[None]:
        yield

    monkeypatch.setattr(Site, "inside", inside)
    monkeypatch.setattr(early, "fill", made.fill)
    monkeypatch.setattr(members, "fill", made.fill)
    monkeypatch.setattr(Sets, "change", lambda _sets, *asked: made.change(*asked))
    monkeypatch.setattr(Sets, "generation", lambda _sets: made.at)
    return made


@pytest.fixture
def story() -> Story:
    return Story(quarantine_s=0.0)
