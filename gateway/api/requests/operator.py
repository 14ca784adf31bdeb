"""Requests of the operator's, which the cloud doesn't have."""

from gateway.api.requests.fields import Flag, Request, Whole
from gateway.control import values


class ConfigureAccount(Request):
    """The operator's, not the cloud's: the account's settings; what isn't given stays."""

    Behaviour: values.Behaviour | None = None
    EipsMax: Whole | None = None
    ApplicationsMax: Whole | None = None


class BlockAddress(Request):
    """Let nothing pass to or from a public address for so long."""

    Address: str
    Seconds: Whole = 7200  # what the cloud blocks for ordinarily


class OpenAddress(Request):
    """End that before its time."""

    Address: str


class DescribeUsage(Request):
    """The operator's, not the cloud's: what is to be paid for, of one instance or of all."""

    InstanceId: str | None = None
    Hourly: Flag = False
