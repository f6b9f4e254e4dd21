"""A real server in a process of its own, as `crackscope serve` starts it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.helpers.waiting import PATIENCE_S


@dataclass(frozen=True)
class RunningServer:
    """A server that answers.

    Attributes:
        url: Where.
        client: A client of it.
        process: Its process, to be killed by tests that do so.
    """

    url: str
    client: httpx.Client
    process: subprocess.Popen[str]


@contextmanager
def running_server(model: Path, data_dir: Path, *options: object) -> Iterator[RunningServer]:
    """Start `crackscope serve` on a free port; it is stopped at the end where it still runs."""
    command = [sys.executable, "-m", "crackscope", "serve", "--port", "0"]
    command += ["--model", str(model), "--data-dir", str(data_dir), *map(str, options)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", bufsize=1
    )
    try:
        assert process.stdout is not None
        first_line = process.stdout.readline()
        assert "http://" in first_line, first_line + process.stdout.read()
        url = first_line.split(" is at ")[1].split()[0].replace("0.0.0.0", "127.0.0.1")
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            yield RunningServer(url, client, process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE_S)
