"""Which devices there are, and which of them a study may use. GPUs are found through NVML, without importing torch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pynvml

CPU = "cpu"


@dataclass(frozen=True)
class Device:
    """A slot that one trial can have: a GPU by its number, a share of the CPU, or what ``engine`` gives it."""

    gpu: int | None = None
    engine: str = ""

    def __str__(self) -> str:
        return self.engine or (CPU if self.gpu is None else f"gpu {self.gpu}")

    def environment(self) -> dict[str, str]:
        """Return the variables under which a process sees this device and no other."""
        if self.engine:
            return {}
        visible = "" if self.gpu is None else str(self.gpu)
        # NVML counts in PCI order; CUDA would count the fastest first.
        return {"CUDA_VISIBLE_DEVICES": visible, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


@dataclass(frozen=True)
class Wanted:
    """What a configuration says of devices: which, how many trials share one, most trials at a time."""

    devices: str | Sequence[int] = "auto"
    per_device: int = 1
    jobs: int | None = None


def gpus(environment: Mapping[str, str] = os.environ) -> list[int]:
    """Return the numbers of the GPUs that this process may use, by NVML and CUDA_VISIBLE_DEVICES."""
    try:
        pynvml.nvmlInit()
        try:
            count = pynvml.nvmlDeviceGetCount()
            uuids = [str(pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetHandleByIndex(i))) for i in range(count)]
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return []  # no driver, or one that cannot say what there is
    return _visible(uuids, environment.get("CUDA_VISIBLE_DEVICES"))


def _visible(uuids: Sequence[str], allowed: str | None) -> list[int]:
    if allowed is None:
        return list(range(len(uuids)))
    found: list[int] = []
    for word in (w.strip() for w in allowed.split(",")):
        matches = [i for i, uuid in enumerate(uuids) if word == str(i) or (len(word) > 4 and uuid.startswith(word))]
        if not matches:
            break  # CUDA ignores everything after the first name it does not know
        found += matches[:1]
    return found


def choose(wanted: Wanted) -> list[Device]:
    """Return the slots of a study on this machine.

    ``auto``: every GPU, or the CPU where there is none; ``cpu``: the CPU with ``jobs`` slots (default: half the cores);
    a list: those GPUs. Every GPU gives ``per_device`` slots, and ``jobs`` bounds their sum.
    Raises ValueError for a device that does not exist.
    """
    devices, per_device, jobs = wanted.devices, wanted.per_device, wanted.jobs
    if devices == CPU:
        return [Device()] * (jobs or default_jobs())
    there = gpus()
    if devices != "auto":
        missing = [d for d in devices if d not in there]
        if missing:
            found = f"GPU {', '.join(map(str, there))}" if there else "no GPU"
            raise ValueError(
                f"expected devices of this machine ({found} found), but got {missing}; auto takes what is there"
            )
        there = [int(d) for d in devices]
    if not there:
        return [Device()] * (jobs or default_jobs())
    # Round by round, so that a bound on the number of jobs spreads them over the GPUs.
    slots = [Device(gpu) for _ in range(per_device) for gpu in there]
    return slots[:jobs] if jobs else slots


def default_jobs() -> int:
    """Return how many trials share the CPU where the config does not say: half the cores, at least one."""
    return max(1, (os.cpu_count() or 1) // 2)
