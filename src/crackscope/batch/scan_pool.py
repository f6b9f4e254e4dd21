"""Workers of a Ray cluster that scan photos for a server: the reports of one machine, heat maps and all."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

from crackscope.batch.cluster import connect, count_workers, ray, silenced
from crackscope.batch.models import pack_model, refuse_other_scores, unpack_model
from crackscope.batch.scratch import process_folder
from crackscope.bundle import Bundle
from crackscope.errors import BatchStoppedError, MissingExtraError, PhotoError, UnreadablePhotoError
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.engines import Device, Engine
from crackscope.inspection.records import PhotoReport
from crackscope.scanning.records import ScanSettings
from crackscope.scanning.scanner import CrackScanner

#: A photo whose worker died this often is given up.
_MOST_DEATHS = 2


class _PoolScanner:
    """The actor: one session of the model."""

    def __init__(self, packed: Any) -> None:
        self._scratch = process_folder()
        bundle = unpack_model(packed)
        self._classifier = CrackClassifier.load(bundle, device=Device.CPU, threads=1)
        refuse_other_scores(packed, self._classifier)

    def is_there(self) -> bool:
        """An answer that no photo can prevent."""
        return True

    def scan(self, content: bytes, settings: ScanSettings) -> PhotoReport | str:
        """The report of a file's content, or why there is none."""
        path = self._scratch / "photo"
        path.write_bytes(content)
        try:
            return CrackScanner(self._classifier, settings, 1).scan(path)
        except (PhotoError, MissingExtraError) as error:
            return str(error).replace(str(path), "the photo")
        finally:
            path.unlink(missing_ok=True)


class ScanPool:
    """A worker for each processor of a cluster; as many threads may scan at a time.

    Ray ends the process that is connected to a cluster a minute after the cluster is gone: a server has its
    pool in another, see `PoolProcess`.

    Args:
        bundle: The model.
        address: Of the cluster.

    Attributes:
        workers: How many there are.

    Raises:
        SettingsError: There is no cluster at the address, or it has no processor.
    """

    def __init__(self, bundle: Bundle, address: str) -> None:
        self._connected = not ray.is_initialized()
        if self._connected:
            with silenced():
                connect(address)
        self.workers = count_workers(None, cpus=1, gpus=0)
        packed = ray.put(pack_model(bundle, Engine.ONNXRUNTIME))
        actor = ray.remote(num_cpus=1, max_restarts=-1)(_PoolScanner)
        self._actors = [actor.remote(packed) for _ in range(self.workers)]
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for each in self._actors:
            self._idle.put(each)

    def scan(self, path: Path, settings: ScanSettings) -> PhotoReport:
        """Scan one photo as `CrackScanner.scan` does; waits for a worker.

        Raises:
            PhotoError: It can't be scanned.
            BatchStoppedError: The cluster is gone.
            RuntimeError: The worker failed at what nobody foresaw.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UnreadablePhotoError(error.strerror or str(error)) from error
        worker = self._idle.get()
        try:
            answer = _answer(worker, content, settings)
        except ray.exceptions.RayActorError as error:
            raise BatchStoppedError(f"the Ray cluster is gone: {_first_line(error)}") from error
        except ray.exceptions.RayError as error:
            # Ray's own can be unpickled only where Ray is.
            raise RuntimeError(str(error)) from None
        finally:
            self._idle.put(worker)
        if isinstance(answer, str):
            raise PhotoError(answer)
        return answer

    def close(self) -> None:
        """Let the cluster go."""
        for actor in self._actors:
            ray.kill(actor)
        if self._connected:
            ray.shutdown()


def _answer(worker: Any, content: bytes, settings: ScanSettings) -> PhotoReport | str:
    for _ in range(_MOST_DEATHS):
        try:
            answer: PhotoReport | str = ray.get(worker.scan.remote(content, settings))
        except ray.exceptions.RayActorError:
            continue
        return answer
    # Without this the first photos after a cluster's end would be taken for its killers.
    ray.get(worker.is_there.remote())
    return "the process that scanned it died each time"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
