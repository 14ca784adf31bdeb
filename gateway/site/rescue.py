"""A log that was removed while control has it open is put back.

The file lives as long as a process has it open. The process is stopped, so that nothing is written
meanwhile, and killed when all is copied: what is there then is what a kill leaves, which SQLite
mends.
"""

import os
import shutil
import signal
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from gateway.runtime.files import fresh_beside
from gateway.site.holders import Holder, is_held


def put_back(lost: Collection[Holder], state: Path) -> list[Path]:
    """Put back the databases in `state` that these processes hold; returns which. The holders end.

    What has another file in its place by now is left as it is. Raises `OSError`.
    """
    wanted = [one for one in lost if one.file.parent == state and not one.file.exists()]
    for pid in {one.pid for one in wanted}:
        with suppress(ProcessLookupError):
            _put_back(pid, [one for one in wanted if one.pid == pid])
    return [one.file for one in wanted if one.file.exists()]


def _put_back(pid: int, held: Collection[Holder]) -> None:
    handle = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(handle, signal.SIGSTOP)
        for one in held:
            if is_held(one) and not one.file.name.endswith("-shm"):  # made anew from the others
                one.file.parent.mkdir(parents=True, exist_ok=True)
                fresh = fresh_beside(one.file)
                shutil.copyfile(f"/proc/{pid}/fd/{one.descriptor}", fresh)
                fresh.replace(one.file)
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGCONT)
        os.close(handle)
