"""From a policy file to a policy: every issue of the file at once, each with its place.

A policy's identity is the SHA-256 of its file, as ``sha256sum`` gives it. Where its lists point at other files, it is
the SHA-256 of a text with one line for each, ``<sha256>  <path as the policy writes it>``, the policy's first with the
path ``-``, the others sorted by path: so a changed list is a changed policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from auditor.policy import lists, repair, source
from auditor.policy.catalogue import Catalogue
from auditor.policy.checks import CHECKS_OF_NAMES, CHECKS_OF_SENSE
from auditor.policy.evaluate import Policy
from auditor.policy.issue import IssueSeverity, PolicyIssue, did_you_mean, listing, quoted
from auditor.policy.schema import PolicyFile
from auditor.policy.source import MAX_BYTES, MAX_ISSUES, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

_KINDS = {
    "tuple_type": "a list",
    "dict_type": "a mapping of names to entries",
    "model_type": "a mapping of keys to values",
    "bool_type": "true or false",
}
_MANDATORY = {
    "purpose": ("missing-purpose", "say in a sentence why this network is watched"),
    "people": ("missing-people", "how results show people: none, pseudonym or named"),
    "default": ("missing-default", "what is said where no rule matches: default: {verdict: notice, reason: …}"),
}


class BadPolicy(ValueError):  # noqa: N818 - the policy is bad, the program is fine
    """A policy file with errors; :attr:`issues` has them all, warnings too."""

    def __init__(self, issues: list[PolicyIssue]) -> None:
        super().__init__("\n".join(issue.render() for issue in issues))
        self.issues = issues


@dataclass(frozen=True, slots=True)
class Loaded:
    """What reading a policy file gave."""

    policy: Policy | None
    """``None`` where an issue is an error."""
    issues: list[PolicyIssue]


def load(path: Path) -> Policy:
    """Read a policy.

    Raises:
        BadPolicy: if the file has an error; warnings alone do not stop it.
    """
    loaded = read(path)
    if loaded.policy is None:
        raise BadPolicy(loaded.issues)
    return loaded.policy


def check(path: Path) -> list[PolicyIssue]:
    """Return every issue of a policy file, in the order of the file."""
    return read(path).issues


def read(path: Path) -> Loaded:
    """Read a policy and everything that is to be said about its file."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as problem:
        message = f"the file cannot be read: {problem.strerror}"
        return Loaded(None, [PolicyIssue("policy-unreadable", message, str(path), 0, 0)])
    return parse(content, path)


def parse(content: bytes, path: Path) -> Loaded:
    """Make a policy of a file's content; ``path`` names it in issues, and its folder is where lists are looked for."""
    text, issues = source.parse(str(path), content)
    if text is None:
        return Loaded(None, issues)
    checks = CHECKS_OF_NAMES + CHECKS_OF_SENSE
    written: PolicyFile | None
    restore: repair.Restore = tuple
    try:
        written = PolicyFile.model_validate(text.data)
    except ValidationError as problem:
        issues += _schema_issues(text, problem)
        checks = CHECKS_OF_NAMES
        written, restore = repair.mend(text.data, problem)
    if written is None:
        return Loaded(None, _in_order(text.file, issues))
    found = [finding for each in checks for finding in each(written)]
    issues += [text.issue(f.code, f.message, restore(f.loc), hint=f.hint, severity=f.severity) for f in found]
    gathering = lists.gather(written.lists, path.parent)
    issues += [_list_issue(text, problem, restore) for problem in gathering.problems]
    issues = _in_order(text.file, issues)
    if any(issue.severity == "error" for issue in issues):
        return Loaded(None, issues)
    digest = _identity(content, gathering.digests)
    policy = Policy.compile(written, Catalogue(gathering.entries), name=path.stem, sha256=digest)
    return Loaded(policy, issues)


def _identity(content: bytes, digests: Mapping[str, str]) -> str:
    own = sha256(content).hexdigest()
    if not digests:
        return own
    lines = [f"{own}  -\n"] + [f"{digest}  {reference}\n" for reference, digest in sorted(digests.items())]
    return sha256("".join(lines).encode()).hexdigest()


