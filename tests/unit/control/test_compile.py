"""The table that a state stands for."""

from ipaddress import IPv4Address

import pytest
from support.snapshot import expected_mappings
from support.story import Story

from gateway.control import commands as cmd
from gateway.control.compile import Compiler, compile_table
from gateway.control.state import State, touches
from gateway.control.values import InstanceState
from gateway.nat.table import BadTableError, Draft, Mapping


def pairs(state: State) -> dict[str, str]:
    """Public to private, dotted."""
    return {
        str(IPv4Address(mapping.public)): str(IPv4Address(mapping.private))
        for mapping in compile_table(state).mappings
    }


def mapping_at(state: State, public: int) -> Mapping:
    """The mapping of a public address."""
    (found,) = (mapping for mapping in compile_table(state).mappings if mapping.public == public)
    return found


@pytest.mark.parametrize("state", list(InstanceState), ids=lambda state: state.value)
def test_only_a_running_instance_is_mapped(state: InstanceState) -> None:
    story = Story()
    instance_id = story.instance_in(state)
    instance = story.instance(instance_id)
    running = state is InstanceState.RUNNING
    public = story.public(instance_id)
    assert pairs(story.state) == ({public: instance.private_ip} if running else {})


def test_an_instance_without_a_public_address_is_not_mapped() -> None:
    story = Story()
    story.run(bandwidth_mbps=0)
    assert compile_table(story.state).mappings == ()


def test_an_eip_stands_for_its_instance_instead_of_the_ordinary_ip() -> None:
    story = Story()
    instance_id = story.run()
    eip_id = story.bound(instance_id)
    instance = story.instance(instance_id)
    assert pairs(story.state) == {story.eip(eip_id).address: instance.private_ip}


def test_an_unbound_eip_is_not_mapped() -> None:
    story = Story()
    story.allocate()
    assert compile_table(story.state).mappings == ()


def test_a_mapping_has_the_slot_of_its_public_address() -> None:
    story = Story(pool="203.0.113.16/28")
    story.allocate()
    story.run()
    table = compile_table(story.state)
    assert [mapping.slot for mapping in table.mappings] == [1]
    assert table.slots == story.state.slots.capacity


def test_an_eips_slot_goes_with_it_to_another_instance() -> None:
    story = Story()
    old, new = story.run(), story.run()
    eip_id = story.bound(old)
    address = int(IPv4Address(story.eip(eip_id).address))
    before = mapping_at(story.state, address)
    story.do(cmd.BindEip(eip_id, new))
    after = mapping_at(story.state, address)
    assert after.slot == before.slot
    assert after.private != before.private


@pytest.mark.parametrize(
    ("bought_mbps", "out_kbps", "in_kbps"),
    [
        pytest.param(1, 1_000, 10_000, id="less-than-the-inbound-minimum"),
        pytest.param(9, 9_000, 10_000, id="just-below"),
        pytest.param(10, 10_000, 10_000, id="the-minimum"),
        pytest.param(11, 11_000, 11_000, id="just-above"),
        pytest.param(100, 100_000, 100_000, id="more"),
    ],
)
def test_out_is_capped_at_what_was_bought_and_in_at_10_mbps_or_that(
    bought_mbps: int, out_kbps: int, in_kbps: int
) -> None:
    story = Story()
    story.run(bandwidth_mbps=bought_mbps)
    (mapping,) = compile_table(story.state).mappings
    assert (mapping.out_kbps, mapping.in_kbps, mapping.package) == (out_kbps, in_kbps, 0)


def test_an_eips_cap_is_its_own_and_not_its_instances() -> None:
    story = Story()
    eip_id = story.bound(story.run(bandwidth_mbps=50))
    assert story.eip(eip_id).bandwidth_mbps == 5
    (mapping,) = compile_table(story.state).mappings
    assert (mapping.out_kbps, mapping.in_kbps) == (5_000, 10_000)


def test_an_eip_of_an_instance_without_bandwidth_is_capped_too() -> None:
    story = Story()
    story.bound(story.run(bandwidth_mbps=0))
    (mapping,) = compile_table(story.state).mappings
    assert (mapping.out_kbps, mapping.in_kbps) == (5_000, 10_000)


def test_the_generation_is_the_sequence() -> None:
    story = Story()
    for _ in range(3):
        story.run()
        assert compile_table(story.state).generation == story.state.sequence
    assert story.state.sequence == len(story.history)


def test_equal_states_give_equal_bytes() -> None:
    encoded = []
    for _ in range(2):
        story = Story()
        story.bound(story.run())
        story.run()
        encoded.append(compile_table(story.state).memory)
    assert encoded[0] == encoded[1]


