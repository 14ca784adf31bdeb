"""The actions on places: one region with one zone."""

from typing import Final

from gateway.api.action import Action, Answer, Context, action
from gateway.api.language import Words
from gateway.api.services import CVM
from gateway.control.place import REGION, ZONE

_REGION_NAME: Final = Words("South China (Guangzhou)", "华南地区(广州)")
_ZONE_NAME: Final = Words("Guangzhou Zone 3", "广州三区")


@action(CVM, regional=False)
class DescribeRegions(Action):
    """List the one region here; all instances and addresses are in it."""

    def run(self, context: Context) -> Answer:
        region = {
            "Region": REGION,
            "RegionName": _REGION_NAME.by(context.language),
            "RegionState": "AVAILABLE",
        }
        return {"TotalCount": 1, "RegionSet": [region]}


@action(CVM)
class DescribeZones(Action):
    """List the one zone here; all instances are in it."""

    def run(self, context: Context) -> Answer:
        zone = {
            "Zone": ZONE,
            "ZoneName": _ZONE_NAME.by(context.language),
            "ZoneId": "100003",
            "ZoneState": "AVAILABLE",
        }
        return {"TotalCount": 1, "ZoneSet": [zone]}
