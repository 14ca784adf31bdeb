from hypothesis import given
from hypothesis import strategies as st

from gateway.metadata.tree import Tree, find, listing

MAC = "52:54:00:AB:CD:0E"
TREE: Tree = {
    "leaf": "value",
    "bytes": b"\0",
    "nothing": None,
    "empty": {},
    "hollow": {"a": {"b": None}},
    "folder": {MAC: {"inner": "deep", "none": None}},
}


def test_a_listing_has_what_is_there() -> None:
    assert listing(TREE) == "leaf\nbytes\nfolder/"


def test_a_leaf_is_found_without_a_slash_only() -> None:
    assert find(TREE, "/leaf") == "value"
    assert find(TREE, "/bytes") == b"\0"
    assert find(TREE, f"/folder/{MAC}/inner") == "deep"
    assert find(TREE, "/leaf/") is None
    assert find(TREE, "/leaf/leaf") is None


def test_a_directory_is_found_with_and_without_a_slash() -> None:
    assert find(TREE, "/") is TREE
    for path in ("/folder", "/folder/"):
        assert find(TREE, path) is TREE["folder"]


def test_what_is_empty_is_not_there() -> None:
    for path in ("/nothing", "/nothing/", "/empty", "/empty/", "/hollow/", "/hollow/a/b", "/other"):
        assert find(TREE, path) is None
    assert find({}, "/") is None


def test_only_a_path_is_a_path() -> None:
    for path in ("", "leaf", "*", "http://name/leaf", "//leaf", "/folder//"):
        assert find(TREE, path) is None


@given(st.lists(st.sampled_from(["", "leaf", "bytes", "nothing", "folder", MAC, ":", "inner"])))
def test_no_path_raises_and_what_is_listed_is_there(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    found = find(TREE, path)
    if found is not None and not isinstance(found, str | bytes):
        base = path.rstrip("/")
        for name in listing(found).split("\n"):
            assert find(TREE, f"{base}/{name}") is not None
