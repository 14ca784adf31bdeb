"""The header is of these modules, and the object of these sources."""

import pytest

from gateway.fastpath import header, program
from gateway.fastpath import object as compiled
from gateway.fastpath.object import CompileError, Origin, origin

AGAIN = "run scripts/fastpath"


def test_the_header_is_of_these_modules() -> None:
    assert header.HEADER.read_text() == header.text(), AGAIN


def test_the_object_is_of_these_sources() -> None:
    found = origin(program.OBJECT.read_bytes())
    assert found is not None
    assert found.sources == compiled.digest(), AGAIN


def test_the_same_tools_make_the_same_object() -> None:
    content = program.OBJECT.read_bytes()
    try:
        tools = compiled.tools()
    except CompileError as error:
        pytest.skip(f"nothing to compile with: {error}")
    found = origin(content)
    assert found is not None
    if found.tools != tools:
        pytest.skip(f"the object was made with {found.tools}, and here is {tools}")
    assert compiled.compile_object() == content, AGAIN


def test_an_object_without_an_origin_has_none() -> None:
    assert origin(b"\x7fELF") is None
    assert origin(b"..tgw.origin sources=0000002a tools=x 1, y 2\n..") == Origin(42, "x 1, y 2")


def test_the_object_names_no_folder_of_its_builder() -> None:
    assert str(compiled.SOURCES).encode() not in program.OBJECT.read_bytes()
