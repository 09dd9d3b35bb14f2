from __future__ import annotations

from types import SimpleNamespace

import pynvml
import pytest

from tests.studies import Clock
from tuner.gpu_use import EVERY_SECONDS, Gauge
from tuner.snapshot import GpuUse

GB = 2**30


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Stand in for NVML with two GPUs; return the list that grows with every GPU that is asked."""
    numbers: list[int] = []

    def handle(number: int) -> int:
        numbers.append(number)
        return number

    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: 2)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", handle)
    monkeypatch.setattr(
        pynvml, "nvmlDeviceGetMemoryInfo", lambda number: SimpleNamespace(used=(number + 1) * GB, total=80 * GB)
    )
    monkeypatch.setattr(pynvml, "nvmlDeviceGetUtilizationRates", lambda number: SimpleNamespace(gpu=87))
    return numbers


def test_the_gpus_that_train_are_read_and_no_others(asked: list[int]) -> None:
    assert Gauge(Clock()).read(["gpu 1", "gpu 1"]) == (GpuUse("gpu 1", 87, 2 * GB, 80 * GB),)
    assert asked == [1]


def test_they_are_read_now_and_then_and_not_at_every_redraw(asked: list[int]) -> None:
    clock = Clock()
    gauge = Gauge(clock)
    for clock.now in (0.0, 0.5, EVERY_SECONDS):
        gauge.read(["gpu 0"])
    assert asked == [0, 0]


def test_a_gpu_that_keeps_how_busy_it_is_to_itself_tells_its_memory(
    asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    monkeypatch.setattr(pynvml, "nvmlDeviceGetUtilizationRates", refuse)
    assert Gauge(Clock()).read(["gpu 0"]) == (GpuUse("gpu 0", None, GB, 80 * GB),)


def test_a_machine_without_nvml_is_asked_once_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def refuse() -> None:
        calls.append(1)
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", refuse)
    clock = Clock()
    gauge = Gauge(clock)
    for clock.now in (0.0, 100.0, 200.0):
        assert gauge.read(["gpu 0"]) == ()
    assert calls == [1]


def test_where_all_train_on_the_cpu_nvml_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: pytest.fail("asked"))
    assert Gauge(Clock()).read(["cpu", "cpu"]) == ()
