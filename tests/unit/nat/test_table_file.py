import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.nat import table_file
from gateway.nat.table import BadTableError, Mapping, Package, build, empty
from gateway.nat.table_file import TableFileError, load, parse

PAIR = {"public": "203.0.113.9", "private": "10.0.0.2"}
OTHER = {"public": "203.0.113.10", "private": "10.0.0.3"}
PUBLIC, PRIVATE = 0xCB007109, 0x0A000002

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


def spelt(*mappings: object, **rest: object) -> bytes:
    return json.dumps({"mappings": mappings, **rest}).encode()


def test_the_two_addresses_are_enough() -> None:
    assert parse(spelt(PAIR, OTHER)) == build(
        0, 2, [Mapping(PUBLIC, PRIVATE, 0), Mapping(PUBLIC + 1, PRIVATE + 1, 1)]
    )


def test_all_that_can_be_said() -> None:
    raw = spelt(
        {**PAIR, "out_mbps": 20, "in_mbps": 0.5, "package": "shared", "slot": 3},
        {**OTHER, "package": "other", "blocked": True},
        packages={"other": {"mbps": 1.5}, "shared": {"mbps": 20}},
        generation=7,
    )
    assert parse(raw) == build(
        7,
        4,
        [
            Mapping(PUBLIC, PRIVATE, 3, 20_000, 500, 2),
            Mapping(PUBLIC + 1, PRIVATE + 1, 0, 0, 0, 1, blocked=True),
        ],
        [Package(1, 1500), Package(2, 20_000)],
    )


def test_a_table_may_be_empty() -> None:
    assert parse(b'{"mappings":[]}') == empty()


@pytest.mark.parametrize(
    ("given_slots", "slots"),
    [
        pytest.param([None, None, None], [0, 1, 2], id="none"),
        pytest.param([5, 9, 1], [5, 9, 1], id="all"),
        pytest.param([None, 0, None], [1, 0, 2], id="the-lowest-is-taken-later"),
        pytest.param([1, None, None], [1, 0, 2], id="a-hole"),
        pytest.param([(1 << 20) - 1, None], [(1 << 20) - 1, 0], id="the-highest"),
    ],
)
def test_slots_that_are_not_given_are_the_lowest_free_ones(
    given_slots: list[int | None], slots: list[int]
) -> None:
    entries: list[dict[str, object]] = [
        {"public": f"203.0.113.{at}", "private": f"10.0.0.{at}"} for at in range(len(slots))
    ]
    for entry, slot in zip(entries, given_slots, strict=True):
        if slot is not None:
            entry["slot"] = slot
    table = parse(spelt(*entries))
    assert [mapping.slot for mapping in table.mappings] == slots
    assert table.slots == max(slots) + 1


@pytest.mark.parametrize(
    ("mbps", "kbps"),
    [
        pytest.param(20, 20_000, id="integer"),
        pytest.param(0.001, 1, id="least"),
        pytest.param(0.3, 300, id="no-exact-float"),
        pytest.param(1.0006, 1001, id="rounded"),
        pytest.param(4294967.295, 0xFFFFFFFF, id="most"),
    ],
)
def test_rates_are_kept_in_kbps(mbps: float, kbps: int) -> None:
    table = parse(
        spelt({**PAIR, "out_mbps": mbps, "in_mbps": mbps}, packages={"x": {"mbps": mbps}})
    )
    assert table.mappings == (Mapping(PUBLIC, PRIVATE, 0, kbps, kbps),)
    assert table.packages == (Package(1, kbps),)


def test_the_pools_networks_are_read() -> None:
    table = parse(spelt(PAIR, pools=["192.0.2.0/31", "203.0.113.0/24"]))
    assert [(pool[0], len(pool)) for pool in table.pools] == [(0xC0000200, 2), (0xCB007100, 256)]
    assert parse(spelt(PAIR)).pools == ()


