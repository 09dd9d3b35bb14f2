"""Which devices a study gets; NVML is replaced, because a test machine has no GPU."""

from __future__ import annotations

import pynvml
import pytest

from tuner.executors import devices
from tuner.executors.devices import Device, Wanted, choose


@pytest.fixture
def four_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlShutdown", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: 4)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda i: i)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetUUID", lambda i: f"GPU-{i}{i}{i}{i}-abcd")


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", fail)


@pytest.mark.usefixtures("four_gpus")
@pytest.mark.parametrize(
    ("chosen", "per_device", "jobs", "slots"),
    [
        ("auto", 1, None, [0, 1, 2, 3]),
        ("auto", 2, None, [0, 1, 2, 3, 0, 1, 2, 3]),
        ("auto", 2, 5, [0, 1, 2, 3, 0]),
        ([0, 2], 1, None, [0, 2]),
        ([3], 2, None, [3, 3]),
    ],
)
def test_gpus_are_shared_out(chosen: str | list[int], per_device: int, jobs: int | None, slots: list[int]) -> None:
    assert choose(Wanted(chosen, per_device, jobs)) == [Device(i) for i in slots]


@pytest.mark.usefixtures("four_gpus")
@pytest.mark.parametrize(
    ("variable", "seen"),
    [("1,3", [1, 3]), ("GPU-2222-abcd", [2]), ("", []), ("-1", []), ("0,9,1", [0])],
)
def test_the_environment_limits_the_choice(monkeypatch: pytest.MonkeyPatch, variable: str, seen: list[int]) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert devices.gpus() == seen


@pytest.mark.usefixtures("four_gpus")
def test_a_gpu_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(GPU 0, 1, 2, 3 found\), but got \[4\]"):
        choose(Wanted([1, 4]))


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_auto_means_the_cpu() -> None:
    assert choose(Wanted("auto", jobs=3)) == [Device()] * 3
    assert len(choose(Wanted())) == devices.default_jobs()


@pytest.mark.usefixtures("four_gpus")
def test_the_cpu_can_be_asked_for() -> None:
    assert choose(Wanted("cpu", jobs=2)) == [Device(), Device()]
