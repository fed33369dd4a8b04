"""What each selector matches, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from auditor.model.attribution import Attribution
from auditor.model.incident import Conduct, Infohashes
from auditor.model.infohash import Infohash
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation
from auditor.policy.evaluate import Policy
from auditor.policy.rule import match
from auditor.policy.selectors import GroupSelector

MakeConduct = Callable[..., Conduct]
MakePolicy = Callable[[str], Policy]
EMPLOYEE = Attribution("employees", "attributed")
LINUX = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a"
V2 = "ab" * 32
LISTS = f"lists:\n  approved: {{infohashes: [{LINUX}, {V2}]}}\n"


def _why(policy: Policy, conduct: Conduct) -> tuple[bool, str]:
    """Return what the only selector of the only rule says, whatever comes after `group`."""
    (found,) = match(policy.rules[0], conduct, EMPLOYEE)
    return found.matched, found.why


@pytest.fixture
def ask(policy: MakePolicy, conduct: MakeConduct) -> Callable[..., tuple[bool, str]]:
    """Return what asks one selector about one conduct."""

    def make(when: str, verdict: str = "notice", valid: str = "", **fields: object) -> tuple[bool, str]:
        extra = f"valid: {valid}, " if valid else ""
        rule = f"rules:\n  - {{id: r, {extra}when: {when}, verdict: {verdict}, reason: because}}\n"
        return _why(policy(LISTS + rule), conduct(**fields))

    return make


Ask = Callable[..., tuple[bool, str]]


def test_a_group_is_one_of_those_named(policy: MakePolicy, conduct: MakeConduct) -> None:
    """And the sentence says which."""
    rule = policy("rules:\n  - {id: r, group: [guests, employees], verdict: notice, reason: because}\n").rules[0]
    assert match(rule, conduct(), EMPLOYEE)[0].why == "employees is one of guests, employees"
    stranger = match(rule, conduct(), Attribution("unknown", "unattributed"))[0]
    assert (stranger.matched, stranger.why) == (False, "unknown is not one of guests, employees")


def test_a_rule_for_a_group_is_for_the_groups_within_it(conduct: MakeConduct) -> None:
    """However deep; the sentence says so."""
    rule = GroupSelector(("staff",), frozenset({"staff", "engineers"}))
    found = rule.test(conduct(), Attribution("engineers", "attributed"))
    assert (found.matched, found.why) == (True, "engineers is within staff")
    assert rule.test(conduct(), Attribution("staff", "attributed")).why == "staff is staff"
    assert rule.includes(GroupSelector(("engineers",), frozenset({"engineers"})))


@pytest.mark.parametrize(
    ("when", "matched", "why"),
    [
        ("{confidence: likely}", True, "confirmed is at least likely"),
        ("{confidence: {at_most: likely}}", False, "confirmed is above likely"),
        ("{participation: transferred}", True, "transferred is at least transferred"),
        ("{participation: {at_most: present}}", False, "transferred is above present"),
        ("{participation: {at_least: connected, at_most: transferred}}", True, "transferred is at least connected"),
    ],
)
def test_a_bare_word_means_at_least(ask: Ask, when: str, matched: bool, why: str) -> None:
    """``at_most`` has to be said."""
    assert ask(when) == (matched, why)


def test_weaker_is_below(ask: Ask) -> None:
    """Both scales, below their bound and between two."""
    assert ask("{confidence: likely}", confidence=Confidence.SUSPECTED) == (False, "suspected is below likely")
    looked_up = {"participation": Participation.LOOKED_UP}
    assert ask("{participation: attempted}", **looked_up) == (False, "looked_up is below attempted")
    between = "{participation: {at_least: present, at_most: attempted}}"
    assert ask(between, **looked_up) == (True, "looked_up is between present and attempted")
    assert ask("{participation: {at_most: looked_up}}", **looked_up) == (True, "looked_up is at most looked_up")


def test_any_detector_matches_unless_it_is_allowed(ask: Ask) -> None:
    """An allowance for one detector does not cover what another saw."""
    assert ask("{detectors: bt.handshake}") == (True, "seen by bt.handshake")
    assert ask("{detectors: bt.dht}") == (False, "seen by bt.handshake, bt.messages, not by bt.dht")
    assert ask("{detectors: bt.handshake}", "allow")[0] is False
    assert ask("{detectors: [bt.messages, bt.handshake]}", "allow")[0] is True


def _named(wire: str, basis: Basis = Basis.READ) -> dict[str, Infohashes]:
    return {"infohashes": Infohashes((Infohash.from_hex(wire),), None, None, basis)}


def test_lists_match_by_the_name_on_the_wire(ask: Ask) -> None:
    """v1, and v2 by its first 20 bytes, are all the same to a list."""
    assert ask("{lists: approved}") == (True, "the torrent is on approved")
    assert ask("{lists: approved}", **_named(V2[:40]))[0] is True
    assert ask("{lists: approved}", **_named("cd" * 20)) == (False, "the torrent is not on approved")
    assert ask("{lists: approved}", infohashes=None) == (False, "no infohash is known")


def test_a_hybrid_matches_by_either_name(ask: Ask) -> None:
    """The v1 name was read, the list has the v2 one."""
    hybrid = Infohashes((Infohash(b"\xcd" * 20),), Infohash(b"\xcd" * 20), Infohash.from_hex(V2), Basis.READ)
    assert ask("{lists: approved}", infohashes=hybrid)[0] is True


def test_an_inferred_infohash_matches_only_where_the_rule_says_so(ask: Ask) -> None:
    """It is a candidate, not a reading."""
    inferred = _named(LINUX, Basis.INFERRED)
    assert ask("{lists: approved}", **inferred) == (
        False,
        "the torrent is on approved, but its infohash was inferred, not read",
    )
    assert ask("{lists: approved, inferred: true}", **inferred)[0] is True


def test_of_several_candidates_all_must_be_listed(ask: Ask) -> None:
    """Which of them it is nobody knows, so that one on a list speaks neither for the host nor against it."""
    linux, other = Infohash.from_hex(LINUX), Infohash(b"\xcd" * 20)

    def among(*names: Infohash) -> tuple[bool, str]:
        candidates = Infohashes(names, None, None, Basis.INFERRED)
        return ask("{lists: approved, inferred: true}", kind="encrypted", infohashes=candidates)

    assert among(linux, Infohash.from_hex(V2[:40])) == (True, "the torrent is on approved")
    assert among(linux, other) == (False, "1 of the 2 torrents that it may be are not on approved")
    assert among(other) == (False, "the torrent is not on approved")


@pytest.mark.parametrize(
    ("when", "matched", "why"),
    [
        ("{amount: {at_least: 12 MB}}", True, "12000000 bytes transferred"),
        ("{amount: {at_least: 12 MiB}}", False, "12000000 bytes transferred, fewer than 12582912"),
        ("{direction: upload, amount: {at_least: 3 MB}}", False, "2000000 bytes uploaded, fewer than 3000000"),
        ("{direction: download, amount: {below: 10 MB}}", False, "10000000 bytes downloaded, not below 10000000"),
        ("{direction: download, amount: {below: 11 MB}}", True, "10000000 bytes downloaded"),
        ("{amount: {at_least: 1, basis: verified}}", False, "the amount rests on pieces, below verified"),
        ("{direction: upload}", True, "2000000 bytes uploaded"),
    ],
)
def test_amounts_are_counted_in_their_direction(ask: Ask, when: str, matched: bool, why: str) -> None:
    """Up, down, or both together; and only if known well enough."""
    assert ask(when) == (matched, why)


def test_a_direction_alone_asks_for_content(ask: Ask) -> None:
    """A handshake has bytes too; it gives nothing away."""
    assert ask("{direction: upload}", amount_basis=AmountBasis.FLOW)[0] is False
    assert ask("{direction: upload}", uploaded=0)[0] is False
    assert ask("{direction: upload, amount: {at_least: 1}}", amount_basis=AmountBasis.FLOW)[0] is True


def test_ports_of_either_end_match(ask: Ask) -> None:
    """To be allowed, one side's ports must all be listed: a peer may not choose the rule by its port."""
    assert ask("{ports: 6881-6889}") == (True, "port 6881 is listed")
    assert ask("{ports: [51413]}", "allow") == (True, "port 51413 is listed")
    assert ask("{ports: 6881-6889}", "allow") == (False, "only port 6881 is listed")
    assert ask("{ports: [6881, 49152-65535]}", "allow", ports=(1, 51413))[0] is True
    assert ask("{ports: 80}") == (False, "no port is listed")


