"""What we use of Cython's pure-Python mode, as type checkers should see it: C types are ints."""

import builtins
from collections.abc import Callable
from typing import TypeAlias, TypeVar

_F = TypeVar("_F", bound=Callable[..., object])
_C = TypeVar("_C", bound=type)
_T = TypeVar("_T")

compiled: bool

bint: TypeAlias = bool
void: TypeAlias = None
int: TypeAlias = builtins.int  # noqa: A001
uint: TypeAlias = builtins.int
longlong: TypeAlias = builtins.int
ulonglong: TypeAlias = builtins.int

def cfunc(function: _F) -> _F: ...
def ccall(function: _F) -> _F: ...
def exceptval(value: builtins.int = ..., *, check: bool = ...) -> Callable[[_F], _F]: ...
def cclass(cls: _C) -> _C: ...
def final(cls: _C) -> _C: ...
def declare(kind: type[_T], value: _T) -> _T: ...
