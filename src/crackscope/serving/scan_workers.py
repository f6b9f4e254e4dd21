"""Who scans for the server: this process, or the workers of a Ray cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from crackscope.extras import needs_extra
from crackscope.inference.classifier import CrackClassifier
from crackscope.inspection.records import PhotoReport
from crackscope.scanning.records import ScanSettings
from crackscope.scanning.scanner import CrackScanner


class ScanWorkers(Protocol):
    """Scans photos; every kind gives the same report.

    Attributes:
        workers: How many photos at a time are of use; as many threads may call `scan`.
    """

    workers: int

    def scan(self, path: Path, settings: ScanSettings) -> PhotoReport:
        """Scan one photo.

        Raises:
            PhotoError: It can't be scanned.
        """

    def close(self) -> None:
        """Let go of what it runs on."""


class LocalWorker:
    """This process: a photo at a time with all threads on its tiles."""

    workers = 1

    def __init__(self, classifier: CrackClassifier, threads: int) -> None:
        self._classifier, self._threads = classifier, threads

    def scan(self, path: Path, settings: ScanSettings) -> PhotoReport:
        """Scan one photo."""
        return CrackScanner(self._classifier, settings, self._threads).scan(path)

    def close(self) -> None:
        """There is nothing to let go of."""


def open_workers(classifier: CrackClassifier, *, threads: int, ray: str | None) -> ScanWorkers:
    """Workers of the Ray cluster at an address; without one, this process.

    Raises:
        MissingExtraError: Ray is not installed.
        SettingsError: There is no cluster at the address.
    """
    if ray is None:
        return LocalWorker(classifier, threads)
    with needs_extra("batch"):
        from crackscope.batch.pool_process import PoolProcess

        return PoolProcess(classifier.bundle, ray)
