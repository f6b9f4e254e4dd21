"""The command line: one module per command; each only translates between a terminal and a room."""

from __future__ import annotations

import errno
import os
import sys

from crackscope.cli.ctrl_c import CtrlC
from crackscope.errors import CrackscopeError


def main() -> None:
    """Run the command line; our own errors become one line on standard error and exit code 1."""
    ctrl_c = CtrlC()
    ctrl_c.ends_at_once()
    try:
        _main(ctrl_c)
    except BaseException as error:
        if ctrl_c.explains(error):
            ctrl_c.end(error)
        raise


def _main(ctrl_c: CtrlC) -> None:
    from typer.main import get_command

    from crackscope.cli.app import app
    from crackscope.cli.defaults import Defaults, default_map, find_files

    _use_utf8()
    _show_tracebacks_if_asked()
    line = get_command(app)
    try:
        ctrl_c.interrupts()
        line(default_map=default_map(Defaults(line).read(find_files())))
    except CrackscopeError as error:
        if ctrl_c.explains(error):
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # A reader such as `head` closed the pipe: nothing is wrong.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(f"error: cannot write: {error.strerror}", file=sys.stderr)
        # What is still in the buffer would fail again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _show_tracebacks_if_asked() -> None:
    """Tracebacks of errors that became a photo's row, for a report of a fault: see `guard`."""
    if os.environ.get("CRACKSCOPE_DEBUG") == "1":
        import logging

        logging.basicConfig(stream=sys.stderr)
        logging.getLogger("crackscope").setLevel(logging.DEBUG)


def _use_utf8() -> None:
    """Paths and tables are UTF-8 with LF, whatever the console's code page and the system's line end are."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
