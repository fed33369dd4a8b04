"""The fast way to a judgement says what the slow one says, selector by selector, for any policy and any conduct."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
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
        "lists: [a, b], inferred: true",
        "lists: n",
        "private: true",
        "private: false",
        "swarm_size: {at_least: 10}",
        "swarm_size: {at_most: 10}",
        "tracker: 192.0.2.*",
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
TIMES = st.integers(-40, 40).map(lambda hours: NOON + hours * HOUR)
CONDUCTS = st.builds(
    lambda first, lasting, **fields: CONDUCT._replace(first=first, last=first + lasting, **fields),
    TIMES,
    st.integers(0, 30).map(lambda hours: hours * HOUR),
    kind=st.sampled_from(["swarm", "dht", "encrypted"]),
    host=st.sampled_from([ip_address("10.20.0.5"), ip_address("10.20.0.6")]),
    ports=st.lists(st.sampled_from([6881, 51413]), max_size=2).map(tuple),
    participation=st.sampled_from(Participation),
    confidence=st.sampled_from(Confidence),
    detectors=st.sets(st.sampled_from(["bt.dht", "bt.handshake", "bt.mse"]), min_size=1).map(
        lambda s: tuple(sorted(s))
    ),
    infohashes=st.none()
    | st.builds(
        Infohashes,
        st.lists(st.sampled_from([A, B, C]).map(Infohash.from_hex), min_size=1, max_size=2, unique=True).map(tuple),
        st.none(),
        st.none(),
        st.sampled_from(Basis),
    ),
    uploaded=st.sampled_from([0, 2_000_000]),
    amount_basis=st.sampled_from(AmountBasis),
    clients=st.sampled_from([(), ("qBittorrent 4",), ("Transmission", "x")]),
    trackers=st.sampled_from([(), ("192.0.2.1",), ("192.0.2.1", "198.51.100.1")]),
    swarm_size=st.sampled_from([None, 3, 10, 2000]),
    private=st.sampled_from([None, True, False]),
    torrent_name=st.sampled_from([None, "Film", "x 2026", "y"]),
)
ATTRIBUTIONS = st.builds(
    Attribution,
    st.sampled_from(["employees", "interns", "guests", "unattributed", "unknown", "elsewhere"]),
    st.just("attributed"),
    st.sampled_from([None, "p-ada"]),
)


def _policy(exceptions: list[tuple[str, ...]], rules: list[tuple[str, ...]]) -> Policy | None:
    """Make a policy; ``None`` where a rule could never match, which is refused."""
    head = HEAD.replace(
        "groups:\n",
        "groups:\n  - {name: staff, users: x, default: {verdict: notice, reason: staff}}\n"
        "  - {name: interns, within: staff, users: y, default: {verdict: notice, reason: interns}}\n",
    )
    text = head + LISTS
    for section, entries in (("exceptions", exceptions), ("rules", rules)):
        if entries:
            text += f"{section}:\n"
        for number, (*options, when, verdict) in enumerate(entries):
            name = f"{section[0]}{number}"
            text += f"  - {{id: {name}, {''.join(options)}when: {when}, verdict: {verdict}, reason: {name}}}\n"
    loaded = load.parse(text.encode(), Path("p.yaml"))
    assert {issue.code for issue in loaded.issues if issue.severity == "error"} <= {"unreachable-rule"}
    return loaded.policy


@pytest.fixture(params=[dispatch.MAX_ANSWERS, 1], ids=["remembering", "forgetting"])
def _remembered(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "MAX_ANSWERS", request.param)


@pytest.mark.usefixtures("_remembered")
@settings(max_examples=60)
@given(
    st.lists(EXCEPTIONS, max_size=2),
    st.lists(RULES, max_size=6),
    st.lists(st.tuples(CONDUCTS, ATTRIBUTIONS), min_size=1, max_size=12),
)
def test_the_fast_way_judges_as_the_slow_one(
    exceptions: list[tuple[str, ...]],
    rules: list[tuple[str, ...]],
    seen: list[tuple[Conduct, Attribution]],
) -> None:
    """In order of time, with what came before and without; by what is kept, and by asking each selector."""
    policy = _policy(exceptions, rules)
    if policy is None:
        return
    history = History()
    for conduct, attribution in sorted(seen, key=lambda each: each[0].first):
        expected = policy.explain(conduct, attribution, history).judgement
        assert policy.judge(conduct, attribution, history) == expected
        alone = policy.explain(conduct, attribution).judgement
        assert policy.judge(conduct, attribution) == alone


def test_what_was_worked_out_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger may call its client something else each time."""
    monkeypatch.setattr(dispatch, "MAX_ANSWERS", 8)
    policy = _policy([], [("", "", "", "{client: x*}", "notice")])
    assert policy is not None
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
