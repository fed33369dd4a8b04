"""Tests that stand beside a policy: what a file of them may say, and reading it with every defect told at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from auditor.model.identity import SourceLine, Tenancy, Trust
from auditor.policy import fields, load
from auditor.policy.observation import Observation  # noqa: TC001 - pydantic reads it
from auditor.written import source
from auditor.written.fields import AddressField, Id, Line, Mac, Moment, OneOrMore, Vlan, member, version
from auditor.written.issue import Issue, did_you_mean, in_order, listing
from auditor.written.kind import FileKind
from auditor.written.schema import Entry, schema_for_editors
from auditor.written.validate import validate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.policy.evaluate import Policy
    from auditor.written.source import Loc, Source

MAX_TESTS = 1000
MAX_IDENTITIES = 1000
DEFAULT = "default"
"""How a test calls the default of a group, where no rule decides."""
SOURCE = "identities"
"""The identity source that a file of tests is itself."""
KIND = FileKind(
    article="a",
    noun="policy test",
    begin="name the policy: 'policy: corporate.yaml', then 'tests:'",
    shrink="part it into several files",
    mandatory={"at": ("missing-key", "say when: 2026-11-22T10:00:00Z")},
    naming=(("test", "name"),),
    stand_ins={"version": 1, "policy": "-", "name": "-", "at": "2026-01-01T00:00:00Z", "host": "0.0.0.0", "expect": {}},  # noqa: S104 - no socket
)
_Version = Annotated[int, version("policy test")]


class Identity(Entry):
    """Whose an address or a device was, as an identity source would tell it."""

    ip: AddressField | None = Field(default=None, description="The address.")
    mac: Mac | None = Field(default=None, description="The device.")
    host: Line | None = Field(default=None, description="Its host name.")
    user: Line | None = Field(default=None, description="The person who had logged in.")
    groups: Annotated[tuple[Line, ...], OneOrMore()] = Field(default=(), description="Directory groups.")
    attributes: dict[Line, Line] = Field(default_factory=dict, description="Attributes of the log-in.")
    since: Moment = Field(default=0, alias="from", description="From when on; always where left out.")
    until: Moment | None = Field(default=None, alias="to", description="Up to when, not included.")
    vlan: Vlan | None = Field(default=None, description="In this VLAN alone.")
    vantage: Line | None = Field(default=None, description="At this vantage point alone.")
    trust: Annotated[Trust, member(Trust, "trust")] = Field(
        default=Trust.LEASED, description="How far it is believed where others contradict it. Default: `leased`."
    )


class Expected(Entry):
    """What the policy is expected to say; what is left out may be anything."""

    host: AddressField | None = Field(default=None, description="Of a capture: the host of the incident.")
    kind: fields.Kind | None = Field(default=None, description="Of a capture: the kind of the incident.")
    infohash: fields.InfohashField | None = Field(default=None, description="Of a capture: a torrent of the incident.")
    at: Moment | None = Field(default=None, description="Of a capture: a moment of the incident.")
    group: Id | None = Field(default=None, description="The group.")
    status: fields.Status | None = Field(default=None, description="`attributed`, `ambiguous` or `unattributed`.")
    verdict: fields.Verdict | None = Field(default=None, description="The verdict.")
    severity: fields.Severity | None = Field(default=None, description="The severity.")
    rule: Id | None = Field(default=None, description="The rule or exception that decides; `default` where none does.")
    lapsed: Annotated[tuple[Id, ...], OneOrMore()] | None = Field(
        default=None, description="The exceptions that have lapsed by then."
    )


class Test(Entry):
    """One case."""

    name: Line = Field(description="What is so, in a sentence.")
    observation: Observation | None = Field(default=None, description="What a host did.")
    capture: Line | None = Field(default=None, description="A capture in which it is seen.")
    identities: Annotated[tuple[Identity, ...], Field(max_length=MAX_IDENTITIES), OneOrMore()] = Field(
        default=(), description="Whose addresses were, for this test, besides those of the file."
    )
    incidents: fields.Size | None = Field(default=None, description="Of a capture: how many incidents there are.")
    expect: Annotated[tuple[Expected, ...], OneOrMore()] = Field(
        default=(), description="What the policy is expected to say; of a capture, of each incident that is named."
    )


class TestFile(Entry):
    """Tests of one policy: `auditor policy test FILE` runs them."""

    version: _Version = Field(default=1, description="The version of this format.")
    policy: Line = Field(description="The policy, relative to this file.")
    identity: Line | None = Field(default=None, description="An identity.yaml, relative to this file.")
    identities: Annotated[tuple[Identity, ...], Field(max_length=MAX_IDENTITIES), OneOrMore()] = Field(
        default=(), description="Whose addresses were, instead of an identity.yaml."
    )
    tests: tuple[Test, ...] = Field(min_length=1, max_length=MAX_TESTS, description="The cases.")


class Expectation(NamedTuple):
    """What is expected, and the line that says so."""

    line: int
    expected: Expected


@dataclass(frozen=True, slots=True)
class Case:
    """One test, ready to be run."""

    name: str
    line: int
    observation: Observation | None
    capture: Path | None
    incidents: int | None
    expectations: tuple[Expectation, ...]
    statements: tuple[Tenancy, ...]
    """All that is said of identities: by the file, and by the test itself."""


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one file, with their policy."""

    policy: Policy
    identity: Path | None
    cases: tuple[Case, ...]


