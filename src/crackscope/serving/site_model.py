"""The model that a server's own reviews made: kept in its data folder, beside the ones before it."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from crackscope.bundle import Bundle
from crackscope.errors import BundleError
from crackscope.storage import atomic_folder, write_text

_FOLDER, _CURRENT = "models", "current.txt"


def site_model(data_dir: Path) -> Path | None:
    """The folder of the model in use; ``None`` where no model was put in place.

    Raises:
        BundleError: What is named is not there; the shipped detector must not step in unasked.
    """
    current = data_dir / _FOLDER / _CURRENT
    if not current.is_file():
        return None
    name = current.read_text(encoding="utf-8").strip()
    if not name or Path(name).name != name or not (data_dir / _FOLDER / name).is_dir():
        raise BundleError(
            f"{current} names {name!r}, which is no folder beside it; name one that is, or delete the file "
            "to go back to the shipped detector"
        )
    return data_dir / _FOLDER / name


def put_in_place(data_dir: Path, bundle: Bundle) -> Path:
    """Copy a model to the data folder and have servers started from now on use it; older ones stay.

    Returns:
        Its new folder. A kill at any moment leaves the old model in use, or the new one.
    """
    made = datetime.fromisoformat(bundle.config.created)
    target = data_dir / _FOLDER / f"{made:%Y-%m-%d-%H%M%S}-{bundle.identity[:8]}"
    if not target.exists():
        with atomic_folder(target) as temporary:
            shutil.copytree(bundle.folder, temporary, dirs_exist_ok=True)
    write_text(data_dir / _FOLDER / _CURRENT, target.name + "\n")
    return target