def _span(first: str, last: str) -> dict[str, int]:
    first_, last_ = (int(datetime.fromisoformat(t).replace(tzinfo=UTC).timestamp()) for t in (first, last))
    return {"first": first_ * 10**9, "last": last_ * 10**9}


def test_an_allowance_covers_the_whole_time_others_any_part(ask: Ask) -> None:
    """Who began at noon and went on through the night was not within office hours; but also not outside them."""
    long = _span("2026-11-23T11:00:00", "2026-11-24T02:00:00")
    when = "{hours: 08:00-18:00, days: mon-fri}"
    assert ask(when, "allow", **long) == (
        False,
        "Mon 2026-11-23 12:00:00 to Tue 2026-11-24 03:00:00 (Europe/Berlin) is not all within the rule's time",
    )
    assert ask(when, "notice", **long)[0] is True
    assert ask(when, "allow", **_span("2026-11-23T07:00:00", "2026-11-23T16:59:59"))[0] is True
    assert ask(when, "notice", **_span("2026-11-22T07:00:00", "2026-11-22T16:59:59"))[0] is False


def test_validity_is_judged_at_the_conducts_own_time(ask: Ask) -> None:
    """A rule of next year says nothing about this one."""
    this_year = _span("2026-12-31T22:00:00", "2026-12-31T23:30:00")
    assert ask("{}", "notice", "{from: 2027-01-01}", **this_year)[0] is True  # half an hour of it, in Berlin
    assert ask("{}", "allow", "{from: 2027-01-01}", **this_year)[0] is False
    assert ask("{}", "allow", "{until: 2026-12-30}", **this_year)[0] is False
