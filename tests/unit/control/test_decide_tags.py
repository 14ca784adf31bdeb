"""Tags: what new things are marked with, and how long."""

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
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
    pytest.param((Tag("", "x"),), errors.InvalidTagError, id="no-key"),
    pytest.param((Tag("k" * 128, "x"),), errors.InvalidTagError, id="a-long-key"),
    pytest.param((Tag("a\nb", "x"),), errors.InvalidTagError, id="an-odd-key"),
    pytest.param((Tag("a", "v" * 256),), errors.InvalidTagError, id="a-long-value"),
    pytest.param((Tag("a", "\0"),), errors.InvalidTagError, id="an-odd-value"),
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
