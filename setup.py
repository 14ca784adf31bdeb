"""Builds `gateway.compiled`; everything else about the package is in pyproject.toml.

TGW_WITHOUT_EXTENSION=1 leaves it out, for a machine without a compiler: the data plane then falls
back to the NetfilterQueue engine.
"""

import os
import runpy
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

ROOT = Path(__file__).parent
SOURCES = runpy.run_path(str(ROOT / "gateway" / "sources.py"))


def extensions() -> list[Extension]:
    """The compiled rules, unless they aren't wanted."""
    if os.environ.get("TGW_WITHOUT_EXTENSION"):
        return []
    compiled = Extension(
        "gateway.compiled",
        ["gateway/compiled.pyx"],
        depends=[str(path.relative_to(ROOT)) for path in SOURCES["sources"]()],
        define_macros=[("TGW_SOURCES", f"{SOURCES['digest']()}u")],
        # Packets and tables are read as words of several sizes, which strict aliasing forbids.
        extra_compile_args=["-O3", "-fno-strict-aliasing"],
    )
    return cythonize([compiled], build_dir="build", language_level=3)


setup(ext_modules=extensions())
