from __future__ import annotations

import signal
import threading

import pytest

from crackscope.training.interrupt import DeferredInterrupt


def test_the_first_ctrl_c_is_noted_and_the_second_interrupts() -> None:
    with DeferredInterrupt() as interrupt:
        assert not interrupt.asked()
        signal.raise_signal(signal.SIGINT)
        assert interrupt.asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_after_the_block_ctrl_c_is_as_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="oops"), DeferredInterrupt():
        raise ValueError("oops")
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_of_the_main_thread_it_changes_nothing() -> None:
    before = signal.getsignal(signal.SIGINT)

    def block() -> None:
        with DeferredInterrupt():
            assert signal.getsignal(signal.SIGINT) is before

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()
