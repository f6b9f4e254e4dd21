"""What is known of a shard whose worker died: so that a photo that kills is not tried for ever."""

from __future__ import annotations

import json
from collections import Counter

from crackscope.batch.places import Place
from crackscope.batch.shards import shard_file

FOLDER = "trials"

#: A photo in whose hands the process died this often, looked at alone, is given up.
MOST_DEATHS = 2


class Trial:
    """One shard's notes, kept at the destination while it is worked on.

    A worker that finds notes of its own run knows that the one before it died: that is no matter of a driver
    that was stopped. It then looks at the photos one at a time and notes each beforehand.

    Args:
        place: The destination.
        shard: Its number.
        run: What this run of the batch is known by.

    Attributes:
        after_death: Whether a worker died at this shard before.
    """

    def __init__(self, place: Place, shard: int, run: str) -> None:
        self._place, self._name, self._run = place, shard_file(FOLDER, shard, "json"), run
        notes = place.read_if_there(self._name)
        earlier = {} if notes is None else json.loads(notes)
        self._deaths = Counter({int(photo): count for photo, count in earlier.get("deaths", {}).items()})
        if (photo := earlier.get("photo")) is not None:
            self._deaths[photo] += 1
        self.after_death = earlier.get("run") == run or bool(self._deaths)
        self._write(None)

    def at(self, photo: int) -> None:
        """The photo (its number in the shard) that is looked at next, alone."""
        self._write(photo)

    def died_at(self, photo: int) -> None:
        """The process that looked at it died."""
        self._deaths[photo] += 1

    def is_killer(self, photo: int) -> bool:
        """Whether it killed often enough to be given up."""
        return self._deaths[photo] >= MOST_DEATHS

    def end(self) -> None:
        """Nothing died: the shard is finished, or waits for a storage that is away."""
        self._place.remove(self._name)

    def _write(self, photo: int | None) -> None:
        notes = {"run": self._run, "photo": photo, "deaths": dict(self._deaths)}
        self._place.write(self._name, json.dumps(notes).encode())
