"""The numbers of what policies name as remote: networks, groups and templates of addresses.

What several policies name has one number, the lowest that was free, and keeps it as long as one of
them names it. So each is in the table once.
"""

from bisect import insort
from collections import Counter
from collections.abc import Iterable

from gateway.control.values.groups import ANY_ADDRESS, Policy, SecurityGroup


class Remotes:
    """The number of each remote that a policy names; any address has none."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}  # by the text of a network, or an id
        self._uses: Counter[str] = Counter()
        self._free: list[int] = []  # numbers below the end that nothing has, in their order
        self._end = 1  # behind the highest number in use

    def change(self, before: Iterable[Policy], after: Iterable[Policy]) -> None:
        """Policies went and others came; what both name keeps its number."""
        for remote in _numbered(after):
            self._uses[remote] += 1
            if remote not in self.numbers:
                self.numbers[remote] = self._lowest()
        for remote in _numbered(before):
            self._uses[remote] -= 1
            if not self._uses[remote]:
                del self._uses[remote]
                insort(self._free, self.numbers.pop(remote))
        while self._free and self._free[-1] == self._end - 1:
            self._end = self._free.pop()

    def restore(self, numbers: dict[str, int], groups: Iterable[SecurityGroup]) -> None:
        """Take over the numbers of a snapshot, and count what these groups name."""
        self.numbers.update(numbers)
        for group in groups:
            self._uses.update(_numbered(group.all_policies))
        self._end = max(numbers.values(), default=0) + 1
        self._free = sorted(set(range(1, self._end)) - set(numbers.values()))

    def _lowest(self) -> int:
        if self._free:
            return self._free.pop(0)
        self._end += 1
        return self._end - 1


def _numbered(policies: Iterable[Policy]) -> list[str]:
    return [policy.remote for policy in policies if policy.remote != ANY_ADDRESS]
