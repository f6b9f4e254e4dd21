"""The first step of a run: fingerprint the photos, split them by group, and say what was found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from crackscope.dataset.corrections import Corrections, apply_corrections
from crackscope.dataset.fingerprints import fingerprint_photos
from crackscope.dataset.manifest import read_manifest, write_manifest
from crackscope.dataset.records import Dataset, Fingerprint
from crackscope.dataset.shares import Shares
from crackscope.dataset.split import Split, split_dataset
from crackscope.labels import Label
from crackscope.storage import write_json
from crackscope.training.listener import Listener
from crackscope.training.parts import Parts, make_parts
from crackscope.training.recipe import Recipe
from crackscope.training.run_folder import RunFolder


def prepare(
    dataset: Dataset,
    recipe: Recipe,
    folder: RunFolder,
    listener: Listener,
    *,
    corrections: Corrections | None = None,
) -> tuple[Parts, dict[str, Any]]:
    """Split the data, with labels as corrected, or read the split that an interrupted run made.

    Returns:
        The parts, and the content of ``split.json``.
    """
    if not (folder.split.is_file() and folder.manifest.is_file()):
        listener.step("fingerprint the photos")
        fingerprints = fingerprint_photos(
            dataset, jobs=recipe.run.workers or None, progress=listener.progress
        )
        listener.step("split by group")
        corrected = apply_corrections(dataset, fingerprints, corrections)
        if corrected is not None:
            dataset, fingerprints = corrected.dataset, corrected.fingerprints
        split = _split(dataset, fingerprints, recipe)
        write_manifest(folder.manifest, split.manifest)
        facts = _facts(dataset, fingerprints, split)
        facts["corrections"] = None if corrected is None else corrected.counts.as_dict()
        write_json(folder.split, facts)
    facts = json.loads(folder.split.read_text(encoding="utf-8"))
    for line in split_notes(facts):
        listener.note(line)
    manifest = read_manifest(folder.manifest, root=dataset.root)
    return make_parts(manifest, {photo.path: photo.source for photo in dataset.photos}), facts


def split_notes(facts: dict[str, Any]) -> list[str]:
    """What ``split.json`` says, in sentences."""
    parts = ", ".join(f"{part} {sum(counts.values()):,}" for part, counts in facts["parts"].items())
    corrections = facts.get("corrections")
    notes = [] if corrections is None else [corrections["sentence"]]
    notes.append(f"split by {facts['groups']:,} groups ({facts['grouping']}): {parts}")
    random = facts["random_split"]
    shared = random["exact"] + random["near"] + random["grouped"]
    notes.append(
        f"a random split would have shared {shared:,} of its {random['test']:,} test photos with training: "
        f"{random['exact']:,} exact copies, {random['near']:,} near copies, {random['grouped']:,} of the "
        "same group; this split shares none"
    )
    if facts["unreadable"]:
        notes.append(f"{len(facts['unreadable']):,} files can't be read and are left out (see split.json)")
    if facts["contradictory"]:
        notes.append(f"{len(facts['contradictory']):,} groups of copies carry both labels and are left out")
    if facts["across_parts"]:
        notes.append(
            f"warning: {len(facts['across_parts']):,} groups of copies lie in different parts of the folder "
            "layout; the results are too good by that much"
        )
    if facts["unordered_folders"]:
        folders = ", ".join(facts["unordered_folders"])
        notes.append(f"file numbers say nothing about neighbours in {folders}: grouped by copies there")
    return notes


def _split(dataset: Dataset, fingerprints: Sequence[Fingerprint], recipe: Recipe) -> Split:
    return split_dataset(
        dataset,
        fingerprints,
        shares=Shares.parse(recipe.data.shares),
        seed=recipe.data.seed,
        grouping=recipe.data.grouping,
        block_length=recipe.data.block,
    )


def _facts(dataset: Dataset, fingerprints: Sequence[Fingerprint], split: Split) -> dict[str, Any]:
    sources = Counter((photo.source, photo.label) for photo in dataset.photos)
    names = sorted({photo.source for photo in dataset.photos})
    sides = [max(one.size_hw) for one in fingerprints if one.error is None]
    return {
        "sources": {name: {str(label): sources[name, label] for label in Label} for name in names},
        "unlabelled": dataset.unlabelled,
        "patch_px": int(median(sides)),
        "shares": str(split.shares),
        "seed": split.seed,
        "grouping": str(split.grouping),
        "groups": split.groups,
        "parts": {
            str(part): {str(label): count for label, count in counts.items()}
            for part, counts in split.counts().items()
        },
        "random_split": asdict(split.random),
        "unreadable": [{"path": one.path, "error": one.error} for one in split.unreadable],
        "contradictory": split.contradictory,
        "across_parts": split.across_parts,
        "unordered_folders": split.unordered_folders,
    }
