"""What each selector matches, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.attribution import Attribution
from auditor.model.incident import Conduct, Infohashes
from auditor.model.infohash import Infohash
from auditor.model.scale import Basis, Confidence, Participation
from auditor.policy.evaluate import Policy
from auditor.policy.rule import match
from auditor.policy.selectors import GroupSelector
from tests.unit.policy.conftest import NOON

MakeConduct = Callable[..., Conduct]
MakePolicy = Callable[[str], Policy]
EMPLOYEE = Attribution("employees", "attributed")
LINUX = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a"
V2 = "ab" * 32
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


def test_a_conduct_is_of_a_kind(ask: Ask) -> None:
    """A swarm, talk with the DHT, or encrypted."""
    assert ask("{kind: swarm}") == (True, "swarm is swarm")
    assert ask("{kind: [dht, encrypted]}") == (False, "swarm is not one of dht, encrypted")


def test_a_list_that_has_ended_matches_nothing(ask: Ask) -> None:
    """What went on after its end is not on it; a day in the policy's zone is included."""
    assert ask("{lists: yesterday}") == (False, "the torrent is on yesterday, which had ended by then")
    assert ask("{lists: [yesterday, today]}") == (True, "the torrent is on today")
    still = {"first": NOON - 86_400 * 10**9, "last": NOON - 12 * 3600 * 10**9 - 1}
    assert ask("{lists: yesterday}", **still) == (True, "the torrent is on yesterday")
    assert ask("{lists: yesterday}", **{**still, "last": still["last"] + 1})[0] is False


def test_a_torrent_is_listed_by_its_name_too(ask: Ask) -> None:
    """That of its metadata, or that under which a list knows it; whole, whatever the case."""
    assert ask("{lists: films}", torrent_name="The.FILM.2026") == (True, "the torrent is on films")
    assert ask("{lists: films}", torrent_name="film") == (False, "the torrent is not on films")
    assert ask("{lists: films}", **_named("ef" * 20)) == (True, "the torrent is on films")
    assert ask("{lists: films}", torrent_name="the.film.2026", infohashes=None)[0] is False


def test_a_name_says_nothing_of_what_is_one_of_several(ask: Ask) -> None:
    """Only a list's own name for each does."""
    several = Infohashes((Infohash.from_hex("ef" * 20), Infohash.from_hex(LINUX)), None, None, Basis.INFERRED)
    told = {"kind": "encrypted", "infohashes": several, "torrent_name": "the.film.2026"}
    assert ask("{lists: films, inferred: true}", **told)[0] is False
    assert ask("{lists: [films, approved], inferred: true}", **told)[0] is True


def test_whether_a_torrent_is_private_must_be_known(ask: Ask) -> None:
    """Without metadata, neither is so."""
    assert ask("{private: true}") == (False, "no metadata of the torrent is known")
    assert ask("{private: false}")[0] is False
    assert ask("{private: true}", private=True) == (True, "the torrent is private")
    assert ask("{private: false}", private=True) == (False, "the torrent is private")


@pytest.mark.parametrize(("key", "field"), [("client", "clients"), ("tracker", "trackers")])
def test_names_match_by_pattern(ask: Ask, key: str, field: str) -> None:
    """Any of them; to be allowed, all of them."""
    assert ask(f"{{{key}: x*}}") == (False, f"no {key} is known")
    names = ("Xunlei 1", "y")
    both = {field: names if key == "client" else tuple((name,) for name in names)}
    assert ask(f"{{{key}: x*}}", **both) == (True, "Xunlei 1 is x*")
    assert ask(f"{{{key}: [x*, z]}}", "allow", **both) == (False, "y is not one of x*, z")
    assert ask(f"{{{key}: [x*, Y]}}", "allow", **both) == (True, "Xunlei 1, y is one of x*, y")


def test_a_tracker_is_meant_by_its_name_or_its_address(ask: Ask) -> None:
    """To be allowed, each by either: a name does not undo a rule about addresses, nor an address one about names."""
    met = {"trackers": (("192.0.2.1", "tracker.example"), ("192.0.2.2", "t.example"), ("192.0.2.3",))}
    named = {"trackers": met["trackers"][:2]}
    assert ask('{tracker: "*.example"}', **met) == (True, "tracker.example, t.example is *.example")
    assert ask('{tracker: "*.example"}', "allow", **met) == (False, "192.0.2.3 is not *.example")
    assert ask('{tracker: "*.Example"}', "allow", **named) == (True, "tracker.example, t.example is *.example")
    assert ask("{tracker: 192.0.2.*}", "allow", **met) == (True, "192.0.2.1, 192.0.2.2, 192.0.2.3 is 192.0.2.*")
    assert ask('{tracker: "*.example.org"}', **named)[0] is False
