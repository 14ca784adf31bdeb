"""Counters of slots as those of addresses, also when a slot is used again for another address."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.metering import Gateway, gateway_in, holder

from gateway.exchange import generations
from gateway.exchange.worker_page import Traffic
from gateway.metering.attribution import by_address
from gateway.metering.values import Holder
from gateway.nat import table
from gateway.store.records import StoreError

WEB = holder(3, "ins-web")
DB = replace(holder(3, "ins-db"), address="203.0.113.14", address_id="eip-14")


def out_bytes(gateway: Gateway) -> dict[str, int]:
    return {
        address: seen.bytes_out for address, seen in by_address(gateway.run, gateway.path).items()
    }


def billed(gateway: Gateway) -> dict[str, int]:
    found = gateway.out_bytes()
    return {address: length for (_, address), length in found.items()}


def reuse(gateway: Gateway, first: Holder | None, second: Holder) -> None:
    """The slot is `first`'s, then unassigned for a while, then `second`'s."""
    gateway.hand_over({3: first})
    gateway.count(3, 100)
    gateway.count(3, 20, worker=1)
    gateway.hand_over({3: None})
    gateway.meter.sample()
    gateway.hand_over({3: second})
    gateway.count(3, 7)


def test_a_slot_that_is_used_again_counts_for_its_new_address_alone(tmp_path: Path) -> None:
    with gateway_in(tmp_path) as gateway:
        reuse(gateway, WEB, DB)
        assert out_bytes(gateway) == {DB.address: 7}
        assert billed(gateway) == {WEB.address: 120, DB.address: 7}
        gateway.count(3, 30, worker=1)
        assert out_bytes(gateway) == {DB.address: 37}


def test_an_address_that_comes_back_goes_on_from_where_it_was(tmp_path: Path) -> None:
    with gateway_in(tmp_path) as gateway:
        reuse(gateway, WEB, replace(WEB, instance_id="ins-db"))
        assert out_bytes(gateway) == {WEB.address: 127}


def test_a_slot_that_goes_from_address_to_address_in_one_step(tmp_path: Path) -> None:
    with gateway_in(tmp_path) as gateway:
        gateway.hand_over({3: WEB})
        gateway.count(3, 100)
        gateway.hand_over({3: DB}, meanwhile=lambda: gateway.count(3, 11))
        gateway.count(3, 7)
        assert out_bytes(gateway) == {DB.address: 7}
        assert billed(gateway) == {WEB.address: 111, DB.address: 7}


def test_a_meter_that_died_in_between_knows_where_the_new_address_began(tmp_path: Path) -> None:
    with gateway_in(tmp_path) as gateway:
        gateway.hand_over({3: WEB})
        gateway.count(3, 100)

        def died() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            gateway.hand_over({3: DB}, meanwhile=died)
        gateway.kill()
        gateway.start()
        gateway.count(3, 7)
        gateway.meter.sample()
        assert out_bytes(gateway) == {DB.address: 7}
        assert billed(gateway) == {WEB.address: 100, DB.address: 7}


def test_a_meter_that_died_before_the_publication_leaves_the_slot_where_it_was(
    tmp_path: Path,
) -> None:
    with gateway_in(tmp_path) as gateway:
        gateway.hand_over({3: WEB})
        gateway.count(3, 100)
        gateway.book.dies_at, gateway.book.late = gateway.book.writes + 1, True
        with pytest.raises(BaseException, match=r"^$"):
            gateway.hand_over({3: DB})
        gateway.kill()
        gateway.start()
        gateway.count(3, 7)
        gateway.meter.sample()
        assert out_bytes(gateway) == {WEB.address: 107}
        assert billed(gateway) == {WEB.address: 107}


def test_what_is_counted_late_is_of_the_address_that_had_the_slot_last(tmp_path: Path) -> None:
    with gateway_in(tmp_path) as gateway:
        reuse(gateway, WEB, DB)
        gateway.hand_over({3: None})
        gateway.count(3, 5)
        gateway.meter.sample()
        assert gateway.out_bytes()[None, DB.address] == 5
        assert out_bytes(gateway) == {DB.address: 12}


def test_pages_that_are_new_count_from_zero(tmp_path: Path) -> None:
    with gateway_in(tmp_path) as gateway:
        reuse(gateway, WEB, DB)
        gateway.begin_pages()
        gateway.kill()
        gateway.start()
        gateway.count(3, 9)
        gateway.meter.sample()
        assert out_bytes(gateway) == {DB.address: 9}


def test_without_a_book_the_published_table_tells_the_addresses(tmp_path: Path) -> None:
    with gateway_in(tmp_path) as gateway:
        gateway.count(3, 9)
        gateway.count(4, 8)
        mapping = table.Mapping(0xCB007103, 0x0A000002, 3)
        generations.publish(gateway.run, table.build(1, 16, [mapping]))
        found = by_address(gateway.run, tmp_path / "none")
        assert found == {"203.0.113.3": Traffic(0, 0, 1, 9), "slot 4": Traffic(0, 0, 1, 8)}
        assert not (tmp_path / "none").exists()


def test_a_book_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "book").write_text("no database at all, but long enough to look like one " * 20)
    with pytest.raises(StoreError, match="can't read"):
        by_address(tmp_path, tmp_path / "book")


def test_only_the_slots_that_are_asked_for_are_told(tmp_path: Path) -> None:
    with gateway_in(tmp_path) as gateway:
        gateway.hand_over({3: WEB, 5: holder(5, "ins-mail")})
        gateway.count(3, 100)
        gateway.count(5, 20)
        gateway.meter.sample()
        found = [
            list(by_address(gateway.run, gateway.path, slots))
            for slots in (range(5), range(4, 6), range(6, 9), range(10**30, 10**31))
        ]
        assert found == [["203.0.113.3"], ["203.0.113.5"], [], []]


def test_an_address_that_comes_back_with_another_slot_has_no_counts_of_the_former(
    tmp_path: Path,
) -> None:
    with gateway_in(tmp_path) as gateway:
        gateway.hand_over({3: WEB})
        gateway.count(3, 100)
        gateway.hand_over({3: None})
        gateway.hand_over({1: replace(WEB, slot=1)})
        gateway.count(1, 7)
        assert out_bytes(gateway) == {WEB.address: 7}
        assert billed(gateway) == {WEB.address: 107}
