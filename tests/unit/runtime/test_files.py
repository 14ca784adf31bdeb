from pathlib import Path

import pytest

from gateway.runtime.files import replace_text


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "topology.json"
    replace_text(path, "old")
    with path.open() as reader:
        replace_text(path, "new")
        assert reader.read() == "old", "who has it open reads on in the old one"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "api"
    replace_text(path, "old")
    (tmp_path / "api.new").mkdir()
    with pytest.raises(OSError, match=r"api\.new"):
        replace_text(path, "new")
    assert path.read_text() == "old"
