"""Temporary credentials: what an instance with a role signs with, for some hours.

None is kept. All three parts are derived from one secret, the instance, its role and a time::

    Token                 ins-….<Unix seconds>.<mac>
    SecretId, SecretKey   other macs of the same

A request brings its token, and so all that is needed to derive the rest again and to compare it.
What was derived from an instance that is gone, or from a role that it has lost since, is no more
derived. Who has a role may do whatever the account may: there are no policies here.
"""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from math import floor
from pathlib import Path
from typing import Final

from gateway.api.credentials import ID_PREFIX, CredentialsError, alone_in, write_private
from gateway.api.errors import ApiError
from gateway.control.controller import Controller
from gateway.control.values import Instance, RoleCredentials

PERIOD_S: Final = 3600  # other ones after each; those before are good for as long again
SECRET_LENGTH: Final = 32  # bytes
_ID_PREFIX: Final = f"{ID_PREFIX}tmp-"
_TOKEN: Final = re.compile(
    r"(?P<instance>ins-[0-9a-z]{8})\.(?P<expires>[0-9]{1,12})\.[\w-]{43}", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who signed with a set, and the key to check it with."""

    instance_id: str
    role: str
    secret_key: str = field(repr=False)


def kept_secret(path: Path) -> bytes:
    """The secret in the file, which is made if it isn't there. Raises `CredentialsError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with alone_in(path.parent):
        if not path.exists():
            write_private(path, secrets.token_hex(SECRET_LENGTH))
        try:
            found = bytes.fromhex(path.read_text())
        except ValueError:
            found = b""
    if len(found) != SECRET_LENGTH:
        raise CredentialsError(f"{path} is damaged: remove it for a new secret")
    return found


def is_temporary(secret_id: str) -> bool:
    """Whether it has the form of a temporary one, which is no use without its token."""
    return secret_id.startswith(_ID_PREFIX)


class RoleKeys:
    """Derives credentials from one secret, and needs nothing else."""

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        self._secret = secret
        self.clock = clock

    def period(self) -> int:
        """The number of the present period: in the next one `of` gives other credentials."""
        return floor(self.clock() / PERIOD_S)

    def of(self, instance: Instance) -> RoleCredentials:
        """Those of an instance with a role, good for one to two periods from now."""
        return self.derived(instance, (self.period() + 2) * PERIOD_S)

    def derived(self, instance: Instance, expires_at: int) -> RoleCredentials:
        """Those of an instance with a role that expire at this time, Unix seconds."""
        # The UUID and the time tell an instance and its role from others that are called so.
        facts = (
            instance.instance_id,
            instance.uuid,
            instance.purchase.attributes.role,
            repr(instance.role_since),
            str(expires_at),
        )

        def mac(what: str) -> str:
            text = "\n".join((what, *facts))
            made = hmac.digest(self._secret, text.encode(), "sha256")
            return urlsafe_b64encode(made).rstrip(b"=").decode()

        return RoleCredentials(
            secret_id=_ID_PREFIX + mac("SecretId"),
            secret_key=mac("SecretKey"),
            token=f"{instance.instance_id}.{expires_at}.{mac('Token')}",
            expires_at=expires_at,
        )


class TemporaryCredentials:
    """The temporary credentials of the instances of one control: who has signed with which."""

    def __init__(self, keys: RoleKeys, control: Controller) -> None:
        self._keys = keys
        self._control = control

    def holder(self, secret_id: str, token: str) -> Holder:
        """Who has this id and token. Raises `ApiError`."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            raise _failure("the token is missing or malformed")
        with self._control.state() as state:
            instance = state.instances.get(found["instance"])
        if instance is None or not instance.purchase.attributes.role:
            raise _failure("the token is of an instance that is gone or has no role any more")
        derived = self._keys.derived(instance, int(found["expires"]))
        if not (_same(derived.token, token) and _same(derived.secret_id, secret_id)):
            raise _failure("the token isn't of this SecretId, or of a role that was taken away")
        if derived.expires_at <= self._keys.clock():
            raise _failure("the token has expired: the metadata service has another one")
        return Holder(instance.instance_id, instance.purchase.attributes.role, derived.secret_key)


def _same(derived: str, given: str) -> bool:
    return hmac.compare_digest(derived.encode(), given.encode())


def _failure(why: str) -> ApiError:
    return ApiError("AuthFailure.TokenFailure", why)
