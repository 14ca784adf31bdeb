"""Chinese for those who ask for it, by either signature; English for all others."""

import pytest
from support.api import context
from support.world import World

from gateway.api import registry
from gateway.api.action import Context
from gateway.api.codes import EVERYWHERE
from gateway.api.errors import ApiError
from gateway.api.language import Language, language, meaning, spoken
from gateway.api.registry import ACTIONS

CODES = EVERYWHERE.keys() | {code for one in ACTIONS.values() for code in one.declared.codes}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (None, "ENGLISH"),
        ("", "ENGLISH"),
        ("en-US", "ENGLISH"),
        ("zh-CN", "CHINESE"),
        ("zh-cn", "ENGLISH"),
        ("fr-FR", "ENGLISH"),
    ],
)
def test_english_unless_chinese_is_asked_for(asked: str | None, wanted: str) -> None:
    assert language(asked).name == wanted


@pytest.fixture
def chinese(world: World) -> Context:
    """What the actions of somebody who reads Chinese work on."""
    found = context(world)
    object.__setattr__(found, "language", Language.CHINESE)
    return found


@pytest.mark.parametrize(
    ("action", "where", "name", "english", "chinese_name"),
    [
        ("DescribeZones", "ZoneSet", "ZoneName", "Guangzhou Zone 3", "广州三区"),
        ("DescribeRegions", "RegionSet", "RegionName", "South China (Guangzhou)", "华南地区(广州)"),
        (
            "DescribeInternetChargeTypeConfigs",
            "InternetChargeTypeConfigSet",
            "Description",
            "by bandwidth, in advance",
            "按带宽包年包月计费",
        ),
        (
            "DescribeZoneInstanceConfigInfos",
            "InstanceTypeQuotaSet",
            "TypeName",
            "Standard S2",
            "标准型S2",
        ),
    ],
)
def test_names_are_in_the_language(
    world: World,
    chinese: Context,
    action: str,
    where: str,
    name: str,
    english: str,
    chinese_name: str,
) -> None:
    assert registry.call(context(world), action, {})[where][0][name] == english
    assert registry.call(chinese, action, {})[where][0][name] == chinese_name


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_a_meaning_in_chinese(code: str) -> None:
    assert not meaning(code.removesuffix("*")).isascii()


def test_a_refusal_in_chinese_has_the_particulars_too() -> None:
    with pytest.raises(ApiError) as refused, spoken("zh-CN"):
        raise ApiError("InvalidInstanceId.NotFound", "no instance 'ins-x'")
    assert refused.value.code == "InvalidInstanceId.NotFound"
    assert refused.value.message == "实例不存在: no instance 'ins-x'"
    with pytest.raises(ApiError) as refused, spoken("en-US"):
        raise ApiError("InvalidInstanceId.NotFound", "no instance 'ins-x'")
    assert refused.value.message == "no instance 'ins-x'"