def test_many_instances_are_mapped_one_to_one() -> None:
    story = Story(pool="203.0.113.0/26")
    for n in range(20):
        instance_id = story.run()
        if n % 3 == 0:
            story.bound(instance_id)
        if n % 5 == 0:
            story.stop(instance_id)
    found = pairs(story.state)
    assert found == expected_mappings(story.state)
    assert len(set(found.values())) == len(found) == 16


class Puts:
    """What is put into drafts; one put can be made to fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.private: list[str] = []
        self.fails_at = -1
        really_put = Draft.put

        def put(draft: Draft, mapping: Mapping) -> None:
            self.private.append(str(IPv4Address(mapping.private)))
            if len(self.private) - 1 == self.fails_at:
                raise BadTableError("as planned")
            really_put(draft, mapping)

        monkeypatch.setattr(Draft, "put", put)


@pytest.fixture
def puts(monkeypatch: pytest.MonkeyPatch) -> Puts:
    """Nothing was put anywhere yet."""
    return Puts(monkeypatch)


def test_only_what_was_touched_is_compiled_again(puts: Puts) -> None:
    story = Story()
    first, _, third = story.run(), story.run(), story.run()
    compiler = Compiler()
    compiler.compile(story.state)
    puts.private.clear()
    story.bound(first)
    story.stop(third)
    table = compiler.compile(story.state)
    assert puts.private == [story.instance(first).private_ip]
    assert table == compile_table(story.state)


def test_more_slots_make_nothing_be_compiled_again(puts: Puts) -> None:
    story, compiler = Story(pool="203.0.113.0/24"), Compiler()
    for _ in range(64):
        story.run()
    assert compiler.compile(story.state).slots == 64
    puts.private.clear()
    last = story.run()
    table = compiler.compile(story.state)
    assert puts.private == [story.instance(last).private_ip]
    assert table.slots == 128
    assert table == compile_table(story.state)


@pytest.mark.parametrize("there_and_back", [False, True])
def test_addresses_may_change_hands_all_at_once(there_and_back: bool) -> None:
    story = Story(pool="203.0.113.0/29", quarantine_s=0)
    first, second = story.run(), story.run()
    moved, other = story.bound(first), story.bound(second)
    compiler = Compiler()
    compiler.compile(story.state)
    story.do(cmd.UnbindEip(other))
    story.do(cmd.BindEip(moved, second))
    story.do(cmd.BindEip(other, first))
    if there_and_back:
        story.do(cmd.UnbindEip(moved))
        story.do(cmd.BindEip(other, second))
        story.do(cmd.BindEip(moved, first))
    assert compiler.compile(story.state) == compile_table(story.state)


def test_an_instance_that_is_gone_is_not_mapped_any_more() -> None:
    story = Story()
    gone, stays = story.run(), story.run()
    compiler = Compiler()
    compiler.compile(story.state)
    story.terminate(gone)
    assert len(compiler.compile(story.state).mappings) == 1
    story.run()
    assert len(compiler.compile(story.state).mappings) == 2
    assert story.instance(stays)


def test_without_an_event_nothing_is_compiled_again(puts: Puts) -> None:
    story = Story()
    story.run()
    compiler = Compiler()
    before = compiler.compile(story.state)
    puts.private.clear()
    assert compiler.compile(story.state) == before
    assert puts.private == []


def test_a_table_stays_as_it_is_when_the_next_one_is_compiled() -> None:
    story = Story()
    story.run()
    compiler = Compiler()
    before = compiler.compile(story.state)
    content = bytes(before.memory)
    story.run()
    compiler.compile(story.state)
    assert bytes(before.memory) == content


def test_what_is_too_long_ago_is_compiled_from_nothing(
    puts: Puts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(touches, "TOUCHED_MAX", 1)
    story = Story()
    compiler = Compiler()
    ids = [story.run() for _ in range(3)]
    compiler.compile(story.state)
    puts.private.clear()
    story.stop(ids[0])
    story.stop(ids[1])
    table = compiler.compile(story.state)
    assert puts.private == [story.instance(ids[2]).private_ip]
    story.do(cmd.StartInstance(ids[0]))
    story.do(cmd.ReportDone(ids[0]))
    assert [compiler.compile(story.state), table.generation] == [
        compile_table(story.state),
        story.state.sequence - 2,
    ]


@pytest.mark.parametrize("nth", range(2))
def test_a_failure_halfway_leaves_nothing_half_changed(puts: Puts, nth: int) -> None:
    story = Story()
    first, second, third = story.run(), story.run(), story.run()
    compiler = Compiler()
    compiler.compile(story.state)
    story.bound(first)
    story.bound(second)
    puts.fails_at = len(puts.private) + nth
    with pytest.raises(BadTableError, match="as planned"):
        compiler.compile(story.state)
    puts.private.clear()
    puts.fails_at = -1
    again = compiler.compile(story.state)
    assert story.instance(third).private_ip in puts.private, "from nothing"
    assert again == compile_table(story.state)
