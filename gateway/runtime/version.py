"""The version of tgw; here, where every room may ask for it."""

from typing import Final

VERSION: Final = "0.1.0"