def _in_order(file: str, issues: list[PolicyIssue]) -> list[PolicyIssue]:
    """Sort by place, the policy's own issues before those of the files it points at, and cap their number."""
    ordered = sorted(issues, key=lambda issue: (issue.file != file, issue.file, issue.line, issue.column))
    kept, hidden = ordered[:MAX_ISSUES], ordered[MAX_ISSUES:]
    if hidden:
        worst: IssueSeverity = "error" if any(issue.severity == "error" for issue in hidden) else "warning"
        message = f"{len(hidden)} more issues are not shown"
        kept.append(PolicyIssue("too-many-issues", message, file, 0, 0, severity=worst))
    return kept


def _list_issue(text: Source, problem: lists.Problem, restore: repair.Restore) -> PolicyIssue:
    if problem.file is None:
        return text.issue(problem.code, problem.message, restore(problem.loc), hint=problem.hint)
    excerpt = problem.excerpt or ""
    column = len(excerpt) - len(excerpt.lstrip()) + 1
    length = len(excerpt.split()[0])
    return PolicyIssue(
        problem.code, problem.message, problem.file, problem.line, column, problem.hint, "error", excerpt, length
    )


def _schema_issues(text: Source, problem: ValidationError) -> Iterator[PolicyIssue]:
    for error in repair.errors_of(problem)[: 2 * MAX_ISSUES]:
        if error["input"] is not None or error["type"] == "missing":  # empty values were refused already
            yield _schema_issue(text, error)


def _schema_issue(text: Source, error: ErrorDetails) -> PolicyIssue:
    """Say in the policy's words what pydantic found."""
    loc, kind = error["loc"], error["type"]
    field = str(loc[-1]) if loc else ""
    context: Mapping[str, Any] = error.get("ctx", {})
    if kind == "missing":
        code, hint = _MANDATORY.get(field, ("missing-key", None))
        where = _naming(error["input"]) if len(loc) > 1 else "the policy"
        return text.issue(code, f"{where} lacks '{field}'", loc[:-1], hint=hint)
    if kind == "extra_forbidden":
        known = _keys_at(loc[:-1])
        hint = did_you_mean(field, known) or f"the keys here are {listing(known, 20)}"
        return text.issue("unknown-key", f"{quoted(field)} is no key of a policy here", loc, hint=hint, at_key=True)
    if kind == "too_short":
        return text.issue("empty-list", f"'{_word(loc)}' is an empty list", loc, hint="name one or leave the key out")
    if kind == "too_long":
        message = f"'{_word(loc)}' has {context['actual_length']} entries; it may have {context['max_length']}"
        return text.issue("too-large", message, loc)
    if kind in _KINDS:
        return text.issue("bad-type", f"'{_word(loc)}' is not {_KINDS[kind]}", loc)
    return text.issue(kind, context["message"], loc, hint=context["hint"])


def _word(loc: tuple[str | int, ...]) -> str:
    """Name the key that an error is about: the last word of its path, with the place in a list after it."""
    index = f"[{loc[-1]}]" if loc and isinstance(loc[-1], int) else ""
    return next((part for part in reversed(loc) if isinstance(part, str)), "policy") + index


def _naming(entry: object) -> str:
    """Call an entry by its id or name, where it has one."""
    if isinstance(entry, dict):
        for kind, key in (("rule", "id"), ("group", "name")):
            if isinstance(entry.get(key), str):
                return f"{kind} {quoted(entry[key])}"
    return "this entry"


def _keys_at(loc: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the schema knows at a path."""
    model: type[BaseModel] | None = PolicyFile
    for part in loc:
        if model is None or isinstance(part, int):
            continue
        field = next((f for name, f in model.model_fields.items() if part in (name, f.alias)), None)
        # What is no field is a name that the writer chose (a list's): its entry is of the same model.
        model = model if field is None else _model_in(field.annotation)
    return [] if model is None else [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for each in get_args(annotation) if (model := _model_in(each)) is not None), None)
