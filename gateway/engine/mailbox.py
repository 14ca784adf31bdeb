"""Messages received together, and answers sent together; compiled: `gateway/compiled.pyx`.

This one makes a system call per message. It is what the batch loop runs on where it is interpreted,
which only tests do.
"""

import socket
from typing import Final

from gateway.packet.memory import Packet

MESSAGES: Final = 64
MESSAGE_BYTES: Final = 66_560  # the largest packet that is copied, and what is in front of it


class Mailbox:
    """Room for `MESSAGES` messages of a socket."""

    def __init__(self, fd: int, *, alone: bool = False) -> None:  # noqa: ARG002
        """`fd` is the socket's; it stays the caller's to close.

        `alone` says that this process has no other thread: compiled, a wait then needn't let others
        run, which costs a wake-up some tenths of a microsecond.
        """
        self._socket = socket.socket(fileno=fd)
        self._buffers = [bytearray(MESSAGE_BYTES) for _ in range(MESSAGES)]
        self._sizes = [0] * MESSAGES
        self._answers: list[memoryview] = []

    def __del__(self) -> None:
        """Leave the socket open."""
        self._socket.detach()

    def receive(self) -> int:
        """Wait for messages; returns how many have come, 0 after a time-out.

        Compiled, it gives 0 after a signal, too: Python's own calls go on waiting when its handler
        is done. Raises `OSError`, and whatever a signal's handler raises.
        """
        self._answers.clear()
        flags = 0
        for number, buffer in enumerate(self._buffers):
            try:
                self._sizes[number] = self._socket.recv_into(buffer, 0, flags)
            except (BlockingIOError, TimeoutError):
                return number
            flags = socket.MSG_DONTWAIT
        return MESSAGES

    def message(self, number: int) -> Packet:
        """The buffer with a message that `receive` has put there, to be written."""
        return self._buffers[number]

    def size(self, number: int) -> int:
        """How many bytes the message has."""
        return self._sizes[number]

    def answer(self, number: int, start: int, size: int) -> None:
        """Send these bytes of the message's buffer with the next `send`."""
        self._answers.append(memoryview(self._buffers[number])[start : start + size])

    def send(self) -> None:
        """Send all answers. Raises `OSError`."""
        for answer in self._answers:
            self._socket.send(answer)
        self._answers.clear()
