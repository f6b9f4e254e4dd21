"""Memory and time of scanning one gigapixel photo: a tiled BigTIFF, made here and scanned in a process.

python benchmarks/scan_gigapixel.py --model runs/model --folder /tmp/gigapixel --memory-mb 512
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import crackscope
from crackscope.dataset.synthetic import make_photo

BLOCK_PX = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--side-px", type=int, default=32_768)
    parser.add_argument("--memory-mb", type=int, default=512)
    parser.add_argument("--overlap", type=float, default=0.5)
    arguments = parser.parse_args()
    photo = arguments.folder / f"gigapixel-{arguments.side_px}.tif"
    if not photo.exists():
        write_photo(photo, arguments.side_px)
    seconds, peak_mb = scan(photo, arguments)
    document = {
        "what": "one photo by windows",
        "crackscope": crackscope.__version__,
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "pixels": arguments.side_px**2,
        "file_mb": round(photo.stat().st_size / 2**20),
        "memory_mb_flag": arguments.memory_mb,
        "overlap": arguments.overlap,
        "seconds": round(seconds, 1),
        "peak_rss_mb": round(peak_mb),
    }
    print(json.dumps(document, indent=2))


def write_photo(path: Path, side_px: int) -> None:
    """Blocks of synthetic concrete, each eighth with a crack."""
    import rasterio
    from rasterio.windows import Window

    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = [
        make_photo(np.random.default_rng(seed), (BLOCK_PX, BLOCK_PX), cracks=int(seed == 0)).pixels_hwc
        for seed in range(8)
    ]
    profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "width": side_px, "height": side_px}
    tiles = {"tiled": True, "blockxsize": 512, "blockysize": 512, "BIGTIFF": "YES"}
    photometric = {"compress": "jpeg", "photometric": "ycbcr"}
    rng = np.random.default_rng(0)
    with rasterio.open(path, "w", **profile, **tiles, **photometric) as out:
        for top in range(0, side_px, BLOCK_PX):
            for left in range(0, side_px, BLOCK_PX):
                block = blocks[rng.integers(len(blocks))].transpose(2, 0, 1)
                height, width = min(BLOCK_PX, side_px - top), min(BLOCK_PX, side_px - left)
                out.write(block[:, :height, :width], window=Window(left, top, width, height))


def scan(photo: Path, arguments: argparse.Namespace) -> tuple[float, float]:
    """Seconds and peak resident memory in MiB of ``crackscope scan`` of the photo."""
    command = [sys.executable, "-m", "crackscope", "scan", str(photo), "--fresh"]
    command += ["--output", str(arguments.folder / "out"), "--memory-mb", str(arguments.memory_mb)]
    command += ["--overlap", str(arguments.overlap)]
    if arguments.model:
        command += ["--model", str(arguments.model)]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=sys.stderr)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return seconds, peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
