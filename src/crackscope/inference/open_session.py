"""From a bundle and the name of an engine to a session whose answers are the recorded ones."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from crackscope.bundle import Bundle
from crackscope.cpus import available_cpus
from crackscope.errors import BundleError, SettingsError
from crackscope.inference.engines import Device, Engine
from crackscope.inference.known_answers import EXACT, MAX_STRAY, known_images, stray
from crackscope.inference.session import Session

Name = TypeVar("Name", bound=StrEnum)


def open_session(
    bundle: Bundle,
    *,
    engine: str = Engine.ONNXRUNTIME,
    device: str = Device.AUTO,
    threads: int | None = None,
) -> Session:
    """Load a bundle's graph.

    Args:
        bundle: The model.
        engine: An `Engine` by name.
        device: A `Device` by name.
        threads: Batches that run at a time; ``None`` is every processor this process may use.

    Raises:
        SettingsError: An engine or device that does not exist or is not available here.
        MissingExtraError: The engine is not installed.
        BundleError: The graph can't be loaded or is not what a bundle holds.
    """
    if threads is not None and threads < 1:
        raise SettingsError(f"threads is {threads}; expected 1 or more")
    threads = threads or available_cpus()
    chosen_engine, chosen_device = _named(Engine, engine), _named(Device, device)
    if chosen_engine is Engine.ONNXRUNTIME:
        return _open_onnx(bundle, chosen_device, threads)
    from crackscope.inference.openvino_session import OpenVinoSession

    bf16 = chosen_engine is Engine.OPENVINO_BF16
    return _checked(OpenVinoSession(bundle, device=chosen_device, threads=threads, bf16=bf16), chosen_engine)


def _open_onnx(bundle: Bundle, device: Device, threads: int) -> Session:
    """Fast integers where they are known to be right here, else exact ones; floats are the same in both."""
    from crackscope.inference.onnx_session import OnnxSession

    if bundle.config.answers is not None:
        fast = OnnxSession(bundle, device=device, threads=threads, exact_integers=False)
        if answers_stray(fast) <= EXACT:
            return fast
    exact = OnnxSession(bundle, device=device, threads=threads, exact_integers=True)
    return _checked(exact, Engine.ONNXRUNTIME)


def answers_stray(session: Session) -> float:
    """How far a session's answers are from the model's known ones, see `known_answers.stray`; 0 without."""
    answers = session.bundle.config.answers
    if answers is None:
        return 0.0
    return stray(answers, session.infer(known_images(session.bundle.config.input_hw)).embedding)


def _checked(session: Session, engine: Engine) -> Session:
    found = answers_stray(session)
    if found > MAX_STRAY:
        other = "another engine" if engine is Engine.ONNXRUNTIME else f"--engine {Engine.ONNXRUNTIME}"
        raise BundleError(
            f"{session.bundle.folder} is a model of 8-bit integers, and {engine} on this processor does not "
            f"compute them as recorded: features differ by {found:.0%} (at most {MAX_STRAY:.0%}). "
            f"Use {other}, or the model in fp16"
        )
    return session


def _named(kind: type[Name], name: str) -> Name:
    try:
        return kind(name)
    except ValueError:
        raise SettingsError(f"no {kind.__name__.lower()} {name!r}; expected {', '.join(kind)}") from None
