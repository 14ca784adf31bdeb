# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The rules and the batch loop, compiled: the same sources that Python interprets, included below.

What stands here is what those sources can't say themselves: the types behind their names (packets
and words are pointers), the instructions that processes sharing memory need, and the system calls
for many messages at once. `gateway/packet/memory.py` and `gateway/engine/mailbox.py` are its
interpreted counterparts.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.exc cimport PyErr_CheckSignals, PyErr_SetFromErrno
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

import cython

ctypedef unsigned char* Packet
ctypedef unsigned int* Words
ctypedef long long* LongWords

cdef extern from *:
    """
    #ifndef TGW_SOURCES
    #define TGW_SOURCES 0u
    #endif
    """
    unsigned int TGW_SOURCES

SOURCES = TGW_SOURCES  # of what this was built: see gateway/sources.py

cdef extern from * nogil:
    bint __sync_bool_compare_and_swap(long long* word, long long old, long long new)
    void __builtin_prefetch(const void* address)
    int __ATOMIC_ACQUIRE
    int __ATOMIC_RELEASE
    long long __atomic_load_n(long long* word, int order)
    void __atomic_store_n(long long* word, long long value, int order)

cdef extern from "<stdlib.h>" nogil:
    int posix_memalign(void** memory, size_t alignment, size_t size)

cdef extern from "<time.h>" nogil:
    struct timespec:
        long long tv_sec
        long long tv_nsec
    int CLOCK_MONOTONIC
    int clock_gettime(int clock, timespec* now)

cdef extern from "<sys/socket.h>" nogil:
    struct iovec:
        void* iov_base
        size_t iov_len
    struct msghdr:
        iovec* msg_iov
        size_t msg_iovlen
    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len
    int MSG_WAITFORONE
    int recvmmsg(int fd, mmsghdr* messages, unsigned int count, int flags, timespec* timeout)
    ssize_t sendmsg(int fd, const msghdr* message, int flags)


cdef inline Packet packet_of(memory):
    cdef unsigned char[::1] view = memory
    return &view[0] if view.shape[0] else NULL


cdef inline Packet packet_at(Packet buffer, int start) noexcept:
    return buffer + start


cdef inline bytes bytes_of(Packet buffer, int start, int length):
    return PyBytes_FromStringAndSize(<char*> buffer + start, length)


cdef inline void put_bytes(Packet packet, bytes content, int length) noexcept:
    memcpy(packet, <const char*> content, length)


cdef inline Words words_of(memory):
    cdef const unsigned char[::1] view = memory
    return <Words> &view[0]


cdef inline LongWords long_words_of(memory):
    cdef const unsigned char[::1] view = memory
    return <LongWords> &view[0] if view.shape[0] else NULL


cdef inline bint compare_and_swap(LongWords words, long long at, long long old, long long new) noexcept:
    return __sync_bool_compare_and_swap(words + at, old, new)


cdef inline long long load_word(LongWords words, long long at) noexcept:
    return __atomic_load_n(words + at, __ATOMIC_ACQUIRE)


cdef inline void store_word(LongWords words, long long at, long long value) noexcept:
    __atomic_store_n(words + at, value, __ATOMIC_RELEASE)


cdef fused AnyWords:
    Words
    LongWords


cdef inline void prefetch(AnyWords words, long long at) noexcept:
    __builtin_prefetch(words + at)


cdef inline unsigned int swapped(unsigned int word) noexcept:
    return (word & 0xFF) << 8 | (word >> 8 & 0xFF)


cdef unsigned long long sum_bytes(Packet packet, int start, int end) noexcept:
    """A sum of 16-bit words may be made of any words, in any byte order (RFC 1071, 2)."""
    cdef unsigned long long total = 0
    cdef const unsigned int* words = <const unsigned int*> (packet + start)
    cdef int length = end - start, number
    for number in range(length >> 2):
        total += words[number]
    cdef Packet rest = packet + start + (length & ~3)
    if length & 2:
        total += rest[0] | <unsigned int> rest[1] << 8
        rest += 2
    if length & 1:
        total += rest[0]
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return swapped(<unsigned int> total)


