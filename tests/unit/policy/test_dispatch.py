"""The fast way to a judgement says what the slow one says, selector by selector, for any policy and any conduct."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.attribution import Attribution
from auditor.model.incident import Infohashes
from auditor.model.infohash import Infohash
from auditor.model.moment import HOUR
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.policy import dispatch, load
from auditor.policy.history import History
from tests.unit.policy.conftest import CONDUCT, HEAD, NOON

if TYPE_CHECKING:
    import pytest

    from auditor.model.incident import Conduct
    from auditor.policy.evaluate import Policy

A, B, C = ("aa" * 20, "bb" * 20, "cc" * 20)
LISTS = (
    f"lists:\n  a: {{infohashes: {A}}}\n  b: {{infohashes: [{A}, {B}], until: 2026-11-22}}\n"
    f"  n: {{names: ['film*', '*2026'], infohashes: {{v1: {B}, name: film b}}}}\n"
)
SELECTORS = st.sampled_from(
    [
        "kind: swarm",
        "kind: [dht, encrypted]",
        "confidence: likely",
        "confidence: {at_most: suspected}",
        "participation: attempted",
        "participation: {at_least: present, at_most: connected}",
        "detectors: [bt.dht]",
        "detectors: [bt.handshake, bt.mse]",
        "lists: a",
        "lists: b",
        "lists: b, inferred: true",
        "lists: [a, b], inferred: true",
        "lists: n",
        "private: true",
        "private: false",
        "swarm_size: {at_least: 10}",
        "swarm_size: {at_most: 10}",
        "tracker: 192.0.2.*",
        "tracker: '*.example'",
        "client: ['*torrent*', transmission]",
        "direction: upload",
        "amount: {at_least: 1 MB, basis: pieces}",
        "ports: 6881-6889",
        "hours: 11:00-13:00",
        "hours: 22:00-06:00, days: [sat, sun]",
        "often: {count: 2, within: 3h}",
        "often: {count: 3, within: 1w}",
    ]
)
WHEN = st.lists(SELECTORS, max_size=3, unique_by=lambda text: text.split(":")[0]).map(
    lambda found: "{" + ", ".join(dict.fromkeys(found)) + "}"
)
GROUPS = st.sampled_from(["", "group: employees, ", "group: [guests, unknown], ", "group: staff, "])
RULES = st.tuples(
    GROUPS,
    st.sampled_from(["", "valid: {from: 2026-11-22}, ", "valid: {until: 2026-11-21}, "]),
    st.sampled_from(["", "first: {count: 1, within: 90d}, "]),
    WHEN,
    st.sampled_from(["allow", "notice", "violation"]),
)
EXCEPTIONS = st.tuples(
    GROUPS,
    st.sampled_from(["until: 2026-11-21, ", "until: 2026-11-22, ", "until: 2027-01-01, from: 2026-11-22, "]),
    st.just("owner: IT, "),
    WHEN,
    st.sampled_from(["allow", "notice"]),
)
LISTED = CONDUCT._replace(infohashes=Infohashes((Infohash.from_hex(A),), None, None, Basis.READ))
INFOHASHES = st.none() | st.builds(
    Infohashes,
    st.lists(st.sampled_from([A, B, C]).map(Infohash.from_hex), min_size=1, max_size=2, unique=True).map(tuple),
    st.none(),
    st.none(),
    st.sampled_from(Basis),
)
CONDUCTS = st.fixed_dictionaries(
    {"first": st.integers(-40, 40).map(lambda hours: NOON + hours * HOUR)},
    optional={
        "lasting": st.integers(0, 30).map(lambda hours: hours * HOUR),
        "kind": st.sampled_from(["swarm", "dht", "encrypted"]),
        "host": st.just(ip_address("10.20.0.6")),
        "ports": st.lists(st.sampled_from([6881, 51413]), max_size=2).map(tuple),
        "participation": st.sampled_from(Participation),
        "confidence": st.sampled_from(Confidence),
        "detectors": st.sets(st.sampled_from(["bt.dht", "bt.handshake", "bt.mse"]), min_size=1).map(sorted).map(tuple),
        "infohashes": INFOHASHES | st.just(Infohashes((Infohash.from_hex(A),), None, None, Basis.INFERRED)),
        "uploaded": st.just(0),
        "amount_basis": st.sampled_from(AmountBasis),
        "clients": st.sampled_from([(), ("qBittorrent 4",), ("Transmission", "x")]),
        "trackers": st.sampled_from([(), (("192.0.2.1",),), (("192.0.2.1", "a.example"), ("198.51.100.1",))]),
        "swarm_size": st.sampled_from([3, 10, 2000]),
        "private": st.booleans(),
        "torrent_name": st.sampled_from(["Film", "x 2026", "y"]),
    },
)
"""What sets each conduct apart from one and the same: so that many differ in one thing alone."""
ATTRIBUTIONS = st.builds(
    Attribution,
    st.sampled_from(["employees", "interns", "guests", "unattributed", "unknown", "elsewhere"]),
    st.just("attributed"),
    st.sampled_from([None, "p-ada"]),
)


def _conduct(first: int, lasting: int = 0, **fields: Any) -> Conduct:  # noqa: ANN401 - whatever a conduct has
    return LISTED._replace(first=first, last=first + lasting, **fields)


def _policy(exceptions: list[tuple[str, ...]], rules: list[tuple[str, ...]]) -> Policy:
    """Make a policy of those that are not refused because they can never match."""
    head = HEAD.replace(
        "groups:\n",
        "groups:\n  - {name: staff, users: x, default: {verdict: notice, reason: staff}}\n"
        "  - {name: interns, within: staff, users: y, default: {verdict: notice, reason: interns}}\n",
    )
    refused = set[str]()
    while True:
        text = head + LISTS
        for section, entries in (("exceptions", exceptions), ("rules", rules)):
            lines = [
                f"  - {{id: {section[0]}{number}, {''.join(options)}when: {when}, verdict: {verdict}, reason: x}}\n"
                for number, (*options, when, verdict) in enumerate(entries)
                if f"{section[0]}{number}" not in refused
            ]
            text += f"{section}:\n{''.join(lines)}" if lines else ""
        loaded = load.parse(text.encode(), Path("p.yaml"))
        if loaded.policy is not None:
            return loaded.policy
        assert {issue.code for issue in loaded.issues if issue.severity == "error"} == {"unreachable-rule"}
        refused |= {found for issue in loaded.issues for found in re.findall(r" '(\w+)' never matches", issue.message)}


@settings(max_examples=100)
@given(
    st.lists(EXCEPTIONS, max_size=2),
    st.lists(RULES, min_size=1, max_size=6),
    st.lists(st.tuples(CONDUCTS, ATTRIBUTIONS), min_size=8, max_size=24),
    st.sampled_from([dispatch.MAX_ANSWERS, 1]),
)
def test_the_fast_way_judges_as_the_slow_one(
    exceptions: list[tuple[str, ...]],
    rules: list[tuple[str, ...]],
    seen: list[tuple[dict[str, Any], Attribution]],
    kept: int,
) -> None:
    """In order of time, with what came before and without; by what is kept, and by asking each selector."""
    policy = _policy(exceptions, rules)
    history = History()
    with patch.object(dispatch, "MAX_ANSWERS", kept):
        for fields, attribution in sorted(seen, key=lambda each: each[0]["first"]):
            conduct = _conduct(**fields)
            expected = policy.explain(conduct, attribution, history).judgement
            assert policy.judge(conduct, attribution, history) == expected
            alone = policy.explain(conduct, attribution).judgement
            assert policy.judge(conduct, attribution) == alone


def test_what_was_worked_out_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger may call its client something else each time."""
    monkeypatch.setattr(dispatch, "MAX_ANSWERS", 8)
    policy = _policy([], [("", "", "", "{client: x*}", "notice")])
    for number in range(100):
        policy.judge(CONDUCT._replace(clients=(f"{number}",)), Attribution("guests", "attributed"))
    assert policy._dispatch is not None
    assert len(policy._dispatch._clients._known) <= 8


def test_nothing_is_asked_of_metadata_that_no_rule_needs() -> None:
    """Info dicts are read only for a policy that asks what a torrent is called, or whether it is private."""
    head = HEAD.encode()
    rule = b"rules:\n  - {id: r, when: {%s}, verdict: notice, reason: x}\n"
    lists = b"lists: {a: {names: x}}\n"

    def asks(rest: bytes) -> bool:
        loaded = load.parse(head + rest, Path("p.yaml"))
        assert loaded.policy is not None
        return loaded.policy.asks_metadata

    assert not asks(b"")
    assert not asks(rule % b"confidence: likely")
    assert asks(rule % b"private: true")
    assert asks(lists + rule % b"lists: a")
