"""Groups, sets of remotes and members, as Hypothesis draws them: few numbers, so that they meet."""

from hypothesis import strategies as st

from gateway.nat.policy import ANY_PROTOCOL, Group, Member, RemoteSet, Rule

PORTS = st.lists(st.sampled_from([0, 1, 22, 80, 443, 65535]), min_size=2, max_size=2).map(sorted)
ADDRESS = st.one_of(
    st.integers(0x0A000000, 0x0A000007), st.integers(0xC6336408, 0xC633640C), st.just(0xFFFFFFFF)
)


def _ranges(ends: set[int]) -> tuple[tuple[int, int], ...]:
    ordered = sorted(ends)[: len(ends) // 2 * 2]
    return tuple(zip(ordered[::2], ordered[1::2], strict=True))


def rules(remotes: st.SearchStrategy[int]) -> st.SearchStrategy[Rule]:
    """One rule, which names one of these sets of remotes."""
    return st.builds(
        lambda admits, protocol, ports, remotes, index: Rule(
            admits, protocol, ports[0], ports[1], remotes, index
        ),
        st.booleans(),
        st.sampled_from([1, 6, 17, 47, ANY_PROTOCOL]),
        PORTS,
        remotes,
        st.integers(0, 3),
    )


def groups(
    numbers: st.SearchStrategy[int], remotes: st.SearchStrategy[int], size: int = 12
) -> st.SearchStrategy[Group]:
    """One group, with at most `size` rules in each direction."""
    listed = st.lists(rules(remotes), max_size=size).map(tuple)
    return st.builds(Group, numbers, listed, listed)


def remote_sets(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[RemoteSet]:
    """One set of remotes."""
    return st.builds(RemoteSet, numbers, st.sets(ADDRESS, max_size=8).map(_ranges))


def members(
    privates: st.SearchStrategy[int], numbers: st.SearchStrategy[int]
) -> st.SearchStrategy[Member]:
    """One member, in one to five groups."""
    listed = st.lists(numbers, min_size=1, max_size=5, unique=True).map(tuple)
    return st.builds(Member, privates, listed)
