"""What a run was made with: versions and machine, for the record beside the results."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from typing import Any

import torch

from crackscope import __version__
from crackscope.cpus import available_cpus

_PACKAGES = (
    "numpy",
    "pillow",
    "simplejpeg",
    "torch",
    "timm",
    "lightning",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "scikit-learn",
)


def package_versions() -> dict[str, str]:
    """Versions of crackscope, Python and the packages that shape a result."""
    versions = {"crackscope": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def describe_environment() -> dict[str, Any]:
    """Versions, system, processors and accelerators, as ``environment.json`` holds them."""
    return {
        "versions": package_versions(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": sys.version,
        "processors": available_cpus(),
        "torch_threads": torch.get_num_threads(),
        "accelerators": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "variables": {
            name: os.environ[name]
            for name in ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
            if name in os.environ
        },
    }
