"""The commands of `tgw`: the module that declares each, and its line in the help.

The table is all that the help, the version and a misspelt command need: no module of a command is
imported for them.
"""

from typing import Final, NamedTuple


class Declared(NamedTuple):
    """A command: its module in this package, and what it does."""

    module: str
    line: str


COMMANDS: Final = {
    "lab": Declared("lab", "Build, look at and remove a lab"),
    "instance": Declared("instance", "Run, look at and end instances"),
    "eip": Declared("eip", "Allocate, bind, unbind and release elastic public IPs"),
    "package": Declared("package", "Share bandwidth between public addresses"),
    "group": Declared("group", "Say which packets reach instances, and leave them"),
    "block": Declared(
        "block",
        "Let nothing pass to or from a public address for a time; alone, list what is blocked",
    ),
    "unblock": Declared("block", "Open a blocked public address"),
    "account": Declared("account", "Show or change the account"),
    "credentials": Declared(
        "credentials",
        "SecretId, SecretKey and endpoint of the lab's API, as lines for a shell to eval",
    ),
    "exec": Declared("hosts", "Run a command in a host of the lab"),
    "shell": Declared("hosts", "Open a shell in a host of the lab"),
    "table": Declared("show", "The mapping table in force"),
    "counters": Declared("show", "Packets and bytes, by address and by reason"),
    "events": Declared("show", "What happened, oldest first"),
    "trace": Declared("trace", "Each packet before and after the rules, and why, live"),
    "replay": Declared("replay", "A capture through the rules: no lab, no root"),
    "doctor": Declared("doctor", "What this machine offers, and what to install"),
    "demo": Declared("demo", "Watch a public IP that the instance never sees"),
    "backup": Declared("backup", "Copy the event log, also while control works"),
    "restore": Declared("backup", "Make a copy the event log of a lab that is down"),
    "fastpath": Declared("fastpath", "Have the kernel carry what is plain, or all by the workers"),
    "dataplane": Declared("processes", "Be the lab's data plane, or restart it"),
    "control": Declared("processes", "Be the lab's control: API and mapping table"),
    "metadata": Declared("processes", "Be what instances reach: metadata, and the way to the API"),
    "api": Declared("processes", "Be what takes signed calls, and passes them to control"),
    "web": Declared("processes", "Be the internet's 'what is my address' server"),
    "watchdog": Declared("processes", "Be the lab's watchdog: start again what has fallen"),
    "bill": Declared("bill", "Hours and bytes to pay for, by address and holder"),
    "completion": Declared(
        "completion", "A script for a shell to complete commands: 'source <(tgw completion bash)'"
    ),
}