class Loaded(NamedTuple):
    """What reading a file of tests gave."""

    suite: Suite | None
    """``None`` where an issue is an error."""
    issues: list[Issue]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a file of tests."""
    return schema_for_editors(TestFile, "auditor policy tests")


def read(path: Path) -> Loaded:
    """Read a file of tests and the policy that it names."""
    try:
        with path.open("rb") as stream:
            content = stream.read(source.MAX_BYTES + 1)
    except OSError as problem:
        return Loaded(None, [Issue("test-unreadable", f"the file cannot be read: {problem.strerror}", str(path), 0, 0)])
    return parse(content, path)


def parse(content: bytes, path: Path) -> Loaded:
    """Make tests of a file's content; what it names is looked for in the folder of ``path``."""
    text, issues = source.parse(KIND, str(path), content)
    if text is None:
        return Loaded(None, issues)
    validated = validate(text, TestFile)
    issues += validated.issues
    written = validated.model
    if written is None or validated.mended:
        return Loaded(None, in_order(text.file, issues))
    policy, of_policy = _policy(text, path.parent / written.policy)
    issues += of_policy
    issues += _defects(text, written, path.parent)
    if policy is not None:
        issues += _unknown(text, written, policy)
    issues = in_order(text.file, issues)
    if policy is None or any(issue.severity == "error" for issue in issues):
        return Loaded(None, issues)
    identity = None if written.identity is None else path.parent / written.identity
    return Loaded(Suite(policy, identity, _cases(text, written, path.parent)), issues)


def _policy(text: Source, path: Path) -> tuple[Policy | None, list[Issue]]:
    loaded = load.read(path)
    if loaded.policy is not None:
        return loaded.policy, []
    errors = [issue for issue in loaded.issues if issue.severity == "error"]
    return None, [text.issue("bad-policy", "the policy has errors of its own, which follow", ("policy",)), *errors]


def _cases(text: Source, written: TestFile, folder: Path) -> tuple[Case, ...]:
    common = _statements(text, written.identities, ("identities",))
    return tuple(
        Case(
            name=test.name,
            line=text.line(("tests", index)),
            observation=test.observation,
            capture=None if test.capture is None else folder / test.capture,
            incidents=test.incidents,
            expectations=tuple(
                Expectation(text.line(("tests", index, "expect", place)), expected)
                for place, expected in enumerate(test.expect)
            ),
            statements=(*common, *_statements(text, test.identities, ("tests", index, "identities"))),
        )
        for index, test in enumerate(written.tests)
    )


def _statements(text: Source, identities: tuple[Identity, ...], loc: Loc) -> tuple[Tenancy, ...]:
    return tuple(
        Tenancy(
            start=each.since,
            end=each.until,
            trust=each.trust,
            line=SourceLine(SOURCE, text.file, text.line((*loc, place))),
            ip=each.ip,
            mac=each.mac,
            vlan=each.vlan,
            vantage=each.vantage,
            host=each.host,
            user=each.user,
            groups=each.groups,
            attributes=tuple(each.attributes.items()),
        )
        for place, each in enumerate(identities)
    )


# -- what a file may get wrong although each of its values is right ---------------------------------------------------


