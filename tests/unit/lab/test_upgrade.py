"""Which processes of a lab are of another version, without processes."""

from pathlib import Path

import pytest

from gateway.lab import upgrade
from gateway.runtime.version import VERSION
from gateway.site import roles

ROLES = ("dataplane", "control", "web", "watchdog")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab's directory; whoever has noted a version there has the role."""

    def holder(run: Path, role: str) -> int | None:
        return 1 if (run / f"{role}.lock").exists() else None

    monkeypatch.setattr(roles, "holder", holder)
    return tmp_path


def noted(run: Path, **versions: str) -> list[str]:
    for role, version in versions.items():
        (run / f"{role}.lock").write_text(version)
    return upgrade.outdated(run, ROLES)


def test_without_processes_nothing_is_to_be_replaced(run: Path) -> None:
    assert noted(run) == []


def test_what_is_of_this_version_stays(run: Path) -> None:
    assert noted(run, **dict.fromkeys(ROLES, VERSION)) == []


@pytest.mark.parametrize("version", ["", "0.0.1", "0.0", "something", "0.1.0.dev3", "\udcff\0"])
def test_control_is_the_first_and_the_data_plane_the_last(run: Path, version: str) -> None:
    for role in ROLES:
        (run / f"{role}.lock").write_bytes(version.encode(errors="surrogateescape"))
    assert upgrade.outdated(run, ROLES) == ["watchdog", "control", "web", "dataplane"]


def test_the_watchdog_rests_while_anything_is_replaced(run: Path) -> None:
    assert noted(run, **dict.fromkeys(ROLES, VERSION) | {"web": ""}) == ["watchdog", "web"]


@pytest.mark.parametrize("version", ["0.1.1", "0.2", "1", "10.0.0-rc1"])
def test_a_newer_one_is_refused_whoever_it_is(run: Path, version: str) -> None:
    with pytest.raises(upgrade.NewerError) as refused:
        noted(run, control="", web=version)
    assert f"web of lab {run.name} is of tgw {version}, which is newer" in str(refused.value)


def test_a_note_has_a_bound(run: Path) -> None:
    (run / "web.lock").write_text("9" * 100_000)
    assert len(roles.version(run, "web")) == roles.VERSION_MAX
