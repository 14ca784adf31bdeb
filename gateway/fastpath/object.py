"""Compiles the programs, and tells which sources an object was made of.

The object is kept in the repository, so that neither an installation nor a demo needs a compiler.
What it was made of stands in a section of its own: the digest of the sources, by which a test finds
an object that isn't of them, and the versions of the tools, with which the same bytes come again.
"""

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple
from zlib import crc32

SOURCES: Final = Path(__file__).parent
MAIN: Final = "program.bpf.c"
CLANG: Final = "clang-14"
OBJCOPY: Final = "llvm-objcopy-14"
HEADERS: Final = ("libbpf-dev", "linux-libc-dev")  # packages whose headers are included
INCLUDES: Final = ("/usr/include/x86_64-linux-gnu", "/usr/include/aarch64-linux-gnu")
SECTION: Final = "tgw.origin"

_ORIGIN: Final = re.compile(rb"tgw.origin sources=([0-9a-f]{8}) tools=([^\n]*)\n")


class Origin(NamedTuple):
    """What an object was made of, and with."""

    sources: int
    tools: str


class CompileError(RuntimeError):
    """The programs can't be compiled; the text says why."""


def digest() -> int:
    """One number for the content of all C files. Raises `OSError`."""
    found = 0
    for path in sorted([*SOURCES.glob("*.c"), *SOURCES.glob("*.h")]):
        found = crc32(path.read_bytes(), crc32(path.name.encode(), found))
    return found


def origin(content: bytes) -> Origin | None:
    """What an object says that it was made of; none if it doesn't say."""
    found = _ORIGIN.search(content)
    return Origin(int(found[1], 16), found[2].decode()) if found else None


def tools() -> str:
    """The versions of all that the object's bytes depend on. Raises `CompileError`."""
    compiler = _run([CLANG, "--version"]).splitlines()[0]
    version = "${Package} ${Version}\\n"
    headers = _run(["dpkg-query", "--show", "--showformat", version, *HEADERS]).splitlines()
    return ", ".join([compiler, *headers])


def compile_object() -> bytes:
    """Compile the sources: the same bytes from the same sources and tools. Raises `CompileError`.

    What debuggers want is left out, and what the verifier's messages quote is kept (BTF).
    """
    made_of = f"tgw.origin sources={digest():08x} tools={tools()}\n"
    with TemporaryDirectory() as directory:
        made, note = Path(directory, "program.o"), Path(directory, "origin")
        note.write_text(made_of)
        includes = [f"-I{path}" for path in INCLUDES]
        target = ["-target", "bpf", "-mcpu=v3", "-O2", "-g"]
        checks = ["-Wall", "-Wextra", "-Werror"]
        paths = [f"-ffile-prefix-map={SOURCES}=.", "-fdebug-compilation-dir=."]
        _run([CLANG, *target, *checks, *paths, *includes, "-c", MAIN, "-o", str(made)])
        _run([OBJCOPY, "--strip-debug", f"--add-section={SECTION}={note}", str(made)])
        return made.read_bytes()


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, cwd=SOURCES, capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CompileError(f"{command[0]}: {error}") from error
    if done.returncode:
        raise CompileError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout
