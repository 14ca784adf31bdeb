"""The folders of control: each shows all of its modules' public names, and no others."""

import ast
import importlib
from pathlib import Path

import pytest

FOLDERS = ("commands", "errors", "events", "values")
# For the codec of events, for the parts of the state, and for who checks networks.
BETWEEN_MODULES = {"Body", "UPCASTS", "Rules", "NO_HOSTS", "unusable"}


def _defined(folder: Path) -> set[str]:
    """The public names that the folder's modules define."""
    found: set[str] = set()
    for module in folder.glob("*.py"):
        for node in ast.parse(module.read_text()).body:
            match node:
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                    found.add(name)
                case ast.AnnAssign(target=ast.Name(id=name)):
                    found.add(name)
                case ast.Assign(targets=[ast.Name(id=name)]):
                    found.add(name)
    return {name for name in found if not name.startswith("_")}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_shows_what_its_modules_define(folder: str) -> None:
    package = importlib.import_module(f"gateway.control.{folder}")
    assert package.__file__
    assert set(package.__all__) == _defined(Path(package.__file__).parent) - BETWEEN_MODULES
    assert all(hasattr(package, name) for name in package.__all__)
