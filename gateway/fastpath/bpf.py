"""What a loader of programs needs of the kernel: libbpf.so.1, by ctypes.

libbpf comes with iproute2. It is opened where it is used, and not at import: a machine may lack it,
and the gateway then works without a fast path.
"""

import ctypes
import errno
import mmap
import os
import re
from collections.abc import Mapping
from ctypes import c_bool, c_char_p, c_int, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

LIBRARY: Final = "libbpf.so.1"
CONSTANTS: Final = ".rodata"
LOG_BYTES: Final = 1 << 20
OUTPUT_ROOM: Final = 512  # bytes by which a program could make a packet longer

_FUNCTIONS: Final[Mapping[str, tuple[Any, ...]]] = {  # the result, then the arguments
    "libbpf_set_print": (c_void_p, c_void_p),
    "libbpf_num_possible_cpus": (c_int,),
    "bpf_object__open_mem": (c_void_p, c_char_p, c_size_t, c_void_p),
    "bpf_object__load": (c_int, c_void_p),
    "bpf_object__close": (None, c_void_p),
    "bpf_object__next_map": (c_void_p, c_void_p, c_void_p),
    "bpf_object__next_program": (c_void_p, c_void_p, c_void_p),
    "bpf_object__find_map_by_name": (c_void_p, c_void_p, c_char_p),
    "bpf_map__name": (c_char_p, c_void_p),
    "bpf_map__fd": (c_int, c_void_p),
    "bpf_map__reuse_fd": (c_int, c_void_p, c_int),
    "bpf_map__set_max_entries": (c_int, c_void_p, c_uint32),
    "bpf_map__set_value_size": (c_int, c_void_p, c_uint32),
    "bpf_map__set_initial_value": (c_int, c_void_p, c_char_p, c_size_t),
    "bpf_program__name": (c_char_p, c_void_p),
    "bpf_program__fd": (c_int, c_void_p),
    "bpf_obj_pin": (c_int, c_int, c_char_p),
    "bpf_map_update_elem": (c_int, c_int, c_char_p, c_char_p, c_uint64),
    "bpf_map_lookup_elem": (c_int, c_int, c_char_p, c_char_p),
    "bpf_map_delete_elem": (c_int, c_int, c_char_p),
    "bpf_prog_test_run_opts": (c_int, c_int, c_void_p),
}


class FastPathError(RuntimeError):
    """The fast path can't be had here; the text, of one line, says why."""


class Capacity(NamedTuple):
    """How many entries a map has, and how many bytes an entry; 0 leaves what the object says."""

    entries: int = 0
    bytes: int = 0


class Ran(NamedTuple):
    """What a program gave back for a packet, what it made of it, and in how many ns."""

    verdict: int
    packet: bytes
    ns: int


class _OpenOptions(ctypes.Structure):
    _fields_ = (
        ("sz", c_size_t),
        ("object_name", c_char_p),
        ("relaxed_maps", c_bool),
        ("pin_root_path", c_char_p),
        ("_unused", c_uint32),
        ("kconfig", c_char_p),
        ("btf_custom_path", c_char_p),
        ("kernel_log_buf", c_void_p),
        ("kernel_log_size", c_size_t),
        ("kernel_log_level", c_uint32),
    )


class _RunOptions(ctypes.Structure):
    _fields_ = (
        ("sz", c_size_t),
        ("data_in", c_void_p),
        ("data_out", c_void_p),
        ("data_size_in", c_uint32),
        ("data_size_out", c_uint32),
        ("ctx_in", c_void_p),
        ("ctx_out", c_void_p),
        ("ctx_size_in", c_uint32),
        ("ctx_size_out", c_uint32),
        ("retval", c_uint32),
        ("repeat", c_int),
        ("duration", c_uint32),
        ("flags", c_uint32),
        ("cpu", c_uint32),
        ("batch_size", c_uint32),
    )


class Library:
    """The functions of libbpf. Raises `FastPathError` if it isn't there."""

    def __init__(self) -> None:
        """Find the library, and all of its functions that are needed."""
        try:
            library = ctypes.CDLL(LIBRARY, use_errno=True)
            for name, (result, *arguments) in _FUNCTIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError) as error:
            raise FastPathError(f"{LIBRARY} can't be used: {error}") from error
        self.call: Any = library
        library.libbpf_set_print(None)  # what it would print is said by exceptions

    def processors(self) -> int:
        """How many processors this machine may ever have, also those that are off."""
        return int(self.call.libbpf_num_possible_cpus())

    def pin(self, descriptor: int, path: Path) -> None:
        """Give a map or a program a name in a BPF file system. Raises `OSError`."""
        _check(self.call.bpf_obj_pin(descriptor, os.fsencode(path)), str(path))

    def update(self, descriptor: int, key: bytes, value: bytes) -> None:
        """Set an entry of a map. Raises `OSError`."""
        _check(self.call.bpf_map_update_elem(descriptor, key, value, 0), "a map's entry")

    def lookup(self, descriptor: int, key: bytes, size: int) -> bytes | None:
        """The value of an entry, of `size` bytes; none if there is no entry. Raises `OSError`."""
        value = ctypes.create_string_buffer(size)
        result = self.call.bpf_map_lookup_elem(descriptor, key, value)
        if result == -errno.ENOENT:
            return None
        _check(result, "a map's entry")
        return value.raw

    def delete(self, descriptor: int, key: bytes) -> None:
        """Take an entry out of a map, if it is there. Raises `OSError`."""
        result = self.call.bpf_map_delete_elem(descriptor, key)
        if result != -errno.ENOENT:
            _check(result, "a map's entry")

    def run(self, program: int, packet: bytes, context: bytes = b"", repeat: int = 1) -> Ran:
        """Run a program on a packet as if it came from a link. Raises `OSError`.

        `context` is a `struct __sk_buff`, or as much of one as matters.
        """
        before = ctypes.create_string_buffer(packet, len(packet))
        after = ctypes.create_string_buffer(len(packet) + OUTPUT_ROOM)
        given = ctypes.create_string_buffer(context, len(context))
        options = _RunOptions(
            sz=ctypes.sizeof(_RunOptions),
            data_in=ctypes.addressof(before),
            data_out=ctypes.addressof(after),
            data_size_in=len(packet),
            data_size_out=len(after),
            ctx_in=ctypes.addressof(given) if context else None,
            ctx_size_in=len(context),
            repeat=repeat,
        )
        _check(self.call.bpf_prog_test_run_opts(program, ctypes.byref(options)), "a run")
        verdict = ctypes.c_int32(options.retval).value
        return Ran(verdict, after.raw[: options.data_size_out], options.duration)


