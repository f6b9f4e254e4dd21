"""Every error crackscope raises on purpose.

    CrackscopeError
    ├── PhotoError                  one photo; becomes a `Failure` row, the run goes on
    │   ├── UnreadablePhotoError    missing, empty, truncated, no permission, not an image
    │   ├── PhotoTooLargeError      more pixels than the limit (decompression bomb)
    │   ├── PhotoTooSmallError      a side shorter than 16 pixels
    │   ├── PhotoMemoryError        not enough memory for this one
    │   └── UnexpectedPhotoError    nobody foresaw it: a fault of crackscope or of a library
    ├── DataError                   a data folder, manifest or input list the run can't use
    │   ├── NoPhotosError           nothing to work on
    │   └── MissingClassError       Positive or Negative has no photo
    ├── DownloadError               a transfer that did not arrive whole
    │   ├── ChecksumError           what arrived is not what was recorded
    │   └── ArchiveError            damaged, hostile, or a tool to unpack it is missing
    ├── RecipeError                 an unknown key or a value out of range
    ├── WeightsError                pretrained weights that are not there or do not fit
    ├── BundleError                 a model folder that is damaged, foreign or of another schema
    ├── ExportError                 ONNX and PyTorch disagree
    ├── NotBetterError              a model fitted anew that does no better; the old one stays
    ├── ResumeError                 a run folder that can't be continued as asked
    ├── BatchStoppedError           a batch that stopped on the way; finished shards are kept
    ├── RunInterruptedError         Ctrl-C; the work so far is saved
    ├── SettingsError               a setting out of range
    ├── OutputError                 a place that can't be written to
    ├── StorageError                a bucket, disk or file server that does not answer
    └── MissingExtraError           an optional dependency is not installed

A message says what was found, what was expected and what to do next.
"""

from __future__ import annotations


class CrackscopeError(Exception):
    """Base of all errors raised by crackscope on purpose."""


class PhotoError(CrackscopeError):
    """One photo can't be used; a batch reports it as a `Failure` and goes on."""


class UnreadablePhotoError(PhotoError):
    """The file is missing, empty, truncated, forbidden, or not an image."""


class PhotoTooLargeError(PhotoError):
    """The photo has more pixels than the limit allows."""


class PhotoTooSmallError(PhotoError):
    """A side of the photo is shorter than the smallest side that can be scored."""


class PhotoMemoryError(PhotoError):
    """There is not enough memory for this photo."""


class UnexpectedPhotoError(PhotoError):
    """A fault of crackscope or of a library that showed at this photo; see `guard`."""


class DataError(CrackscopeError):
    """A data folder, manifest or list of inputs can't be used."""


class NoPhotosError(DataError):
    """No photo was found where some were expected."""


class MissingClassError(DataError):
    """One of the two classes has no photo."""


class DownloadError(CrackscopeError):
    """A transfer failed or did not arrive whole."""


class ChecksumError(DownloadError):
    """The file's SHA-256 is not the recorded one."""


class ArchiveError(DownloadError):
    """An archive is damaged, would write outside its folder, or needs a tool that is missing."""


class RecipeError(CrackscopeError):
    """A recipe has an unknown key or a value out of range."""


class WeightsError(CrackscopeError):
    """Pretrained weights are not to be had, or do not fit the backbone."""


class BundleError(CrackscopeError):
    """A model folder is damaged, foreign, or of a schema this version can't read."""


class ExportError(CrackscopeError):
    """The exported graph and the trained network do not agree."""


class NotBetterError(CrackscopeError):
    """A model that was fitted anew is not shown to be better, or is worse; the old one stays."""


class ResumeError(CrackscopeError):
    """A run folder can't be continued with what was asked."""


class SettingsError(CrackscopeError):
    """A setting is out of range."""


class BatchStoppedError(CrackscopeError):
    """A batch stopped on the way; the shards that are finished are kept, and it can be resumed."""


class RunInterruptedError(CrackscopeError):
    """A person stopped the run; what was done is saved, and the same command goes on from there."""


class OutputError(CrackscopeError):
    """The output can't be written: read-only, full, or inside the input."""


class StorageError(CrackscopeError):
    """A bucket, a disk or a file server does not answer, is full, or refuses."""


class MissingExtraError(CrackscopeError):
    """An optional dependency is not installed.

    Args:
        package: The package that could not be imported.
        extra: The extra that brings it, as in ``pip install "crackscope[extra]"``.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f'{package} is not installed; run: pip install "crackscope[{extra}]"')
        self.package = package
        self.extra = extra
