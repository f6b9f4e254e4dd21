"""What is said where the packages of an extra are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crackscope.errors import MissingExtraError


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn a package that is not installed into the command that installs it.

    Args:
        extra: The extra that brings what is imported inside, as in ``pip install "crackscope[extra]"``.

    Raises:
        MissingExtraError: A package is missing.
        ModuleNotFoundError: One of crackscope's own modules is: that is a fault, and no extra mends it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "a package").partition(".")[0]
        if package == "crackscope":
            raise
        raise MissingExtraError(package, extra) from error