REFUSED = [
    pytest.param(b"", "not JSON: ", id="empty"),
    pytest.param(b"{", "not JSON: ", id="no-json"),
    pytest.param(b"{'mappings': []}", "not JSON: ", id="python"),
    pytest.param(b'{"mappings":[]} {}', "not JSON: Extra data", id="two-documents"),
    pytest.param(b'{"mappings":["\x80"]}', "not UTF-8 at byte 14", id="not-utf-8"),
    pytest.param('{"mappings":[]}'.encode("utf-16"), "not UTF-8 at byte 0", id="utf-16"),
    pytest.param(b"[" * 100_000, "nested too deep", id="deep-lists"),
    pytest.param(b'{"mappings":' * 100_000, "nested too deep", id="deep-objects"),
    pytest.param(b"9" * 5000, "too many digits", id="huge-integer"),
    pytest.param(b"[]", "the table must be an object", id="list"),
    pytest.param(b"null", "the table must be an object", id="null"),
    pytest.param(b"{}", "the table has no 'mappings'", id="no-mappings"),
    pytest.param(b'{"mappings":[],"mappings":[]}', "'mappings' stands twice", id="key-twice"),
    pytest.param(spelt(mapping=[]), "the table has an unknown key 'mapping'", id="unknown-key"),
    pytest.param(b'{"mappings":{}}', "mappings must be a list", id="mappings-object"),
    pytest.param(b'{"mappings":null}', "mappings must be a list", id="mappings-null"),
    pytest.param(spelt(packages=[]), "packages must be an object", id="packages-list"),
    pytest.param(spelt(packages={"x": 1}), "packages['x'] must be an object", id="package-number"),
    pytest.param(spelt(packages={"x": {}}), "packages['x'] has no 'mbps'", id="package-empty"),
    pytest.param(
        spelt(packages={"x": {"mbps": 1, "n": 1}}), "packages['x'] has an unknown key 'n'",
        id="package-unknown-key",
    ),
    pytest.param(
        spelt(packages={"x": {"mbps": 0}}), "packages['x'].mbps must be from 0.001",
        id="package-zero",
    ),
    pytest.param(spelt(pools={}), "pools must be a list of at most 2", id="pools-object"),
    pytest.param(spelt(pools=["192.0.2.0/24"] * 3), "pools must be a list of at", id="pools-3"),
    pytest.param(spelt(pools=[7]), "pools[0] must be an IPv4 network in quotes", id="pool-number"),
    pytest.param(spelt(pools=["192.0.2.1/24"]), "pools[0]: '192.0.2.1/24' is no IPv4 network",
        id="pool-host-bits",
    ),
    pytest.param(spelt(generation="7"), "generation must be an integer", id="generation-text"),
    pytest.param(spelt(generation=-1), "generation must be an int", id="generation-negative"),
    pytest.param(spelt(generation=1 << 64), "generation must be an int", id="generation-huge"),
    pytest.param(spelt(generation=True), "generation must be an int", id="generation-bool"),
    pytest.param(spelt(generation=1.0), "generation must be an int", id="generation-float"),
    pytest.param(spelt(PAIR, 1), "mappings[1] must be an object", id="mapping-number"),
    pytest.param(spelt({"public": "203.0.113.9"}), "[0] has no 'private'", id="no-private"),
    pytest.param(spelt({"private": "10.0.0.2"}), "[0] has no 'public'", id="no-public"),
    pytest.param(spelt({**PAIR, "mbps": 1}), "[0] has an unknown key 'mbps'", id="unknown-cap"),
    pytest.param(
        spelt({**PAIR, "x" * 10**6: 1}), "[0] has an unknown key 'xxxx", id="very-long-key"
    ),
    pytest.param(spelt({**PAIR, "a\nb": 1}), "unknown key 'a\\nb'", id="newline-in-a-key"),
    pytest.param(spelt({**PAIR, "\ud800": 1}), "unknown key '\\ud800'", id="half-a-character"),
    pytest.param(spelt(PAIR, PAIR), "[1]: mappings[0] has the public", id="same-twice"),
    pytest.param(
        spelt(PAIR, {**OTHER, "public": PAIR["public"]}),
        "mappings[1]: mappings[0] has the public address 203.0.113.9 already",
        id="public-twice",
    ),
    pytest.param(
        spelt(PAIR, {**OTHER, "private": PAIR["private"]}),
        "mappings[1]: mappings[0] has the private address 10.0.0.2 already",
        id="private-twice",
    ),
    pytest.param(
        spelt({**PAIR, "slot": 1}, {**OTHER, "slot": 1}),
        "mappings[1]: mappings[0] has the slot 1 already",
        id="slot-twice",
    ),
    pytest.param(spelt({**PAIR, "slot": -1}), "[0].slot must be an integer", id="slot-negative"),
    pytest.param(spelt({**PAIR, "slot": 1 << 20}), "from 0 to 1048575", id="slot-too-high"),
    pytest.param(spelt({**PAIR, "slot": False}), "[0].slot must be an integer", id="slot-bool"),
    pytest.param(spelt({**PAIR, "blocked": 1}), "[0].blocked must be true", id="blocked-number"),
    pytest.param(
        spelt({**PAIR, "package": "x"}), "[0].package: there is no package 'x'",
        id="unknown-package",
    ),
    pytest.param(
        spelt({**PAIR, "package": 1}, packages={"1": {"mbps": 1}}),
        "[0].package must be the name",
        id="package-by-number",
    ),
    pytest.param(
        spelt({**PAIR, "package": ["x"]}), "[0].package must be the name", id="package-list"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "message"), REFUSED)
