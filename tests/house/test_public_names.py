"""The public surface is what the package says it is, and every name can be had."""

from __future__ import annotations

import crackscope


def test_every_public_name_resolves() -> None:
    assert all(getattr(crackscope, name) is not None for name in crackscope.__all__)


def test_public_names_are_sorted_and_unique() -> None:
    names = [name for name in crackscope.__all__ if name != "__version__"]
    assert names == sorted(set(names))
