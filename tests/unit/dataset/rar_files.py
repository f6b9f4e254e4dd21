"""Write small RAR archives (format 4, stored): nothing free packs RAR, but its container is simple."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

FILE_MODE = 0o100644
LINK_MODE = 0o120777


def write_rar(path: Path, members: dict[str, bytes], *, mode: int = FILE_MODE, damage: bool = False) -> Path:
    """An archive of stored members; ``damage`` makes their contents differ from their checksums."""
    blocks = [b"Rar!\x1a\x07\x00", _block(0x73, 0, b"\0" * 6)]
    for name, content in members.items():
        # Format 4 separates folders by backslashes, whatever system made it.
        encoded = name.replace("/", "\\").encode()
        header = struct.pack(
            "<IIBIIBBHI",
            len(content),
            len(content),
            3,  # made on Unix
            zlib.crc32(content),
            0x5A21_6000,  # 2025-01-01 12:00, as MS-DOS counts
            20,
            0x30,  # stored
            len(encoded),
            mode,
        )
        blocks += [_block(0x74, 0x8000, header + encoded), content[::-1] if damage else content]
    blocks.append(_block(0x7B, 0x4000, b""))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(blocks))
    return path


def _block(kind: int, flags: int, body: bytes) -> bytes:
    header = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
    return struct.pack("<H", zlib.crc32(header) & 0xFFFF) + header