def test_what_is_no_table_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(TableFileError) as refused:
        parse(raw)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("side", ["public", "private"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param("", "'' is no IPv4 address", id="empty"),
        pytest.param("10.0.0", "'10.0.0' is no IPv4 address", id="three-parts"),
        pytest.param("10.0.0.256", "is no IPv4 address", id="above-255"),
        pytest.param("10.0.0.02", "is no IPv4 address", id="leading-zero"),
        pytest.param("10.0.0.2/32", "is no IPv4 address", id="prefix"),
        pytest.param(" 10.0.0.2", "is no IPv4 address", id="space"),
        pytest.param("10.0.0.٢", "is no IPv4 address", id="digit-of-another-script"),
        pytest.param("::1", "is no IPv4 address", id="ipv6"),
        pytest.param("localhost", "is no IPv4 address", id="name"),
        pytest.param("1" * 10**6, "is no IPv4 address", id="very-long"),
        pytest.param(0x0A000002, "must be an IPv4 address in quotes", id="number"),
        pytest.param(None, "must be an IPv4 address in quotes", id="null"),
        pytest.param(["10.0.0.2"], "must be an IPv4 address in quotes", id="list"),
    ],
)
def test_what_is_no_address_is_refused(side: str, value: object, message: str) -> None:
    with pytest.raises(TableFileError) as refused:
        parse(spelt({**PAIR, side: value}))
    assert str(refused.value).startswith(f"mappings[0].{side}")
    assert message in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("key", ["out_mbps", "in_mbps"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("0", "must be from 0.001 to 4294967.295", id="zero"),
        pytest.param("-1", "must be from 0.001", id="negative"),
        pytest.param("0.0009", "must be from 0.001", id="would-round-to-no-cap"),
        pytest.param("4294967.296", "must be from 0.001", id="too-high"),
        pytest.param("1e999", "must be from 0.001", id="infinite-by-size"),
        pytest.param("-1e999", "must be from 0.001", id="minus-infinite-by-size"),
        pytest.param("9" * 999, "must be from 0.001", id="no-float-is-as-large"),
        pytest.param("NaN", "NaN is no number", id="nan"),
        pytest.param("Infinity", "Infinity is no number", id="infinity"),
        pytest.param("-Infinity", "-Infinity is no number", id="minus-infinity"),
        pytest.param('"20"', "must be a number", id="text"),
        pytest.param("true", "must be a number", id="bool"),
        pytest.param("null", "must be a number", id="null"),
        pytest.param("[20]", "must be a number", id="list"),
    ],
)
def test_what_is_no_rate_is_refused(key: str, text: str, message: str) -> None:
    raw = spelt({**PAIR, key: "RATE"}).replace(b'"RATE"', text.encode())
    with pytest.raises(TableFileError, match=message):
        parse(raw)


def test_a_key_that_comes_twice_among_many_is_found_at_once() -> None:
    keys = ",".join(f'"{n}":0' for n in range(200_000))
    with pytest.raises(TableFileError, match="'199999' stands twice"):
        parse(f'{{{keys},"199999":0}}'.encode())


def test_a_clash_that_only_the_table_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BadTableError("no room")

    monkeypatch.setattr(table_file, "build", refuse)
    with pytest.raises(TableFileError, match="no room"):
        parse(spelt(PAIR))


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_bytes(spelt(PAIR))
    assert load(path) == parse(spelt(PAIR))


def test_a_file_too_large_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_file, "BYTES_MAX", 100)
    path = tmp_path / "table.json"
    path.write_bytes(spelt().ljust(100))
    assert load(path) == empty()
    path.write_bytes(spelt().ljust(101))
    with pytest.raises(TableFileError, match="more than 100 bytes"):
        load(path)


def test_an_endless_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "BYTES_MAX", 1 << 20)
    with pytest.raises(TableFileError, match="too large"):
        load(Path("/dev/zero"))


@given(st.binary(max_size=100))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    with contextlib.suppress(TableFileError):
        parse(raw)


@given(
    whole=st.fixed_dictionaries(
        {"mappings": JSON | st.lists(JSON, max_size=2)},
        optional={"packages": JSON, "pools": JSON, "generation": JSON, "slot": JSON},
    ),
    entry=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("public", "private", "out_mbps", "in_mbps", "package", "slot"),
            JSON | st.sampled_from(["10.0.0.2", "10.0.0.3", 1, ""]),
        ),
    ),
)
def test_no_json_raises_anything_else(whole: dict[str, Any], entry: dict[str, Any]) -> None:
    for mappings in (whole["mappings"], [entry], [PAIR, {**OTHER, **entry}]):
        with contextlib.suppress(TableFileError):
            parse(json.dumps({**whole, "mappings": mappings}).encode())


@given(
    pairs=st.lists(
        st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)),
        unique_by=(lambda pair: pair[0], lambda pair: pair[1]),
        max_size=9,
    )
)
def test_every_address_can_be_mapped(pairs: list[tuple[Any, Any]]) -> None:
    table = parse(spelt(*({"public": str(one), "private": str(two)} for one, two in pairs)))
    expected = [Mapping(int(one), int(two), slot) for slot, (one, two) in enumerate(pairs)]
    assert table == build(0, len(pairs), expected)
