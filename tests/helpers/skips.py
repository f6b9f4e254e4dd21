"""A pytest plugin: which tests were skipped, and which of them nobody expected to be.

`CRACKSCOPE_EXPECTED_SKIPS` names files of patterns (several with the system's path separator): one regular
expression of a reason a line, `#` begins a comment. A skip with another reason fails the run.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

_VARIABLE = "CRACKSCOPE_EXPECTED_SKIPS"

#: Whole modules that skip are collected by workers of xdist, which tell the main process nothing of it.
_FROM_WORKERS = "crackscope_skipped_modules"


def expected_patterns(variable: str) -> list[re.Pattern[str]]:
    """The patterns of all files that the variable's value names."""
    lines = [
        line.strip()
        for name in variable.split(os.pathsep)
        for line in Path(name).read_text(encoding="utf-8").splitlines()
    ]
    return [re.compile(line) for line in lines if line and not line.startswith("#")]


def unexpected(reasons: list[str], patterns: list[re.Pattern[str]]) -> list[str]:
    """Reasons that no pattern matches from their beginning to their end."""
    return sorted({reason for reason in reasons if not any(one.fullmatch(reason) for one in patterns)})


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get(_VARIABLE):
        config.pluginmanager.register(_Recorder(config), "crackscope-skips")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


class _Recorder:
    def __init__(self, config: pytest.Config) -> None:
        self._skipped: dict[str, str] = {}  # reasons by test or module; every worker collects every module
        self._is_worker = hasattr(config, "workerinput")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and not self._is_worker:
            self._skipped[report.nodeid] = _reason(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped[report.nodeid] = _reason(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object, error: object) -> None:
        self._skipped |= getattr(node, "workeroutput", {}).get(_FROM_WORKERS, {})

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._is_worker:
            session.config.workeroutput[_FROM_WORKERS] = self._skipped  # type: ignore[attr-defined]
        elif self._unexpected() and session.exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section(f"{len(self._skipped)} skipped")
        for reason, count in sorted(Counter(self._skipped.values()).items()):
            terminalreporter.line(f"{count:4} {reason}")
        for reason in self._unexpected():
            terminalreporter.line(f"UNEXPECTED skip: {reason}", red=True)

    def _unexpected(self) -> list[str]:
        return unexpected(list(self._skipped.values()), expected_patterns(os.environ[_VARIABLE]))
