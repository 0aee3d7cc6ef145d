"""Prints the table of kernels at the end, where `script/test --kernels` leaves it."""

from __future__ import annotations

import pytest

from kernels.table import lines


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in lines():
        terminalreporter.write_line(line)