def _defects(text: Source, written: TestFile, folder: Path) -> Iterator[Issue]:
    if written.identity is not None and written.identities:
        message = "'identity' and 'identities' both say whose addresses were"
        yield text.issue("two-identities", message, ("identities",), hint="keep one of them", at_key=True)
    yield from _identity_defects(text, written.identities, ("identities",))
    seen: set[str] = set()
    for index, test in enumerate(written.tests):
        at: Loc = ("tests", index)
        if test.name in seen:
            yield text.issue("duplicate-test", "another test has this name", (*at, "name"), hint="say what differs")
        seen.add(test.name)
        yield from _identity_defects(text, test.identities, (*at, "identities"))
        if (test.observation is None) == (test.capture is None):
            hint = "give an 'observation' or a 'capture'"
            yield text.issue("bad-test", "a test has one of the two ways to see something", at, hint=hint)
        elif test.observation is not None:
            yield from _observation_defects(text, test, at)
        elif test.capture is not None:
            yield from _capture_defects(text, test, at, folder / test.capture)


def _identity_defects(text: Source, identities: tuple[Identity, ...], loc: Loc) -> Iterator[Issue]:
    for place, each in enumerate(identities):
        if each.ip is None and each.mac is None:
            message = "this says nothing of an address or a device"
            yield text.issue("bad-identity", message, (*loc, place), hint="give 'ip', 'mac' or both")
        if each.until is not None and each.until <= each.since:
            yield text.issue("bad-identity", "this ends before it begins", (*loc, place, "to"))


def _observation_defects(text: Source, test: Test, at: Loc) -> Iterator[Issue]:
    if len(test.expect) != 1 or test.expect[0].model_fields_set <= _WHICH:
        hint = "give 'expect' a group, status, verdict, severity or rule"
        yield text.issue(
            "empty-test", "this test expects nothing, or more than one thing of one observation", at, hint=hint
        )
    for place, expected in enumerate(test.expect):
        for field in sorted(_WHICH & expected.model_fields_set):
            message = f"'{field}' tells the incidents of a capture apart; here there is one observation"
            yield text.issue("bad-test", message, (*at, "expect", place, field), hint="leave it out", at_key=True)
    if test.incidents is not None:
        message = "'incidents' counts those of a capture; here there is one observation"
        yield text.issue("bad-test", message, (*at, "incidents"), hint="leave it out", at_key=True)
    if test.observation is not None and any(moment > test.observation.at for moment in test.observation.earlier):
        yield text.issue("bad-test", "what came earlier is later than 'at'", (*at, "observation", "earlier"))


def _capture_defects(text: Source, test: Test, at: Loc, path: Path) -> Iterator[Issue]:
    if not path.is_file():
        yield text.issue("capture-unreadable", "there is no such file", (*at, "capture"))
    if not test.expect and test.incidents is None:
        yield text.issue("empty-test", "this test expects nothing", at, hint="give 'expect' or 'incidents'")
    for place, expected in enumerate(test.expect):
        if expected.host is None:
            hint = "name the 'host' of the incident"
            yield text.issue("bad-test", "nothing says which incident is meant", (*at, "expect", place), hint=hint)


def _unknown(text: Source, written: TestFile, policy: Policy) -> Iterator[Issue]:
    """Refuse what this policy can never say: most likely a name that changed."""
    rules = [*(rule.id for rule in (*policy.exceptions, *policy.rules)), DEFAULT]
    exceptions = [rule.id for rule in policy.exceptions]
    for index, test in enumerate(written.tests):
        for place, expected in enumerate(test.expect):
            at: Loc = ("tests", index, "expect", place)
            if expected.group is not None and expected.group not in policy.groups:
                yield _no_such(text, "unknown-group", f"group '{expected.group}'", policy.groups, (*at, "group"))
            if expected.rule is not None and expected.rule not in rules:
                yield _no_such(text, "unknown-rule", f"rule or exception '{expected.rule}'", rules, (*at, "rule"))
            for number, name in enumerate(expected.lapsed or ()):
                if name not in exceptions:
                    loc = (*at, "lapsed", number)
                    yield _no_such(text, "unknown-rule", f"exception '{name}'", exceptions, loc)


def _no_such(text: Source, code: str, what: str, known: list[str] | tuple[str, ...], loc: Loc) -> Issue:
    word = what.split("'")[1]
    hint = did_you_mean(word, known) or (f"it has {listing(known)}" if known else None)
    return text.issue(code, f"the policy has no {what}", loc, hint=hint)


_WHICH = frozenset({"host", "kind", "infohash", "at"})
"""What tells the incidents of a capture apart."""