class Object:
    """A compiled object, opened, and loaded with the sizes that are wanted of it."""

    def __init__(self, library: Library, content: bytes, name: str) -> None:
        """Open the object's content. Raises `FastPathError` if it is none."""
        self._library = library
        self._log = ctypes.create_string_buffer(LOG_BYTES)
        options = _OpenOptions(
            sz=ctypes.sizeof(_OpenOptions),
            object_name=name.encode(),
            kernel_log_buf=ctypes.addressof(self._log),
            kernel_log_size=LOG_BYTES,
        )
        self._content = content
        self._object = library.call.bpf_object__open_mem(
            content, len(content), ctypes.byref(options)
        )
        if not self._object:
            raise FastPathError(f"{name}: no object that {LIBRARY} can read: {_failure()}")

    def __enter__(self) -> Self:
        """Give the object; leaving the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the object, and its maps and programs where nothing else holds them."""
        self.close()

    def close(self) -> None:
        """Close the object, and its maps and programs where nothing else holds them."""
        if self._object:
            self._library.call.bpf_object__close(self._object)
            self._object = None

    def size(self, name: str, capacity: Capacity) -> None:
        """Say how large a map shall be, before it is loaded. Raises `FastPathError`."""
        call, found = self._library.call, self._map(name)
        results = [
            call.bpf_map__set_max_entries(found, capacity.entries) if capacity.entries else 0,
            call.bpf_map__set_value_size(found, capacity.bytes) if capacity.bytes else 0,
        ]
        if any(results):
            raise FastPathError(f"the map {name} can't have this size: {_failure()}")

    def use(self, name: str, descriptor: int) -> None:
        """Take this map in the place of one to be made. Raises `FastPathError`."""
        if self._library.call.bpf_map__reuse_fd(self._map(name), descriptor):
            raise FastPathError(f"the map {name} can't be used again: {_failure()}")

    def set_constants(self, content: bytes) -> None:
        """Set the constants of the object, before it is loaded. Raises `FastPathError`."""
        found = self._map(CONSTANTS)
        if self._library.call.bpf_map__set_initial_value(found, content, len(content)):
            raise FastPathError(f"the object's constants aren't of {len(content)} bytes")

    def load(self) -> None:
        """Create the maps, and have the kernel take the programs. Raises `FastPathError`."""
        result = self._library.call.bpf_object__load(self._object)
        if result:
            raise FastPathError(_refusal(-result, self._log.value.decode(errors="replace")))

    def maps(self) -> dict[str, int]:
        """The descriptors of the maps that were loaded, by name."""
        call = self._library.call
        return self._descriptors(call.bpf_object__next_map, call.bpf_map__name, call.bpf_map__fd)

    def programs(self) -> dict[str, int]:
        """The descriptors of the programs that were loaded, by name."""
        call = self._library.call
        return self._descriptors(
            call.bpf_object__next_program, call.bpf_program__name, call.bpf_program__fd
        )

    def _descriptors(self, following: Any, name: Any, descriptor: Any) -> dict[str, int]:
        found, one = {}, following(self._object, None)
        while one:
            found[name(one).decode()] = int(descriptor(one))
            one = following(self._object, one)
        return found

    def _map(self, name: str) -> int:
        found = self._library.call.bpf_object__find_map_by_name(self._object, name.encode())
        if not found:
            raise FastPathError(f"the object has no map {name}")
        return int(found)


def memory(descriptor: int, length: int) -> mmap.mmap:
    """The memory of a map that can be mapped. Raises `OSError`."""
    return mmap.mmap(descriptor, -(-length // mmap.PAGESIZE) * mmap.PAGESIZE)


def _check(result: int, subject: str) -> None:
    if result < 0:
        number = ctypes.get_errno() or -result
        raise OSError(number, os.strerror(number), subject)


def _failure() -> str:
    return os.strerror(ctypes.get_errno())


def _refusal(number: int, log: str) -> str:
    """Why the kernel takes no program; the verifier's last word, if there is one."""
    if number in (errno.EPERM, errno.EACCES) and not log:
        return "not permitted: programs need root, or CAP_BPF and CAP_NET_ADMIN"
    said = [line for line in log.splitlines() if line.strip() and not _is_chatter(line)]
    last = f": {said[-1].strip()}" if said else ""
    return f"the kernel refuses the programs: {os.strerror(number)}{last}"


def _is_chatter(line: str) -> bool:
    """Whether a line of the verifier's log says how much it did, and not what it found."""
    return bool(re.match(r"(processed \d+|verification time|stack depth|-- )", line))
