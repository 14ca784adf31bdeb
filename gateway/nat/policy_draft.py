"""The half of a draft that security groups are in: groups, sets of remotes, members."""

from collections.abc import Callable
from operator import gt

from gateway.nat.fault import BadTableError
from gateway.nat.image import Image
from gateway.nat.layout import MEMBER_BIT
from gateway.nat.policy import Group, Member, RemoteSet
from gateway.nat.policy_checks import fault_of_group, fault_of_member, fault_of_remotes
from gateway.nat.shape import ROOMS_MAX, Rooms, Shape


class PolicyDraft:
    """A table in the making, as far as it knows of security groups."""

    _image: Image

    def _reshape(self, shape: Shape) -> None:
        """Go on with an image of another shape."""
        self._image = Image(shape, self._image)

    def set_group(self, group: Group) -> None:
        """Add a group, or give it other rules. Raises `BadTableError`; nothing changed then.

        The sets of remotes that its rules name must be there.
        """
        _refuse(fault_of_group(group, self._image.policies))
        self._fit(lambda: self._image.policies.put_group(group))

    def remove_group(self, number: int) -> None:
        """Take a group away, if it is there. Raises `BadTableError` if it has members."""
        policies = self._image.policies
        _refuse("a group that is taken away has members" if policies.groups_used[number] else "")
        if number in policies.groups:
            policies.remove_group(number)

    def set_remotes(self, remotes: RemoteSet) -> None:
        """Add a set of remotes, or give it other ranges. Raises as `set_group` does."""
        _refuse(fault_of_remotes(remotes))
        self._fit(lambda: self._image.policies.put_remotes(remotes))

    def remove_remotes(self, number: int) -> None:
        """Take a set of remotes away, if it is there. Raises `BadTableError` if a rule names it."""
        policies = self._image.policies
        _refuse("a set of remotes is named by a rule" if policies.remotes_used[number] else "")
        if number in policies.remotes:
            policies.remove_remotes(number)

    def set_member(self, member: Member) -> None:
        """Have an instance filtered, by these groups, which are there. Raises as `set_group`."""
        _refuse(fault_of_member(member, self._image.policies))
        self._fit(lambda: self._image.policies.put_member(member))
        self._image.mark_member(member.private, MEMBER_BIT)

    def remove_member(self, private: int) -> None:
        """Filter the instance no longer, if it was filtered."""
        if private in self._image.policies.members:
            self._image.policies.remove_member(private)
            self._image.mark_member(private, 0)

    def _fit(self, put: Callable[[], Rooms | None]) -> None:
        """Put what is sound, in as much more room as it wants. Raises `BadTableError`."""
        while rooms := put():
            if any(map(gt, rooms, ROOMS_MAX)):
                raise BadTableError("the table has no more room for security groups")
            self._reshape(self._image.shape._replace(rooms=rooms))


def _refuse(fault: str) -> None:
    if fault:
        raise BadTableError(fault)
