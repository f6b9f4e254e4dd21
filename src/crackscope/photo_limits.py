"""How many pixels a photo may have, and why."""

from __future__ import annotations

#: Where a photo is decoded whole, above this many it is refused unless the caller raises the limit: 256
#: megapixels take 768 MB, and a 200-megapixel phone fits.
LIMIT_PIXELS = 256_000_000

#: Where large photos are read by windows, as they are for `predict`, `scan` and the server, memory does not
#: grow with them: a wall or a bridge deck as one map fits.
WINDOWED_LIMIT_PIXELS = 4_000_000_000
