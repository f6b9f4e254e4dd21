"""One bad photo never ends a run: whatever goes wrong on its way is an error of that photo."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from crackscope.errors import CrackscopeError, PhotoMemoryError, UnexpectedPhotoError

#: Tracebacks of unexpected errors go here, level DEBUG; ``CRACKSCOPE_DEBUG=1`` shows them on standard error.
_log = logging.getLogger("crackscope.guard")
#: Libraries put whole documents into their messages.
_LONGEST = 300


@contextmanager
def one_photo(name: object) -> Iterator[None]:
    """Do inside what concerns one photo only.

    Errors that crackscope raises on purpose pass: `PhotoError` and `MissingExtraError` are the photo's, any
    other (such as `OutputError` of a full disk) ends the run. So do ``KeyboardInterrupt`` and ``SystemExit``.

    Args:
        name: What the log calls the photo.

    Raises:
        UnexpectedPhotoError: Anything else went wrong, in crackscope or in a library.
        PhotoMemoryError: There was not enough memory.
    """
    try:
        yield
    except CrackscopeError:
        raise
    except MemoryError as error:
        raise PhotoMemoryError("not enough memory for it; close other programs or make it smaller") from error
    except Exception as error:
        _log.debug("unexpected error at %s", name, exc_info=True)
        message = " ".join(str(error).split())[:_LONGEST]
        found = f"{type(error).__name__}: {message}" if message else type(error).__name__
        raise UnexpectedPhotoError(f"unexpected {found}; please report this with the photo") from error
