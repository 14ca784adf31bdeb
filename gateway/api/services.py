"""The services of the API: the cloud's, and the operator's."""

from collections.abc import Mapping
from typing import Final

from gateway.api import shapes

CVM: Final = shapes.read(shapes.CVM)
VPC: Final = shapes.read(shapes.VPC)
STS: Final = shapes.read(shapes.STS)
TAG: Final = shapes.read(shapes.TAG)
MONITOR: Final = shapes.read(shapes.MONITOR)
OPERATOR: Final = shapes.read(shapes.OPERATOR)

VERSIONS: Final[Mapping[str, str]] = {
    service.name: service.version for service in (CVM, VPC, STS, TAG, MONITOR)
}
