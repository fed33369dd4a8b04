"""What ``auditor policy test`` prints: text as ``promtool test rules`` does, or JUnit's XML for whoever collects it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import click

from auditor.cli import output
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.audit.policy_tests import Failure, Outcome, SuiteOutcome


def text(suites: Sequence[SuiteOutcome]) -> Iterator[str]:
    """Yield a line for each file, below it what failed there."""
    for suite in suites:
        yield f"{harmless(str(suite.path))}: {_summary(suite)}"
        for issue in suite.issues:
            yield from (f"  {line}" for line in issue.render().splitlines())
        for outcome in suite.outcomes:
            if not outcome.passed:
                yield f"  FAILED {_place(suite, outcome.case.line)}: {harmless(outcome.case.name)}"
                yield from (f"    {line}" for failure in outcome.failures for line in _lines(suite, failure))


def junit(suites: Sequence[SuiteOutcome]) -> str:
    """Return the outcome as JUnit's XML: a test suite a file."""
    root = ET.Element(
        "testsuites",
        name="auditor policy test",
        tests=str(sum(len(suite.outcomes) for suite in suites)),
        failures=str(sum(suite.failed for suite in suites)),
        errors=str(sum(suite.suite is None for suite in suites)),
    )
    for suite in suites:
        root.append(_suite(suite))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")


def _summary(suite: SuiteOutcome) -> str:
    if suite.suite is None:
        return click.style("BAD FILE", fg="red")
    count = output.counted(len(suite.outcomes), "test")
    if suite.failed:
        return click.style("FAILED", fg="red") + f", {suite.failed} of {count}"
    return click.style("SUCCESS", fg="green") + f", {count}"


def _lines(suite: SuiteOutcome, failure: Failure) -> Iterator[str]:
    about = f" {harmless(failure.about)}" if failure.about else ""
    yield f"{_place(suite, failure.line)}:{about}"
    width = max(len(each.what) for each in failure.differences)
    for each in failure.differences:
        yield f"  {each.what:<{width}}  expected {harmless(each.expected)}"
        yield f"  {'':<{width}}  got      {harmless(each.got)}"
    if failure.reason:
        yield f"  {'reason':<{width}}  {harmless(failure.reason)}"


def _place(suite: SuiteOutcome, line: int) -> str:
    return f"{harmless(str(suite.path))}:{line}"


def _suite(suite: SuiteOutcome) -> ET.Element:
    name = harmless(str(suite.path))
    is_bad = suite.suite is None
    element = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(suite.outcomes) + is_bad),
        failures=str(suite.failed),
        errors=str(int(is_bad)),
    )
    if is_bad:
        case = ET.SubElement(element, "testcase", classname=name, name="the file can be read", file=name)
        error = ET.SubElement(case, "error", message=harmless(str(suite.issues[0]), 300) if suite.issues else "")
        error.text = "\n".join(harmless(str(issue), 1000) for issue in suite.issues)
    for outcome in suite.outcomes:
        element.append(_case(suite, outcome, name))
    return element


def _case(suite: SuiteOutcome, outcome: Outcome, name: str) -> ET.Element:
    case = ET.Element(
        "testcase", classname=name, name=harmless(outcome.case.name), file=name, line=str(outcome.case.line)
    )
    if not outcome.passed:
        differences = [each for failure in outcome.failures for each in failure.differences]
        message = "; ".join(f"{each.what}: expected {each.expected}, got {each.got}" for each in differences)
        failed = ET.SubElement(case, "failure", message=harmless(message))
        failed.text = "\n".join(line for failure in outcome.failures for line in _lines(suite, failure))
    return case
