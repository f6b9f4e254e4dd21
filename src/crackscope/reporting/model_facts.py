"""The models behind results, with all that their folders say where they are at hand."""

from __future__ import annotations

from collections.abc import Iterable

from crackscope.bundle import Bundle
from crackscope.reporting.records import ModelFacts


def facts_of_models(models: Iterable[ModelFacts], bundle: Bundle) -> tuple[ModelFacts, ...]:
    """The models; the one that ``bundle`` is gets its config, of the others only the hash is known."""
    return tuple(
        ModelFacts(sha256=model.sha256, name=bundle.config.name, config=bundle.config)
        if model.sha256 == bundle.identity
        else model
        for model in models
    )
