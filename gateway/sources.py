"""The sources that `gateway.compiled` is made of, and how to tell which ones it was made of.

A module that was built from other sources than those beside it would silently go by other rules.
The build writes the digest of its sources into the module, and who imports that compares.
"""

import re
from pathlib import Path
from typing import Final
from zlib import crc32

ROOT: Final = Path(__file__).parent
MAIN: Final = ROOT / "compiled.pyx"


def sources() -> list[Path]:
    """`compiled.pyx` and everything that it includes. Raises `OSError`."""
    included = re.findall(r'^include "(.+)"$', MAIN.read_text(), re.MULTILINE)
    return [MAIN, *(ROOT / name for name in included)]


def digest() -> int:
    """One number for the content of all of them. Raises `OSError`."""
    found = 0
    for path in sources():
        found = crc32(path.read_bytes(), found)
    return found
