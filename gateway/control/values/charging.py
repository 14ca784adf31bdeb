"""How public traffic is paid for, and how much bandwidth each way permits.

The words are the cloud's (TencentCloud API 3.0).
"""

from enum import StrEnum


class ChargeType(StrEnum):
    """`InternetChargeType` of the API says how public traffic is paid for."""

    BANDWIDTH_PREPAID = "BANDWIDTH_PREPAID"
    BANDWIDTH_PREPAID_BY_MONTH = "BANDWIDTH_PREPAID_BY_MONTH"
    BANDWIDTH_POSTPAID_BY_HOUR = "BANDWIDTH_POSTPAID_BY_HOUR"
    TRAFFIC_POSTPAID_BY_HOUR = "TRAFFIC_POSTPAID_BY_HOUR"
    BANDWIDTH_PACKAGE = "BANDWIDTH_PACKAGE"


INSTANCE_BANDWIDTH_MAX_MBPS = {
    ChargeType.BANDWIDTH_PREPAID: 200,
    ChargeType.BANDWIDTH_POSTPAID_BY_HOUR: 100,
    ChargeType.TRAFFIC_POSTPAID_BY_HOUR: 100,
    ChargeType.BANDWIDTH_PACKAGE: 2000,
}
# What an address can be paid for by when no bandwidth package pays for it.
ON_ITS_OWN = (ChargeType.TRAFFIC_POSTPAID_BY_HOUR, ChargeType.BANDWIDTH_POSTPAID_BY_HOUR)
EIP_BANDWIDTH_MAX_MBPS = {
    ChargeType.BANDWIDTH_PREPAID_BY_MONTH: 200,
    ChargeType.BANDWIDTH_POSTPAID_BY_HOUR: 100,
    ChargeType.TRAFFIC_POSTPAID_BY_HOUR: 100,
    ChargeType.BANDWIDTH_PACKAGE: 2000,
}
