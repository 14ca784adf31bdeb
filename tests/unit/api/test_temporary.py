"""Temporary credentials: derived, checked, outlived and taken away."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.world import World

from gateway.api.credentials import CredentialsError
from gateway.api.errors import ApiError
from gateway.api.temporary import (
    PERIOD_S,
    SECRET_LENGTH,
    RoleKeys,
    TemporaryCredentials,
    is_temporary,
    kept_secret,
)
from gateway.control import commands as cmd
from gateway.control.values import RoleCredentials

BEGIN = 1_700_000_000 // PERIOD_S * PERIOD_S
REFRESH_S = 300  # before they expire the SDK asks for others


class Issuer:
    """Those of a world's instances, with a clock of the test's."""

    def __init__(self, world: World, secret: bytes = bytes(SECRET_LENGTH)) -> None:
        self.world = world
        self.now = float(BEGIN)
        self.keys = RoleKeys(secret, lambda: self.now)
        self.kept = TemporaryCredentials(self.keys, world.control)

    def with_role(self, role: str = "reader") -> str:
        instance_id = self.world.run()
        self.give(instance_id, role)
        return instance_id

    def give(self, instance_id: str, role: str) -> None:
        self.world.now += 1
        self.world.execute(cmd.ChangeInstancesAttributes((instance_id,), role=role))

    def of(self, instance_id: str) -> RoleCredentials:
        return self.keys.of(self.world.instance(instance_id))

    def failure(self, secret_id: str, token: str) -> str:
        with pytest.raises(ApiError) as refused:
            self.kept.holder(secret_id, token)
        assert refused.value.code == "AuthFailure.TokenFailure"
        return refused.value.message


@pytest.fixture
def issuer(world: World) -> Issuer:
    return Issuer(world)


def test_id_and_token_lead_back_to_the_instance_and_its_key(issuer: Issuer) -> None:
    instance_id = issuer.with_role()
    made = issuer.of(instance_id)
    holder = issuer.kept.holder(made.secret_id, made.token)
    assert (holder.instance_id, holder.secret_key) == (instance_id, made.secret_key)
    assert is_temporary(made.secret_id)
    assert len({made.secret_id, made.secret_key, made.token}) == 3


def test_no_key_or_token_is_in_a_repr(issuer: Issuer) -> None:
    made = issuer.of(issuer.with_role())
    shown = repr(made) + repr(issuer.kept.holder(made.secret_id, made.token))
    assert made.secret_key not in shown
    assert made.token not in shown


def test_they_stay_for_a_period_and_are_renewed_long_before_they_expire(issuer: Issuer) -> None:
    instance_id = issuer.with_role()
    first = issuer.of(instance_id)
    issuer.now = BEGIN + PERIOD_S - 0.001
    assert issuer.of(instance_id) == first
    issuer.now = BEGIN + PERIOD_S
    second = issuer.of(instance_id)
    assert second.secret_id != first.secret_id
    assert issuer.kept.holder(first.secret_id, first.token).secret_key == first.secret_key


def test_they_expire(issuer: Issuer) -> None:
    made = issuer.of(issuer.with_role())
    issuer.now = made.expires_at - 0.001
    assert issuer.kept.holder(made.secret_id, made.token)
    issuer.now = made.expires_at
    assert "expired" in issuer.failure(made.secret_id, made.token)


@given(st.floats(0, 10**7))
def test_whoever_asks_has_more_time_than_the_sdk_wants(seconds: float) -> None:
    world = World()
    issuer = Issuer(world)
    instance_id = issuer.with_role()
    issuer.now = BEGIN + seconds
    left = issuer.of(instance_id).expires_at - issuer.now
    assert REFRESH_S < PERIOD_S <= left <= 2 * PERIOD_S
    world.close()


def test_control_that_was_restarted_takes_them(issuer: Issuer) -> None:
    made = issuer.of(issuer.with_role())
    issuer.world.restart()
    again = Issuer(issuer.world)
    assert again.kept.holder(made.secret_id, made.token).secret_key == made.secret_key


def test_another_secret_makes_other_ones(issuer: Issuer) -> None:
    instance_id = issuer.with_role()
    made = issuer.of(instance_id)
    other = Issuer(issuer.world, b"\1" * SECRET_LENGTH)
    assert other.of(instance_id).secret_key != made.secret_key
    other.failure(made.secret_id, made.token)


@pytest.mark.parametrize("role", ["", "writer"])
def test_without_its_role_an_instance_has_none(issuer: Issuer, role: str) -> None:
    instance_id = issuer.with_role()
    made = issuer.of(instance_id)
    issuer.give(instance_id, role)
    issuer.failure(made.secret_id, made.token)
    issuer.give(instance_id, "reader")
    issuer.failure(made.secret_id, made.token)  # it is another time that it has the role
    again = issuer.of(instance_id)
    assert issuer.kept.holder(again.secret_id, again.token)


def test_who_is_gone_has_none(issuer: Issuer) -> None:
    instance_id = issuer.with_role()
    made = issuer.of(instance_id)
    issuer.world.execute(cmd.TerminateInstance(instance_id))
    assert "gone" in issuer.failure(made.secret_id, made.token)


def test_id_and_token_must_be_of_one_set(issuer: Issuer) -> None:
    mine, theirs = issuer.of(issuer.with_role()), issuer.of(issuer.with_role())
    issuer.failure(mine.secret_id, theirs.token)
    issuer.failure(mine.secret_id, "")
    issuer.failure("AKIDnobody", mine.token)
    later = mine.token.replace(str(mine.expires_at), str(mine.expires_at + PERIOD_S))
    issuer.failure(mine.secret_id, later)
    theirs_as_mine = ".".join([mine.token.split(".")[0], *theirs.token.split(".")[1:]])
    issuer.failure(mine.secret_id, theirs_as_mine)


@pytest.mark.parametrize("change", [0, 5, 13, 20, 40, -1])
def test_a_token_with_another_letter_is_none(issuer: Issuer, change: int) -> None:
    made = issuer.of(issuer.with_role())
    letters = list(made.token)
    letters[change] = "0" if letters[change] != "0" else "1"
    issuer.failure(made.secret_id, "".join(letters))


@given(st.text() | st.from_regex(r"ins-[0-9a-z]{8}\.[0-9]{1,12}\.[\w-]{43}"))
def test_no_text_is_a_token_nor_raises_anything_else(text: str) -> None:
    world = World()
    issuer = Issuer(world)
    issuer.failure(issuer.of(issuer.with_role()).secret_id, text)
    world.close()


def test_the_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "roles.key"
    first = kept_secret(path)
    assert len(first) == SECRET_LENGTH
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_secret(path) == first
    assert kept_secret(tmp_path / "other") != first


@pytest.mark.parametrize("content", ["", "00", "no hex", "00" * 33])
def test_a_damaged_secret_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "roles.key"
    path.write_text(content)
    with pytest.raises(CredentialsError, match=r"roles\.key is damaged"):
        kept_secret(path)
