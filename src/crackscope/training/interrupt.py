"""Ctrl-C and SIGTERM that wait for a good moment."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

#: What people press, and what schedulers and service managers send before they kill.
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class DeferredInterrupt:
    """Within the block the first Ctrl-C or SIGTERM is only noted; a second one acts at once, as always."""

    def __init__(self) -> None:
        self._asked = False
        self._former: dict[signal.Signals, Any] = {}

    def asked(self) -> bool:
        """Whether a signal came."""
        return self._asked

    def __getstate__(self) -> dict[str, Any]:
        # A copy in another process has handlers of its own.
        return {"_asked": False, "_former": {}}

    def __enter__(self) -> DeferredInterrupt:
        # Python lets only the main thread handle signals.
        if threading.current_thread() is threading.main_thread():
            self._former = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        self._give_back()

    def _give_back(self) -> None:
        while self._former:
            signal.signal(*self._former.popitem())
