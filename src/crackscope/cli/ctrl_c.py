"""Ctrl-C at any moment: one line, exit code 130, no traceback."""

from __future__ import annotations

import _thread
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from crackscope.errors import RunInterruptedError

#: What shells expect of a command that Ctrl-C stopped.
EXIT_CODE = 130
_LINE = "stopped"


class CtrlC:
    """Whether Ctrl-C was pressed, and what it does at the moment.

    A library's compiled part may answer it with an ImportError of its own; then only this tells why.
    Where Ctrl-C is ignored, as in a shell's background job, it stays ignored.
    """

    def __init__(self) -> None:
        self._pressed = False
        self._is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def ends_at_once(self) -> None:
        """From now on: nothing was begun yet, or all that is left is to end."""
        self._hear(_end_at_once)

    def interrupts(self) -> None:
        """From now on: as Python has it, also where it can't be raised, as in a destructor."""
        self._hear(self._interrupt)
        sys.unraisablehook = _raise_again

    def explains(self, error: BaseException) -> bool:
        """Whether an error that ends the program comes of it."""
        if isinstance(error, SystemExit):
            return error.code == EXIT_CODE
        return self._pressed or isinstance(error, RunInterruptedError)

    def end(self, error: BaseException) -> NoReturn:
        """Say that the program was stopped, and how to go on where the command knows it."""
        self.ends_at_once()
        print(error if isinstance(error, RunInterruptedError) else _LINE, file=sys.stderr)
        sys.exit(EXIT_CODE)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._pressed = True
        raise KeyboardInterrupt

    def _hear(self, handler: signal._HANDLER) -> None:
        if self._is_heard:
            signal.signal(signal.SIGINT, handler)


def _raise_again(lost: sys.UnraisableHookArgs) -> None:
    if issubclass(lost.exc_type, KeyboardInterrupt):
        _thread.interrupt_main()
    else:
        sys.__unraisablehook__(lost)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    os.write(2, f"{_LINE}\n".encode())
    os._exit(EXIT_CODE)
