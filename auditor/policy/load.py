"""From a policy file to a policy: every issue of the file at once, each with its place.

A policy's identity is the SHA-256 of its file, as ``sha256sum`` gives it. Where its lists point at other files, it is
the SHA-256 of a text with one line for each, ``<sha256>  <path as the policy writes it>``, the policy's first with the
path ``-``, the others sorted by path: so a changed list is a changed policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from auditor.policy import lists
from auditor.policy.catalogue import Catalogue
from auditor.policy.checks import CHECKS_OF_DATES, CHECKS_OF_NAMES, CHECKS_OF_SENSE
from auditor.policy.evaluate import Policy
from auditor.policy.schedule import moment_after
from auditor.policy.schema import PolicyFile
from auditor.written import source
from auditor.written.issue import BadFile, Issue, in_order
from auditor.written.kind import FileKind
from auditor.written.source import MAX_BYTES
from auditor.written.validate import validate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from auditor.written.repair import Restore
    from auditor.written.source import Data, Source

_OUTCOME: dict[str, Data] = {"verdict": "notice", "reason": "-"}
POLICY = FileKind(
    article="a",
    noun="policy",
    begin="begin with 'version: 1'; 'auditor policy init' writes a commented first file",
    shrink="move long lists of infohashes into a file of their own and name it under 'files'",
    mandatory={
        "purpose": ("missing-purpose", "say in a sentence why this network is watched"),
        "people": ("missing-people", "how results show people: none, pseudonym or named"),
        "owner": ("missing-owner", "name who answers for it: a role outlives a person"),
        "until": ("missing-until", "say when it ends, 2026-12-31: an exception without an end is a rule"),
        "where": ("missing-announced", "say where people were told: staff handbook, chapter 7; Wi-Fi log-in page"),
        "on": ("missing-announced", "say on which day people were told: 2026-01-31"),
        "default": ("missing-default", "what is said where no rule matches: default: {verdict: notice, reason: …}"),
    },
    naming=(("rule", "id"), ("group", "name")),
    sections={"exceptions": "exception"},
    stand_ins={
        "version": 1,
        "purpose": "-",
        "people": "none",
        "owner": "-",
        "until": "2026-12-31",
        "where": "-",
        "on": "2026-01-31",
        "default": _OUTCOME,
        **_OUTCOME,
    },
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What reading a policy file gave."""

    policy: Policy | None
    """``None`` where an issue is an error."""
    issues: list[Issue]


def load(path: Path) -> Policy:
    """Read a policy.

    Raises:
        BadFile: if the file has an error; warnings alone do not stop it.
    """
    loaded = read(path)
    if loaded.policy is None:
        raise BadFile(loaded.issues)
    return loaded.policy


def check(path: Path, now: int | None = None) -> list[Issue]:
    """Return every issue of a policy file, in the order of the file."""
    return read(path, now).issues


def read(path: Path, now: int | None = None) -> Loaded:
    """Read a policy and everything that is to be said about its file.

    With ``now``, in nanoseconds since the epoch, also what has ended by then, or soon will.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as problem:
        message = f"the file cannot be read: {problem.strerror}"
        return Loaded(None, [Issue("policy-unreadable", message, str(path), 0, 0)])
    return parse(content, path, now)


def parse(content: bytes, path: Path, now: int | None = None) -> Loaded:
    """Make a policy of a file's content; ``path`` names it in issues, and its folder is where lists are looked for."""
    text, issues = source.parse(POLICY, str(path), content)
    if text is None:
        return Loaded(None, issues)
    validated = validate(text, PolicyFile)
    written, restore = validated.model, validated.restore
    issues += validated.issues
    if written is None:
        return Loaded(None, in_order(text.file, issues))
    checks = CHECKS_OF_NAMES if validated.mended else CHECKS_OF_NAMES + CHECKS_OF_SENSE
    found = [finding for each in checks for finding in each(written)]
    if now is not None and not validated.mended:
        found += [finding for each in CHECKS_OF_DATES for finding in each(written, now)]
    issues += [
        text.issue(f.code, f.message, restore(f.loc), hint=f.hint, severity=f.severity, at_key=f.at_key) for f in found
    ]
    gathering = lists.gather(written.lists, path.parent)
    issues += [_list_issue(text, problem, restore) for problem in gathering.problems]
    issues = in_order(text.file, issues)
    if any(issue.severity == "error" for issue in issues):
        return Loaded(None, issues)
    digest = _identity(content, gathering.digests)
    policy = Policy.compile(written, _catalogue(written, gathering), name=path.stem, sha256=digest, line_of=text.line)
    return Loaded(policy, issues)


def _catalogue(written: PolicyFile, gathering: lists.Gathering) -> Catalogue:
    ends = {name: each.until for name, each in written.lists.items() if each.until is not None}
    return Catalogue(
        gathering.entries,
        [(pattern, name) for name, each in written.lists.items() for pattern in each.names],
        {name: moment_after(until, written.timezone) for name, until in ends.items()},
    )


def _identity(content: bytes, digests: Mapping[str, str]) -> str:
    own = sha256(content).hexdigest()
    if not digests:
        return own
    lines = [f"{own}  -\n"] + [f"{digest}  {reference}\n" for reference, digest in sorted(digests.items())]
    return sha256("".join(lines).encode()).hexdigest()


def _list_issue(text: Source, problem: lists.Problem, restore: Restore) -> Issue:
    if problem.file is None:
        return text.issue(problem.code, problem.message, restore(problem.loc), hint=problem.hint)
    excerpt = problem.excerpt or ""
    column = len(excerpt) - len(excerpt.lstrip()) + 1
    length = len(excerpt.split()[0])
    return Issue(
        problem.code, problem.message, problem.file, problem.line, column, problem.hint, "error", excerpt, length
    )
