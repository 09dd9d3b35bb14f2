"""Every fault there is: what makes it happen so many times and judges the study, and how many times it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.chaos import clock, database, disk, drivers, files, network, nodes, trials
from scripts.chaos.outcome import Outcome


@dataclass(frozen=True)
class Fault:
    """Something that happens to a study, in a folder of its own, and how many times where nobody says."""

    inject: Callable[[Path, int], Outcome]
    times: int


FAULTS: Mapping[str, Fault] = {
    "driver-killed": Fault(drivers.killed, 20),
    "two-drivers": Fault(drivers.doubled, 5),
    "trial-killed": Fault(trials.killed, 20),
    "trial-stopped": Fault(trials.stopped, 6),
    "trial-hangs-at-start": Fault(trials.hanging_at_start, 4),
    "trial-hangs": Fault(trials.hanging, 4),
    "trial-hangs-at-end": Fault(trials.hanging_at_end, 4),
    "trial-out-of-memory": Fault(trials.out_of_memory, 4),
    "trial-killed-for-memory": Fault(trials.killed_for_memory, 4),
    "trial-prints-1gb": Fault(trials.printing, 2),
    "trial-fills-disk": Fault(disk.filled_by_a_trial, 3),
    "disk-full": Fault(disk.filled_by_others, 4),
    "checkpoint-cut": Fault(files.checkpoint_cut, 4),
    "study-db-cut": Fault(files.storage_cut, 6),
    "study-db-locked": Fault(files.storage_locked, 3),
    "clock-moved": Fault(clock.jumped, 6),
    "clock-wrong": Fault(clock.wrong, 4),
    "database-restarted": Fault(database.restarted, 4),
    "database-away": Fault(database.away, 1),
    "network-partition": Fault(network.parted, 3),
    "ray-node-killed": Fault(nodes.killed, 20),
}
