"""A cluster that is to die: Ray ends a process that has started one a minute after its head is gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[3]

#: Says the address, and does what each line tells it.
_PROGRAM = """
import sys
import pytest
from tests.integration.batch.conftest import start_cluster
try:
    cluster = start_cluster(nodes=int(sys.argv[1]), port=int(sys.argv[2]))
except pytest.skip.Exception as skip:
    sys.exit(print("skip", skip, flush=True))
print("at", cluster.address, flush=True)
for line in sys.stdin:
    if line == "kill a node\\n":
        [other] = cluster.worker_nodes
        cluster.remove_node(other, allow_graceful=False)
    else:
        sys.exit(cluster.shutdown())
"""


class DoomedCluster:
    """Nodes of a processor each, started by a process of their own; one or all of them can be killed.

    Args:
        nodes: How many there are.
        port: Of the head; 0 is any.

    Attributes:
        address: For other processes.
    """

    def __init__(self, *, nodes: int = 1, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(nodes), str(port)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        said, _, rest = self._readline().partition(" ")
        if said == "skip":
            pytest.skip(rest)
        assert said == "at"
        self.address = rest

    def kill_a_node(self) -> None:
        """At once, and without telling anybody; not the head."""
        self._tell("kill a node")

    def close(self) -> None:
        """End all of it, the head too."""
        if self._process.poll() is None:
            self._tell("end")
            self._process.wait()

    def _readline(self) -> str:
        assert self._process.stdout is not None
        return next((line.strip() for line in self._process.stdout if line.startswith(("at ", "skip "))), "")

    def _tell(self, what: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
