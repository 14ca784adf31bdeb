"""Messages received together, and answers sent together; compiled: `gateway/compiled.pyx`.

This mailbox makes a system call for each message. Only tests use it, under the interpreted loop.
"""

import socket
from typing import Final

from gateway.packet.memory import Packet

MESSAGES: Final = 64
MESSAGE_BYTES: Final = 66_560  # the largest packet that is copied, and what is in front of it


class Mailbox:
    """Room for `MESSAGES` messages of a socket, and for the answers to them."""

    def __init__(self, fd: int, *, alone: bool = False) -> None:  # noqa: ARG002
        """`fd` is the socket's; it stays the caller's to close.

        `alone` says that this process has no other thread. The compiled mailbox then keeps Python's
        lock while it waits, which saves some tenths of a microsecond for each wake-up.
        """
        self._socket = socket.socket(fileno=fd)
        self._buffers = [bytearray(MESSAGE_BYTES) for _ in range(MESSAGES)]
        self._sizes = [0] * MESSAGES
        self._answers: list[memoryview] = []

    def __del__(self) -> None:
        """Leave the socket open: it belongs to the caller."""
        self._socket.detach()

    def receive(self) -> int:
        """Wait for messages; returns how many have come, 0 after a time-out.

        The compiled mailbox returns 0 after a signal, too. This one waits on then, as Python's own
        calls do. Raises `OSError`, and what a signal's handler raises.
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
        """The buffer with a message that `receive` has put there; it may be changed."""
        return self._buffers[number]

    def size(self, number: int) -> int:
        """The number of bytes that the message in this buffer has."""
        return self._sizes[number]

    def answer(self, number: int, start: int, size: int) -> None:
        """Send these bytes of the message's buffer with the next `send`."""
        self._answers.append(memoryview(self._buffers[number])[start : start + size])

    def send(self) -> None:
        """Send all answers of this turn together. Raises `OSError`."""
        for answer in self._answers:
            self._socket.send(answer)
        self._answers.clear()
