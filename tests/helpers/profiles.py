"""Colour profiles of photos, made from their primaries."""

from __future__ import annotations

import io

import numpy as np
from PIL import ImageCms


def profile(red: tuple[float, float], green: tuple[float, float], blue: tuple[float, float]) -> bytes:
    """An ICC profile of these primaries at D65, with the gamma of sRGB or nearly so."""
    return ImageCms.ImageCmsProfile(_rgb_profile(red, green, blue)).tobytes()


def _rgb_profile(*primaries_xy: tuple[float, float]) -> io.BytesIO:
    """sRGB's own profile with its three colorants replaced: those are s15Fixed16 numbers at known tags."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries_xy]).T
    columns *= np.linalg.solve(columns, white)
    bradford = np.array([[1.0479, 0.0229, -0.0502], [0.0296, 0.9905, -0.0171], [-0.0092, 0.0151, 0.7517]])
    for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), (bradford @ columns).T, strict=True):
        entry = data.index(name)
        place = int.from_bytes(data[entry + 4 : entry + 8], "big")
        for index, value in enumerate(xyz):
            fixed = round(float(value) * 65536).to_bytes(4, "big", signed=True)
            data[place + 8 + 4 * index : place + 12 + 4 * index] = fixed
    return io.BytesIO(bytes(data))


SRGB_XY = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
P3_XY = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_XY = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
SRGB, DISPLAY_P3, ADOBE_RGB = profile(*SRGB_XY), profile(*P3_XY), profile(*ADOBE_XY)