cdef inline long long monotonic_ns() noexcept:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1000000000 + now.tv_nsec


cdef enum:
    MESSAGES = 64
    MESSAGE_BYTES = 66560  # the largest packet that is copied, and what is in front of it
    SEND_BYTES = 1 << 18  # more at once is no faster


@cython.final
cdef class Mailbox:
    """Room for `MESSAGES` messages of a socket; see `gateway/engine/mailbox.py`."""

    cdef int _fd
    cdef bint _alone
    cdef Packet _memory
    cdef mmsghdr[MESSAGES] _received
    cdef iovec[MESSAGES] _room
    cdef iovec[MESSAGES] _answers
    cdef int _answered

    def __cinit__(self, int fd, *, bint alone=False):
        self._fd = fd
        self._alone = alone
        if posix_memalign(<void**> &self._memory, 4096, <size_t> MESSAGES * MESSAGE_BYTES):
            raise MemoryError
        memset(self._received, 0, sizeof(self._received))
        for number in range(MESSAGES):
            self._room[number].iov_base = self.message(number)
            self._room[number].iov_len = MESSAGE_BYTES
            self._received[number].msg_hdr.msg_iov = &self._room[number]
            self._received[number].msg_hdr.msg_iovlen = 1

    def __dealloc__(self):
        free(self._memory)

    cdef int receive(self) except -1:
        cdef int count
        if self._alone:
            count = recvmmsg(self._fd, self._received, MESSAGES, MSG_WAITFORONE, NULL)
        else:
            with nogil:
                count = recvmmsg(self._fd, self._received, MESSAGES, MSG_WAITFORONE, NULL)
        if count >= 0:
            return count
        if errno != EINTR and errno != EAGAIN:
            PyErr_SetFromErrno(OSError)
        PyErr_CheckSignals()
        return 0

    cdef inline Packet message(self, int number) noexcept:
        return self._memory + <size_t> number * MESSAGE_BYTES

    cdef inline int size(self, int number) noexcept:
        return self._received[number].msg_len

    cdef inline void answer(self, int number, int start, int size) noexcept:
        self._answers[self._answered].iov_base = self.message(number) + start
        self._answers[self._answered].iov_len = size + 3 & ~3  # messages begin at multiples of 4
        self._answered += 1

    cdef int send(self) except -1:
        cdef int first = 0, last
        cdef size_t size
        while first < self._answered:
            size, last = 0, first
            while last < self._answered and size < SEND_BYTES:
                size += self._answers[last].iov_len
                last += 1
            self._send(first, last)
            first = last
        self._answered = 0
        return 0

    cdef int _send(self, int first, int last) except -1:
        """Send some; one by one if the kernel has no memory for all of them in one piece."""
        cdef msghdr together
        memset(&together, 0, sizeof(together))
        together.msg_iov = &self._answers[first]
        together.msg_iovlen = last - first
        while sendmsg(self._fd, &together, 0) < 0:
            if errno == EINTR:
                PyErr_CheckSignals()
            elif last - first == 1:
                PyErr_SetFromErrno(OSError)
            else:
                for number in range(first, last):
                    self._send(number, number + 1)
                return 0
        return 0


include "packet/checksum.py"
include "packet/ipv4.py"
include "packet/transport.py"
include "packet/unfinished.py"
include "nat/layout.py"
include "nat/policy_view.py"
include "nat/view.py"
include "nat/flows.py"
include "nat/admission.py"
include "nat/policer.py"
include "nat/checks.py"
include "nat/rewrite.py"
include "nat/translate.py"
include "nat/tally.py"
include "engine/message.py"
include "engine/judge.py"
include "engine/lookout.py"
include "engine/batch.py"
include "engine/gate.py"
