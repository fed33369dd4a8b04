"""Policies at work: attribution, judging from top to bottom, and what holds without a policy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.attribution import Attribution
from auditor.model.identity import Holder, Trust
from auditor.model.incident import Conduct, Infohashes
from auditor.model.infohash import Infohash
from auditor.model.scale import AmountBasis, Basis, Confidence, Participation, Severity, Verdict
from auditor.policy import load
from auditor.policy.evaluate import Policy
from auditor.policy.rule import match
from auditor.torrents.catalogue import read_torrent

MakeConduct = Callable[..., Conduct]
MakePolicy = Callable[[str], Policy]
SHIPPED = sorted(
    path for path in (Path(__file__).parents[3] / "policies").glob("*.yaml") if not path.match("*.test.yaml")
)
FIRST = Path(load.__file__).with_name("first.yaml")


def test_the_first_match_from_the_top_decides(policy: MakePolicy, conduct: MakeConduct) -> None:
    """Later rules are not asked; without a match the group's default speaks."""
    some = policy(
        "rules:\n"
        "  - {id: a, group: guests, verdict: allow, reason: guests may}\n"
        "  - {id: b, when: {confidence: confirmed}, verdict: notice, severity: medium, reason: it was seen}\n"
        "  - {id: c, verdict: allow, reason: anything else}\n"
    )
    employee, guest = some.attribute(ip_address("10.20.0.1")), some.attribute(ip_address("10.40.0.1"))
    assert some.judge(conduct(), guest).rule == "a"
    judged = some.judge(conduct(), employee)
    assert (judged.verdict, judged.rule, judged.severity, judged.reason) == (
        Verdict.NOTICE,
        "b",
        Severity.MEDIUM,
        "it was seen",
    )
    assert some.judge(conduct(confidence=Confidence.LIKELY), employee).rule == "c"


def test_the_default_of_the_group_speaks_last(policy: MakePolicy, conduct: MakeConduct) -> None:
    """It has no rule; a group that no policy knows is judged as unattributed."""
    some = policy("")
    for group, reason in (
        ("guests", "guests by default"),
        ("unknown", "others by default"),
        ("x", "nobody by default"),
    ):
        judged = some.judge(conduct(), Attribution(group, "attributed"))
        assert (judged.rule, judged.reason) == (None, reason)


@pytest.mark.parametrize(("verdict", "severity"), [("allow", "info"), ("notice", "low"), ("violation", "high")])
def test_severity_follows_the_verdict(policy: MakePolicy, conduct: MakeConduct, verdict: str, severity: str) -> None:
    """Where the policy does not say how grave it is."""
    when = "{confidence: likely, participation: attempted}"
    some = policy(f"rules:\n  - {{id: a, when: {when}, verdict: {verdict}, reason: because}}\n")
    assert some.judge(conduct(), Attribution("guests", "attributed")).severity.label == severity


def test_hosts_that_are_not_ours_are_unknown(policy: MakePolicy) -> None:
    """A VLAN or MAC on their frames is our router's, not theirs."""
    some = policy("egress: [203.0.113.0/24]\n")
    assert some.attribute(ip_address("198.51.100.7"), vlan=(40,)).group == "unknown"
    assert some.attribute(ip_address("192.168.1.1"), vlan=(40,)).group == "guests"
    assert some.attribute(ip_address("203.0.113.9")) == Attribution("unattributed", "unattributed")


def test_the_holder_of_an_address_has_a_say(policy: MakePolicy) -> None:
    """A group may claim people and devices that identity sources tell; each claim has its line in the policy."""
    some = policy("inside: [10.0.0.0/8]\n")
    holder = Holder(Trust.LEASED, (), host="lab-7")
    assert some.attribute(ip_address("10.20.0.1"), holder=holder).group == "employees"
    assert [(w.claim.group, w.claim.line) for w in some.weigh(ip_address("10.40.0.1"), vlan=(40,))] == [
        ("guests", 7),
        ("guests", 7),
    ]
    assert some.weigh(ip_address("198.51.100.7"), vlan=(40,)) == ()


def test_a_rule_for_a_group_holds_for_the_groups_within_it(conduct: MakeConduct) -> None:
    """The inner group keeps its own default."""
    loaded = load.parse(
        b"version: 1\npurpose: test\npeople: none\ngroups:\n"
        b"  - {name: staff, users: '*', default: {verdict: notice, reason: staff}}\n"
        b"  - {name: engineers, within: staff, users: ada, default: {verdict: notice, reason: engineers}}\n"
        b"  - {name: unattributed, default: {verdict: notice, reason: u}}\n"
        b"  - {name: unknown, default: {verdict: notice, reason: u}}\n"
        b"rules:\n  - {id: r, group: staff, when: {confidence: confirmed}, verdict: allow, reason: x}\n",
        Path("p.yaml"),
    )
    assert loaded.policy is not None
    ada = loaded.policy.attribute(ip_address("10.0.0.1"), holder=Holder(Trust.AUTHENTICATED, (), user="ada"))
    assert ada.group == "engineers"
    assert loaded.policy.judge(conduct(), ada).rule == "r"
    assert loaded.policy.judge(conduct(confidence=Confidence.LIKELY), ada).reason == "engineers"
    assert loaded.policy.rules[0].line == 10


