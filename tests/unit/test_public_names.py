"""The names that a script may import are whole: there, documented, and cheap until asked for."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.utils import PcapWriter

import gateway

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "scripting.md").read_text()
STATIC = re.compile(r"^    from (\S+) import (\w+) as (\w+)$", re.MULTILINE)
SCRIPTS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_every_name_can_be_imported_and_says_what_it_is() -> None:
    silent = [
        name
        for name in gateway.__all__
        if callable(found := getattr(gateway, name)) and not inspect.getdoc(found)
    ]
    assert silent == []


def test_type_checkers_see_the_names_that_run() -> None:
    source = Path(inspect.getfile(gateway)).read_text()
    seen = {name: getattr(sys.modules[module], there) for module, there, name in imported(source)}
    assert seen == {name: getattr(gateway, name) for name in gateway.__all__}


def imported(source: str) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = STATIC.findall(source)
    for module, _, _ in found:
        __import__(module)
    return found


def test_every_name_is_documented_and_no_other() -> None:
    (table,) = re.findall(r"\| --- \| --- \|\n(.*?)\n\n", TEXT, re.DOTALL)
    assert sorted(re.findall(r"`(\w+)`", table)) == sorted(gateway.__all__)


def test_what_is_listed_is_what_is_there() -> None:
    assert set(dir(gateway)) == {*gateway.__all__, "__version__"}


def test_another_name_is_an_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="no attribute 'manager'"):
        _ = gateway.manager


def test_the_import_brings_nothing_with_it() -> None:
    code = "import sys, gateway; print([name for name in sys.modules if name[:8] == 'gateway.'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_documented_replay_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (sample,) = re.findall(r'`(\{"mappings".*?\})`\.', TEXT)
    Path("table.json").write_text(sample)
    with PcapWriter("ping.pcap", linktype=101) as writer:
        for destination in ("203.0.113.1", "203.0.113.2"):
            packet = IP(bytes(IP(src="198.51.100.1", dst=destination) / ICMP()))
            packet.time = 1.5
            writer.write(packet)
    exec(compile(SCRIPTS[0], "docs/scripting.md", "exec"), {})  # noqa: S102  our own document
    assert capsys.readouterr().out == "1.500000 translated\n1.500000 unknown-public\n"
