"""What a job's photos are, and where its shards must not go."""

from __future__ import annotations

import pytest

pytest.importorskip("fsspec", reason="the extra [batch] is not installed")
pytest.importorskip("pyarrow", reason="the extra [batch] is not installed")

from crackscope.batch.records import Job, Kind
from crackscope.batch.tasks import find_photos_of
from crackscope.errors import OutputError


def job(kind: Kind, *sources: str) -> Job:
    nothing: dict[str, str] = {}
    return Job(
        kind=kind,
        sources=sources,
        folder=None,
        model=nothing,
        settings={},
        engine="onnxruntime",
        device="cpu",
        header={},
        version="1",
        shard_photos=1,
    )


@pytest.fixture
def bucket() -> str:
    import fsspec

    fsspec.filesystem("memory").pipe_file("/bridges/photos/a.jpg", b"")
    return "memory://bridges"


def test_a_scan_does_not_draw_pictures_among_its_photos(bucket: str) -> None:
    scan = job(Kind.SCAN, f"{bucket}/photos")
    with pytest.raises(OutputError, match="lies in the data folder memory://bridges/photos"):
        find_photos_of(scan, f"{bucket}/photos/scan", patience_s=0)
    assert list(find_photos_of(scan, f"{bucket}/scan", patience_s=0)) == ["memory:///bridges/photos/a.jpg"]


def test_predictions_may_lie_among_the_photos(bucket: str) -> None:
    predict = job(Kind.PREDICT, f"{bucket}/photos")
    assert len(list(find_photos_of(predict, f"{bucket}/photos/shards", patience_s=0))) == 1
