"""Tags: what new things are marked with, and how long."""

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control.decisions import tags
from gateway.control.place import SUBNET_ID, VPC_ID
from gateway.control.values import NetworkType, PackageChargeType, Tag

TOP5 = PackageChargeType.TOP5_POSTPAID_BY_MONTH
TAGS = (Tag("owner", "网络"), Tag("stage", ""))
AS_KEPT = {"owner": "网络", "stage": ""}


def making(tags: tuple[Tag, ...]) -> list[cmd.Command]:
    """Two of each kind of thing that has tags."""
    return [
        cmd.RunInstance("web", 10, HOURLY, count=2, tags=tags),
        cmd.AllocateEip("front", 5, HOURLY, count=2, tags=tags),
        cmd.CreatePackages("shared", 100, TOP5, NetworkType.BGP, count=2, tags=tags),
    ]


def test_all_that_is_made_together_has_the_tags() -> None:
    story = Story()
    for command in making(TAGS):
        story.do(command)
    things = {**story.state.instances, **story.state.eips, **story.state.packages}
    assert len(things) == 6
    assert story.state.tags == dict.fromkeys(things, AS_KEPT)


def test_tags_go_with_what_has_them() -> None:
    story = Story()
    for command in making(TAGS):
        story.do(command)
    for instance_id in list(story.state.instances):
        story.do(cmd.ReportDone(instance_id))
        story.terminate(instance_id)
    for eip_id in list(story.state.eips):
        story.do(cmd.ReleaseEip(eip_id))
    for package_id in list(story.state.packages):
        story.do(cmd.DeletePackage(package_id))
    assert story.state.tags == {}


MANY = tuple(Tag(f"key{n}", "x") for n in range(51))
REFUSED = [
    pytest.param(MANY, errors.TagQuotaError, id="too-many"),
    pytest.param((Tag("a", "1"), Tag("a", "2")), errors.DuplicateTagError, id="a-key-twice"),
    pytest.param((Tag("", "x"),), errors.TagKeyEmptyError, id="no-key"),
    pytest.param((Tag("k" * 128, "x"),), errors.TagKeyTooLongError, id="a-long-key"),
    pytest.param((Tag("a\nb", "x"),), errors.TagKeyCharactersError, id="an-odd-key"),
    pytest.param((Tag("\ud800", "x"),), errors.TagKeyCharactersError, id="half-a-character"),
    pytest.param((Tag("qcs:a", "x"),), errors.TagKeyReservedError, id="the-clouds"),
    pytest.param((Tag("a", "v" * 256),), errors.TagValueTooLongError, id="a-long-value"),
    pytest.param((Tag("a", "\0"),), errors.TagValueCharactersError, id="an-odd-value"),
]


@pytest.mark.parametrize(("tags", "error"), REFUSED)
def test_what_cant_be_a_tag_is_refused(tags: tuple[Tag, ...], error: type[Exception]) -> None:
    for command in making(tags):
        assert type(Story().refusal(command)) is error


def test_the_longest_and_the_most_are_taken() -> None:
    story = Story()
    longest = Tag("k" * 127, "v" * 255)
    for command in making((longest, *MANY[:49])):
        story.do(command)
    assert all(len(tags) == 50 for tags in story.state.tags.values())


def known(story: Story) -> dict[str, dict[str, int]]:
    """The tags of the account, and how many resources have each."""
    return {key: dict(values) for key, values in story.state.known_tags.items()}


def test_a_tag_is_the_accounts_from_when_a_resource_gets_it_until_it_is_deleted() -> None:
    story = Story()
    for command in making(TAGS):
        story.do(command)
    assert known(story) == {"owner": {"网络": 6}, "stage": {"": 6}}
    for eip_id in list(story.state.eips):
        story.do(cmd.ReleaseEip(eip_id))
    assert known(story) == {"owner": {"网络": 4}, "stage": {"": 4}}
    assert type(story.refusal(cmd.DeleteTag(TAGS[1]))) is errors.TagInUseError
    for resource_id in list(story.state.tags):
        story.do(cmd.ChangeTags(resource_id, taken=("owner", "stage", "colour")))
    assert story.state.tags == {}
    for tag in TAGS:
        story.do(cmd.DeleteTag(tag))
        assert type(story.refusal(cmd.DeleteTag(tag))) is errors.UnknownTagError
    assert known(story) == {}


def test_a_key_has_one_value_on_a_resource_the_latest() -> None:
    story = Story()
    eip_id = story.allocate()
    for value in "ab":
        story.do(cmd.ChangeTags(eip_id, given=(Tag("k", value),)))
    assert story.do(cmd.ChangeTags(eip_id, given=(Tag("k", "b"),))) == [], "it has that already"
    assert story.state.tags == {eip_id: {"k": "b"}}
    assert known(story) == {"k": {"a": 0, "b": 1}}


def test_tags_are_given_and_taken_in_one_step() -> None:
    story = Story()
    eip_id = story.allocate()
    story.do(cmd.ChangeTags(eip_id, given=MANY[:50]))
    swapped = cmd.ChangeTags(eip_id, given=MANY[50:], taken=("key0",))
    assert len(story.do(swapped)) == 2
    assert len(story.state.tags[eip_id]) == 50
    refused = story.refusal(cmd.ChangeTags(eip_id, given=MANY[:1]))
    assert type(refused) is errors.TagQuotaError


@pytest.mark.parametrize("resource_id", [VPC_ID, SUBNET_ID])
def test_the_networks_have_tags_too(resource_id: str) -> None:
    story = Story()
    story.do(cmd.ChangeTags(resource_id, given=TAGS))
    assert story.state.tags == {resource_id: AS_KEPT}


@pytest.mark.parametrize("resource_id", ["eip-nowhere0", "vpc-00000000", "", "x"])
def test_what_isnt_there_gets_no_tag(resource_id: str) -> None:
    refused = Story().refusal(cmd.ChangeTags(resource_id, given=TAGS))
    assert type(refused) is errors.UnknownResourceError


def test_a_key_is_known_as_long_as_it_has_a_value() -> None:
    story = Story()
    for value in ("a", "b"):
        story.do(cmd.CreateTag(Tag("stage", value)))
    story.do(cmd.DeleteTag(Tag("stage", "a")))
    assert story.state.known_tags == {"stage": {"b": 0}}
    story.do(cmd.DeleteTag(Tag("stage", "b")))
    assert story.state.known_tags == {}


def test_a_tag_is_created_once() -> None:
    story = Story()
    story.do(cmd.CreateTag(Tag("a", "1")))
    story.do(cmd.CreateTag(Tag("a", "")))
    assert type(story.refusal(cmd.CreateTag(Tag("a", "1")))) is errors.TagExistsError
    assert known(story) == {"a": {"1": 0, "": 0}}
    story.do(cmd.DeleteTag(Tag("a", "1")))
    assert known(story) == {"a": {"": 0}}


def test_the_tags_of_an_account_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "KEYS_MAX", 2)
    monkeypatch.setattr(tags, "VALUES_MAX", 2)
    story = Story()
    for tag in (Tag("a", "1"), Tag("a", "2"), Tag("b", "1")):
        story.do(cmd.CreateTag(tag))
    for command in (*making((Tag("c", "1"),)), cmd.CreateTag(Tag("c", "1"))):
        assert type(story.refusal(command)) is errors.TagKeyQuotaError
    for command in (*making((Tag("a", "3"),)), cmd.CreateTag(Tag("a", "3"))):
        assert type(story.refusal(command)) is errors.TagValueQuotaError
    for command in making((Tag("a", "2"), Tag("b", "2"))):
        story.do(command)
