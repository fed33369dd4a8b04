"""The tests of a policy, run: what it says of each case, and what else was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from auditor import engine
from auditor.audit.captures import DEFAULT_VANTAGE, options_for
from auditor.audit.supposing import suppose
from auditor.engine import CapturePath
from auditor.identity.directory import Directory
from auditor.identity.load import read_file
from auditor.model.identity import Offset
from auditor.pipeline.known import known
from auditor.pipeline.people import Shown
from auditor.pipeline.run import judge
from auditor.pipeline.whose import Whose
from auditor.policy import testing
from auditor.policy.history import History
from auditor.policy.observation import goes_on, is_about

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from auditor.identity.load import Identity
    from auditor.model.attribution import Attribution
    from auditor.model.capture import Sighting
    from auditor.model.incident import Conduct, Incident, Judgement
    from auditor.policy.observation import Observation
    from auditor.policy.testing import Case, Expected, Suite
    from auditor.written.issue import Issue

SCHEMA = "auditor.policy-test/1"
Json = dict[str, Any]


class Difference(NamedTuple):
    """One thing that was expected otherwise."""

    what: str
    expected: str
    got: str


class Failure(NamedTuple):
    """What is wrong with one expectation."""

    line: int
    """Where it stands."""
    about: str
    """The incident of a capture that is meant; empty for an observation."""
    differences: tuple[Difference, ...]
    reason: str = ""
    """What the policy said instead."""


class Outcome(NamedTuple):
    """One test, run."""

    case: Case
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures


class SuiteOutcome(NamedTuple):
    """The tests of one file, run."""

    path: Path
    suite: Suite | None
    """``None`` for a file that has errors."""
    issues: tuple[Issue, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> int:
        """How many tests failed."""
        return sum(not outcome.passed for outcome in self.outcomes)


def run(path: Path, pattern: re.Pattern[str] | None = None) -> SuiteOutcome:
    """Run the tests of a file whose names match."""
    loaded = testing.read(path)
    if loaded.suite is None:
        return SuiteOutcome(path, None, tuple(loaded.issues), ())
    suite = loaded.suite
    identity = None
    if suite.identity is not None:
        of_identity = read_file(suite.identity)
        identity = of_identity.identity
        if identity is None:
            return SuiteOutcome(path, None, tuple(of_identity.issues), ())
    runner = _Runner(suite, identity)
    chosen = [case for case in suite.cases if pattern is None or pattern.search(case.name)]
    outcomes = tuple(Outcome(case, tuple(runner.failures(case))) for case in chosen)
    return SuiteOutcome(path, suite, tuple(loaded.issues), outcomes)


class _Runner:
    """Runs the cases of one file; what they share is read once."""

    def __init__(self, suite: Suite, identity: Identity | None) -> None:
        self._policy = suite.policy
        self._identity = identity
        self._plain: Directory | None = None
        """What identity sources say by themselves."""
        self._sightings: dict[Path, Sighting] = {}

    def failures(self, case: Case) -> Iterable[Failure]:
        if case.observation is not None:
            return self._of_observation(case, case.observation)
        return () if case.capture is None else self._of_capture(case, case.capture)

    def _directory_of(self, case: Case, sighting: Sighting | None = None) -> Directory | None:
        if case.statements:  # What is written in a test is so: no clock is in doubt.
            return Directory(case.statements, {testing.SOURCE: Offset("declared")})
        if self._identity is None:
            return None
        if sighting is not None:
            return known(self._identity, sighting).directory
        if self._plain is None:
            self._plain = self._identity.build().directory
        return self._plain

    def _of_observation(self, case: Case, observation: Observation) -> Iterable[Failure]:
        directory = self._directory_of(case)
        whose = Whose(self._policy, None if directory is None else directory.ask, Shown(self._policy.people))
        history = History()
        whole = observation.conduct()
        for moment in observation.earlier:
            conduct, attribution = suppose(whole._replace(first=moment, last=moment), whose)
            self._policy.judge(conduct, attribution, history)
        conduct, attribution = suppose(whole, whose)
        judgement = self._policy.judge(conduct, attribution, history)
        (line, expected), *_ = case.expectations
        differences = compare(expected, attribution, judgement)
        if differences:
            yield Failure(line, "", differences, judgement.reason)

    def _of_capture(self, case: Case, capture: Path) -> Iterable[Failure]:
        sighting = self._sight(capture)
        error = next((read.error for read in sighting.captures if read.error is not None), None)
        if error is not None:
            yield Failure(case.line, "", (Difference("capture", "can be read", error),))
            return
        incidents = judge(sighting, self._policy, directory=self._directory_of(case, sighting)).incidents
        if case.incidents is not None and case.incidents != len(incidents):
            yield Failure(case.line, "", (Difference("incidents", str(case.incidents), str(len(incidents))),))
        for line, expected in case.expectations:
            meant = [incident for incident in incidents if _is_meant(expected, incident.conduct)]
            if not meant:
                told = ", ".join(dict.fromkeys(str(i.conduct.host) for i in incidents[:8])) or "none"
                yield Failure(
                    line, str(expected.host), (Difference("incident", "one or more", f"none; hosts: {told}"),)
                )
            for incident in meant:
                differences = compare(expected, incident.attribution, incident.judgement)
                if differences:
                    yield Failure(line, _about(incident), differences, incident.judgement.reason)

    def _sight(self, path: Path) -> Sighting:
        found = self._sightings.get(path)
        if found is None:
            capture = CapturePath(str(path), DEFAULT_VANTAGE)
            found = self._sightings[path] = engine.sight([capture], options_for(self._policy, digest=False))
        return found


def compare(expected: Expected, attribution: Attribution, judgement: Judgement) -> tuple[Difference, ...]:
    """Say what is otherwise than expected."""
    pairs: Sequence[tuple[str, object, object]] = (
        ("group", expected.group, attribution.group),
        ("status", expected.status, attribution.status),
        ("verdict", expected.verdict and expected.verdict.label, judgement.verdict.label),
        ("severity", expected.severity and expected.severity.label, judgement.severity.label),
        ("rule", expected.rule, judgement.rule or testing.DEFAULT),
        (
            "lapsed",
            None if expected.lapsed is None else _all(expected.lapsed),
            _all(judgement.lapsed),
        ),
    )
    return tuple(Difference(what, str(e), str(got)) for what, e, got in pairs if e is not None and str(e) != str(got))


def _all(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _is_meant(expected: Expected, conduct: Conduct) -> bool:
    return (
        expected.host == conduct.host
        and expected.kind in {None, conduct.kind}
        and (expected.infohash is None or is_about(conduct, expected.infohash))
        and (expected.at is None or goes_on(conduct, expected.at))
    )


def _about(incident: Incident) -> str:
    conduct = incident.conduct
    wire = f" {conduct.infohashes.wire[0]}" if conduct.infohashes and conduct.infohashes.wire else ""
    return f"{conduct.host}, {conduct.kind}{wire}"


def document(suites: Sequence[SuiteOutcome]) -> Json:
    """Return the outcome as JSON."""
    return {
        "schema": SCHEMA,
        "tests": sum(len(suite.outcomes) for suite in suites),
        "failed": sum(suite.failed for suite in suites),
        "files": [_suite(suite) for suite in suites],
    }


def _suite(suite: SuiteOutcome) -> Json:
    policy = None if suite.suite is None else suite.suite.policy
    return {
        "path": str(suite.path),
        "policy": None if policy is None else {"name": policy.name, "sha256": policy.sha256},
        "issues": [str(issue) for issue in suite.issues],
        "tests": [
            {
                "name": outcome.case.name,
                "line": outcome.case.line,
                "passed": outcome.passed,
                "failures": [
                    {
                        "line": failure.line,
                        "about": failure.about or None,
                        "differences": [each._asdict() for each in failure.differences],
                        "reason": failure.reason or None,
                    }
                    for failure in outcome.failures
                ],
            }
            for outcome in suite.outcomes
        ],
    }
