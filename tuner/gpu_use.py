"""What the GPUs of this machine do: how busy they are and how much of their memory is used, by NVML."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import pynvml

from tuner.executors.devices import Device
from tuner.snapshot import GpuUse

EVERY_SECONDS = 2.0
"""NVML tells a mean over up to a second; figures that change faster than this cannot be read."""


class Gauge:
    """Reads GPUs now and then; a machine without NVML is asked once and never again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: bool | None = None
        self._read_at = float("-inf")
        self._devices: list[str] = []
        self._last: tuple[GpuUse, ...] = ()

    def read(self, devices: Iterable[str]) -> tuple[GpuUse, ...]:
        """Return what those of ``devices`` do that are GPUs, in the order of their numbers."""
        wanted = sorted(set(devices))
        fresh = wanted == self._devices and self._clock() - self._read_at < EVERY_SECONDS
        if not fresh:
            self._read_at, self._devices = self._clock(), wanted
            self._last = self._ask(wanted)
        return self._last

    def _ask(self, wanted: list[str]) -> tuple[GpuUse, ...]:
        if self._answers is False or all(name == str(Device()) for name in wanted):
            return ()
        try:
            if self._answers is None:
                self._answers = False
                pynvml.nvmlInit()
                self._answers = True
            there = range(pynvml.nvmlDeviceGetCount())
            return tuple(_use(number) for number in there if str(Device(number)) in wanted)
        except pynvml.NVMLError:
            return ()


def _use(number: int) -> GpuUse:
    handle = pynvml.nvmlDeviceGetHandleByIndex(number)
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    try:
        busy = int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    except pynvml.NVMLError:
        busy = None  # a slice of a GPU, for one, knows its memory alone
    return GpuUse(str(Device(number)), busy, int(memory.used), int(memory.total))