def test_the_networks_of_groups_are_inside() -> None:
    """Whoever lists a public network as a group's own need not list it again."""
    loaded = load.parse(
        b"version: 1\npurpose: test\npeople: none\ninside: [10.0.0.0/8]\ngroups:\n"
        b"  - {name: a, networks: '2001:db8:20::/48', default: {verdict: notice, reason: a}}\n"
        b"  - {name: unattributed, default: {verdict: notice, reason: u}}\n"
        b"  - {name: unknown, default: {verdict: notice, reason: u}}\n",
        Path("p.yaml"),
    )
    assert loaded.policy is not None
    assert loaded.policy.is_inside(ip_address("2001:db8:20::1"))
    assert not loaded.policy.is_inside(ip_address("192.168.0.1"))
    assert [str(network) for network in loaded.policy.inside_networks] == ["10.0.0.0/8", "2001:db8:20::/48"]


def test_without_a_policy_everyone_is_unattributed(conduct: MakeConduct) -> None:
    """Private networks are inside, and all is a notice without weight."""
    none = Policy.none()
    inside, outside = none.attribute(ip_address("192.168.1.1")), none.attribute(ip_address("198.51.100.1"))
    assert (inside.group, outside.group) == ("unattributed", "unknown")
    judged = none.judge(conduct(), inside)
    assert (judged.verdict, judged.rule, judged.severity) == (Verdict.NOTICE, None, Severity.INFO)
    assert none.sha256 is None
    assert none.name_of(None) is None


_loaded = cache(load.load)

CONDUCTS = st.fixed_dictionaries(
    {
        "participation": st.sampled_from(Participation),
        "confidence": st.sampled_from(Confidence),
        "detectors": st.sets(st.sampled_from(["bt.dht", "bt.handshake", "bt.mse"]), min_size=1).map(tuple),
        "amount_basis": st.sampled_from(AmountBasis),
        "uploaded": st.integers(0, 2**40),
        "downloaded": st.integers(0, 2**40),
        "infohashes": st.none()
        | st.builds(
            Infohashes,
            st.tuples(st.binary(min_size=20, max_size=20).map(Infohash)),
            st.none(),
            st.none(),
            st.sampled_from(Basis),
        ),
        "first": st.integers(0, 2**62),
        "ports": st.lists(st.integers(0, 65535), max_size=3).map(tuple),
    }
)


@pytest.mark.parametrize("path", [*SHIPPED, FIRST], ids=lambda path: path.name)
def test_what_ships_has_no_issue(path: Path) -> None:
    """Not even a warning."""
    assert load.check(path) == []


@pytest.mark.parametrize("path", [*SHIPPED, FIRST], ids=lambda path: path.name)
@given(
    fields=CONDUCTS, group=st.sampled_from(["employees", "contractors", "guests", "staff", "unattributed", "unknown"])
)
def test_what_ships_never_overreaches(path: Path, conduct: MakeConduct, fields: dict[str, object], group: str) -> None:
    """No violation below ``attempted`` or below ``likely``; and the same conduct is judged the same, for one reason."""
    some = _loaded(path)
    conducted = conduct(**fields, last=fields["first"])
    attribution = Attribution(group, "attributed")
    judged = some.judge(conducted, attribution)
    assert judged == some.judge(conducted, attribution)
    if judged.verdict is Verdict.VIOLATION:
        assert conducted.participation >= Participation.ATTEMPTED
        assert conducted.confidence >= Confidence.LIKELY
    told = [rule for rule in some.rules if all(found.matched for found in match(rule, conducted, attribution))]
    assert judged.rule == (told[0].id if told else None)


@pytest.mark.parametrize(
    ("group", "fields", "expected"),
    [
        ("employees", {}, ("unapproved-upload", "violation")),
        ("employees", {"uploaded": 0}, ("employee-sharing", "violation")),
        ("contractors", {"uploaded": 0}, ("contractor-sharing", "violation")),
        ("guests", {"uploaded": 0}, ("guest-sharing", "violation")),
        ("unattributed", {}, ("unattributed-sharing", "notice")),
        ("unknown", {}, (None, "notice")),
        ("guests", {"participation": Participation.CONTACTED}, ("only-contacted", "allow")),
        ("guests", {"participation": Participation.PRESENT}, ("dht-software", "notice")),
        ("guests", {"participation": Participation.LOOKED_UP}, ("looked-up-only", "notice")),
        ("guests", {"confidence": Confidence.SUSPECTED}, ("shape-alone", "notice")),
    ],
)
def test_the_corporate_policy_says_what_its_comments_say(
    conduct: MakeConduct, group: str, fields: dict[str, object], expected: tuple[str | None, str]
) -> None:
    """One conduct for each of its rules."""
    corporate = load.load(next(path for path in SHIPPED if path.name == "corporate.yaml"))
    judged = corporate.judge(conduct(infohashes=None, **fields), Attribution(group, "attributed"))
    assert (judged.rule, judged.verdict.label) == expected


def test_the_corporate_policy_approves_the_sample_of_an_approved_torrent(conduct: MakeConduct) -> None:
    """The list file has the infohash of the torrent that the samples share; only employees and contractors may."""
    pytest.importorskip("libtorrent", reason="needs libtorrent, which has no wheel for this Python")
    entry = read_torrent(Path(__file__).parents[3] / "samples" / "torrents" / "approved-linux.torrent")
    assert entry.v1 is not None
    corporate = load.load(next(path for path in SHIPPED if path.name == "corporate.yaml"))
    for basis, group, rule in (
        (Basis.READ, "employees", "approved-content"),
        (Basis.INFERRED, "employees", "probably-approved-content"),
        (Basis.READ, "guests", "approved-content-elsewhere"),
    ):
        shared = conduct(infohashes=Infohashes((entry.v1,), entry.v1, None, basis))
        assert corporate.judge(shared, Attribution(group, "attributed")).rule == rule
        assert corporate.name_of(shared.infohashes) == "approved-linux.iso"
