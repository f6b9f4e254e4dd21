"""A server's `ScanPool` in a process of its own, which may end with the cluster and is then started again."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from contextlib import suppress
from multiprocessing.connection import wait
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

from crackscope.bundle import Bundle
from crackscope.errors import BatchStoppedError, SettingsError
from crackscope.inspection.records import PhotoReport
from crackscope.scanning.records import ScanSettings

#: A photo is tried with so many connections to a cluster; one that ends each of them is given up.
_MOST_TRIES = 3

#: Between two looks for a cluster that is away.
_PAUSE_S = 1.0

#: What the end of the other process looks like from here.
_ENDED = (EOFError, ConnectionError, FileNotFoundError)


class _Remote:
    """The pool, in the other process; Ray is imported only there."""

    def open(self, bundle: Bundle, address: str) -> int:
        from crackscope.batch.cluster import silence
        from crackscope.batch.scan_pool import ScanPool

        silence()
        self._pool = ScanPool(bundle, address)
        return self._pool.workers

    def scan(self, path: Path, settings: ScanSettings) -> PhotoReport:
        return self._pool.scan(path, settings)

    def close(self) -> None:
        self._pool.close()


class _Drivers(BaseManager):
    """Serves the pool to the threads of this process."""


_Drivers.register(_Remote.__name__, _Remote)


class PoolProcess:
    """What `ScanPool` is, for a process that has to outlive the cluster.

    A cluster that is gone is waited for; photos are then scanned on the new one. Once it was waited for in
    vain, each photo asks only once whether it is back.

    Args:
        bundle: The model.
        address: Of the cluster.
        patience_s: How long a cluster that is gone is waited for.

    Attributes:
        workers: How many photos at a time the cluster had room for at the start.

    Raises:
        SettingsError: There is no cluster at the address, or it has no processor.
    """

    def __init__(self, bundle: Bundle, address: str, *, patience_s: float = 60.0) -> None:
        self._bundle, self._address, self._patience_s = bundle, address, patience_s
        self._lock = threading.Lock()
        self._gone_at: float | None = None
        self._driver: _Driver | None = _Driver(bundle, address)
        self.workers = self._driver.workers

    def scan(self, path: Path, settings: ScanSettings) -> PhotoReport:
        """Scan one photo as `CrackScanner.scan` does; waits for a worker, and for a cluster that is gone.

        Raises:
            PhotoError: It can't be scanned.
            BatchStoppedError: The cluster is gone and did not come back.
        """
        for _ in range(_MOST_TRIES):
            driver = self._connected()
            try:
                report: PhotoReport = driver.pool.scan(path, settings)
            except (*_ENDED, BatchStoppedError):
                self._lose(driver)
            else:
                return report
        raise BatchStoppedError(f"the Ray cluster at {self._address} was gone each time this was scanned")

    def close(self) -> None:
        """Let the cluster go."""
        with self._lock:
            if self._driver is not None:
                self._driver.close()

    def _connected(self) -> _Driver:
        with self._lock:
            while self._driver is None:
                try:
                    self._driver, self._gone_at = _Driver(self._bundle, self._address), None
                except SettingsError as error:
                    gone_s = time.monotonic() - (self._gone_at or 0.0)
                    if gone_s > self._patience_s:
                        raise BatchStoppedError(
                            f"{error}; it is gone since {gone_s:.0f} s. Scan again when it is back"
                        ) from error
                    time.sleep(_PAUSE_S)
            return self._driver

    def _lose(self, driver: _Driver) -> None:
        with self._lock:
            if self._driver is driver:
                driver.end()
                self._driver, self._gone_at = None, time.monotonic()


class _Driver:
    """A process that is connected to the cluster."""

    def __init__(self, bundle: Bundle, address: str) -> None:
        self._manager = _Drivers(ctx=multiprocessing.get_context("spawn"))
        try:
            self._manager.start(_end_with_parent)
            self.pool: Any = getattr(self._manager, _Remote.__name__)()
            self.workers: int = self.pool.open(bundle, address)
        except _ENDED as error:
            self.end()
            raise SettingsError(f"no Ray cluster at {address}: Ray ended the connection") from error
        except BaseException:
            self.end()
            raise

    def close(self) -> None:
        """Let the cluster go, then end."""
        with suppress(*_ENDED):
            self.pool.close()
        self.end()

    def end(self) -> None:
        """End at once."""
        if hasattr(self._manager, "shutdown"):  # it has none before it has started
            self._manager.shutdown()


def _end_with_parent() -> None:
    """A killed server must not leave this process behind."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
