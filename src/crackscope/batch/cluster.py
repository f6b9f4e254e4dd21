"""Ray, quiet and offline: a cluster that runs already, or one on this machine that ends with the batch."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from crackscope.cpus import available_cpus
from crackscope.errors import BatchStoppedError, SettingsError

# Ray reads these when it is imported or started: nothing is reported to anyone, and workers started here
# have the priority of the command itself (Ray's own choice, 15, starves them beside any other program). The
# native part's level is announced on standard error, where `silenced` hides it.
for _name, _value in {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_worker_niceness": "0",
}.items():
    os.environ.setdefault(_name, _value)

import ray  # noqa: E402
import ray.util.client  # noqa: E402

__all__ = ["connect", "count_workers", "from_afar", "ray", "ray_cluster", "silence", "silenced"]

#: Shards are written by the workers themselves: only numbers of shards, and the model, pass through the
#: object store. Ray's own choice would be a third of the memory.
_OBJECT_STORE_BYTES = 200 << 20

#: How long a cluster may take to say that somebody is there.
_KNOCK_S = 10.0


@contextmanager
def ray_cluster(address: str | None) -> Iterator[None]:
    """Connect to a cluster, or start one here; in a process that is connected already, use that.

    Raises:
        SettingsError: There is no cluster at the address.
    """
    if ray.is_initialized():
        yield
        return
    with silenced():
        connect(address)
    # Ray prints what became of its workers; what that means for the batch is in its status.
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123
        try:
            yield
        finally:
            ray.shutdown()


def count_workers(asked: int | None, *, cpus: int, gpus: float) -> int:
    """How many workers the cluster has room for now, or as many as were asked for.

    Raises:
        SettingsError: There is no room for one.
    """
    if asked is not None:
        return asked
    has = ray.cluster_resources()
    room = [has.get("CPU", 0) // cpus, *([has.get("GPU", 0) // gpus] if gpus else [])]
    if min(room) < 1:
        wanted = f"{cpus} processors" + (f" and {gpus:g} GPUs" if gpus else "")
        raise SettingsError(
            f"a worker needs {wanted}; the cluster has {has.get('CPU', 0):g} processors and "
            f"{has.get('GPU', 0):g} GPUs. Where it grows on demand, say how many --workers it should grow to"
        )
    return int(min(room))


def from_afar() -> bool:
    """Whether this process is connected by ``ray://``, and is itself no part of the cluster."""
    return bool(ray.util.client.ray.is_connected())


@contextmanager
def silenced() -> Iterator[None]:
    """Hide what Ray's native part writes straight to standard error; its errors are exceptions too."""
    kept = os.dup(2)
    try:
        silence()
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def silence() -> None:
    """Nothing on standard error from now on."""
    sys.stderr.flush()
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)


def connect(address: str | None) -> None:
    """Connect to a cluster, or start one here.

    Raises:
        SettingsError: There is no cluster at the address.
        BatchStoppedError: Ray does not start.
    """
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        if address is None:
            ray.init(
                # Also where RAY_ADDRESS names a cluster: without --address, small jobs stay here.
                address="local",
                num_cpus=available_cpus(),
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_BYTES,
                **quiet,
            )
        else:
            _knock(address)
            ray.init(address=address, **quiet)
    except ConnectionError as error:
        # A cluster of `ray start` asks for a token; by ray://, Ray sends one only where it is told to.
        may_be = "; is RAY_AUTH_MODE=token set?" if str(address).startswith("ray://") else ""
        reason = " ".join(str(error).split())[:200]
        raise SettingsError(f"no Ray cluster at {address}: {reason}{may_be}") from error
    except (RuntimeError, ValueError) as error:
        raise BatchStoppedError(f"Ray did not start: {str(error).splitlines()[0]}") from error


def _knock(address: str) -> None:
    """Ask whether anybody is there: Ray waits a minute, and then ends the process that asks.

    Raises:
        SettingsError: Nobody answers.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not (host and port.isdecimal()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()
    except OSError as error:
        raise SettingsError(f"no Ray cluster at {address}: {error.strerror or error}") from error
