"""The first boot of an instance: user data that is a script runs once, as cloud-init would run it.

A script begins with `#!`. It lies at `/var/lib/cloud/instance/scripts/part-001`, and its output
goes to `/var/log/cloud-init-output.log`, which `tgw instance log` shows. Both are files of the
instance's, so their size is bounded as that of all it writes.

Control starts this module as a program, `python -m gateway.lab.first_boot LAB ID`, with the script
as standard input, and goes on.
"""

import base64
import http
import http.client
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.control.values import Instance
from gateway.lab import inside
from gateway.lab.hosts import Hosts
from gateway.net import namespace
from gateway.net.machine import ENVIRONMENT
from gateway.runtime.waiting import looks
from gateway.site.places import Places
from gateway.site.site import METADATA_ADDRESS

OUTPUT: Final = "/var/log/cloud-init-output.log"
SCRIPT: Final = "/var/lib/cloud/instance/scripts/part-001"
SHEBANG: Final = b"#!"
PUBLIC: Final = "--public"  # the script is to find its public address in force
PUBLIC_WITHIN_S: Final = 30.0
ANSWER_WITHIN_S: Final = 2.0
# The shell ends at once, and the script is the first process's child then.
BOOT: Final = f"""\
umask 077
mkdir -p {Path(SCRIPT).parent} && cat >{SCRIPT} && chmod 700 {SCRIPT} || exit 1
umask 022
(setsid {SCRIPT}; echo "tgw: the script ended with status $?") >{OUTPUT} 2>&1 </dev/null &
"""
SHOW: Final = (
    "sh",
    "-c",
    f"cat {OUTPUT} 2>/dev/null || {{ echo 'tgw: no user data ran in it' >&2; exit 1; }}",
)


def expect(lab: str, instance: Instance) -> None:
    """Note that the instance's machine is new: it has its first boot before it."""
    _noted(lab, instance.instance_id).touch()


def begin(lab: str, instance: Instance) -> None:
    """Start what runs the instance's script, if it has one and this is its first boot."""
    noted = _noted(lab, instance.instance_id)
    if not noted.exists():
        return
    noted.unlink()
    script = base64.b64decode(instance.purchase.attributes.user_data)
    if not script.startswith(SHEBANG):
        return
    public = [PUBLIC] if instance.ordinary or instance.eip_id else []
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", __name__, lab, instance.instance_id, *public],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as given:
        given.write(script)  # at most 16 kB: a pipe has room for more


def main(lab: str, host: str, *options: str) -> int:
    """Run standard input in the instance, as soon as its public address is in force."""
    if PUBLIC in options:
        _wait_until_public(Hosts(lab).namespace(host))
    return inside.run(
        lab, host, ["sh", "-c", BOOT], ENVIRONMENT | {"HOME": str(Path("~root").expanduser())}
    )


def _noted(lab: str, host: str) -> Path:
    return Places(lab).run / "machines" / f"{host}.new"


def _wait_until_public(name: str) -> None:
    """Wait until the metadata has a public address: packets follow it then."""
    for _ in looks(PUBLIC_WITHIN_S, 0.02, growth=1.5, every_max_s=0.5):
        with suppress(OSError, http.client.HTTPException), namespace.inside(name):
            asked = http.client.HTTPConnection(METADATA_ADDRESS, timeout=ANSWER_WITHIN_S)
            asked.request("GET", "/latest/meta-data/public-ipv4")
            if asked.getresponse().status == http.HTTPStatus.OK:
                return


if __name__ == "__main__":
    sys.exit(min(main(*sys.argv[1:]), 1))
