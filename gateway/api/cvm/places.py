"""The actions on places: one region with one zone."""

from typing import Final

from gateway.api.action import Action, Answer, Context, action
from gateway.api.services import CVM
from gateway.control.place import REGION, ZONE

_REGION: Final = {
    "Region": REGION,
    "RegionName": "South China (Guangzhou)",
    "RegionState": "AVAILABLE",
}
_ZONE: Final = {
    "Zone": ZONE,
    "ZoneName": "Guangzhou Zone 3",
    "ZoneId": "100003",
    "ZoneState": "AVAILABLE",
}


@action(CVM, regional=False)
class DescribeRegions(Action):
    """List the one region here; all instances and addresses are in it."""

    def run(self, _: Context) -> Answer:
        return {"TotalCount": 1, "RegionSet": [_REGION]}


@action(CVM)
class DescribeZones(Action):
    """List the one zone here; all instances are in it."""

    def run(self, _: Context) -> Answer:
        return {"TotalCount": 1, "ZoneSet": [_ZONE]}
