"""What holds for every test."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# A property is not a stopwatch: on a busy machine a slow example says nothing about the code.
settings.register_profile("auditor", deadline=None)
settings.register_profile("ci", deadline=None, max_examples=1000)
settings.load_profile("auditor")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes an hour, unless it is asked for by name."""
    if "lab_full" not in str(config.option.markexpr):
        left_out = [item for item in items if item.get_closest_marker("lab_full")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where everything is installed, a skip hides a failure."""
    if os.environ.get("CI") and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("CI allows no skip: install what is missing in .ci/run", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for a skip in CI."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
