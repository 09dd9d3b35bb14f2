"""Run one study on every engine, and compare how many trials came out and how the slots spent their time.

    python scripts/compare_engines.py                                    # all of them; Slurm needs slurm-wlm and munge
    python scripts/compare_engines.py --engines local postgres --trials 24

The digits study, its YAML the same but for ``executor`` and ``storage``, on two slots each: this machine with SQLite;
two drivers of one slot each with PostgreSQL; Ray with two nodes of one core, which do not see the study's folder; a
Slurm of one node. So that trials take 10 s and more, the models are the larger ones and the schedule longer (LONGER).

A slot's time is counted from the moment at which the first trial was given out to the one at which the last was, and
from then on while a trial is in it. It is

    training  from the moment at which a training program has its images and its model to its last row
    import    from the start of its process to that moment: Python, torch, the images
    engine    from the driver's decision to the start of its process: the queue, the guard, files that are sent
    end       from the last row to the note in the storage that the trial has ended
    waiting   all else: a free slot that waits for a decision, or for its driver

The first two are the program's, the others tuner's.

Checked: as many trials as planned, all ended; every trial's files in its own folder; a report with all trials;
best.yaml; the score on the test part. Exit code 0 where all of it holds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.outcomes import markdown
from scripts.slurm_proof import slurm
from tests import postgres
from tuner import config, record, sampler
from tuner.report_html import PAGE_FILE
from tuner.spec import FACTS_FILE, SPEC_FILE
from tuner.trainers.torch import PROGRAM

ROOT = Path(__file__).resolve().parents[1]
SLOTS = 2
LONG = 10.0
"""Seconds of training from which a trial is worth an engine."""
LOOK_SECONDS = 0.5
FILES = (SPEC_FILE, FACTS_FILE, "log.csv", "last.pt", "output.txt")
LONGER = (
    "epochs=300",
    "space.model={ordered: [cnn-m, cnn-l], default: cnn-l}",
    "space.batch={ordered: [8, 16], default: 16}",
    "space.lr={grid: [0.001, 0.3], default: 0.03}",
    "baselines=[{lr: 0.03, optimizer: sgd}, {lr: 0.003, optimizer: adam}]",
    "sweep=0",
    "test=true",
)


@dataclass(frozen=True)
class Way:
    """How a study is run on one engine: what is set for its ``drivers``, each with so many ``jobs``."""

    sets: Sequence[str] = ()
    drivers: int = 1
    jobs: int = SLOTS


@dataclass(frozen=True)
class Trial:
    """One trial in seconds since 1970: given out, its process there, its first step, its last row, its end stored."""

    given: float
    there: float
    began: float
    last_row: float
    ended: float

    @property
    def training(self) -> float:
        return self.last_row - self.began


def main() -> int:
    args = parse_arguments()
    rows, problems = [], list[str]()
    for name in args.engines:
        with tempfile.TemporaryDirectory(prefix="engine", dir="/tmp") as scratch:  # the paths of sockets must be short
            place = Path(scratch)
            with ENGINES[name](place) as way, Watch() as watch:
                said, folder = run(place, way, args.trials), place / "results" / "digits"
                rows.append([name, *figures(folder, watch)])  # while its database is still there
                problems += [f"{name}: {p}" for p in [*said, *check(folder, args.trials)]]
        print(markdown(HEAD, rows[-1:]), flush=True)
    print(f"\n{platform.python_version()}, {os.cpu_count()} cores\n\n{markdown(HEAD, rows)}\n")
    print("\n".join(f"PROBLEM: {p}" for p in problems) or "every trial is there, every report is complete")
    return 1 if problems else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--trials", type=int, default=12)
    return parser.parse_args()


# -- the engines ----------------------------------------------------------------------------------------------------


@contextmanager
def on_local(place: Path) -> Iterator[Way]:
    yield Way()


@contextmanager
def on_postgres(place: Path) -> Iterator[Way]:
    """Start a database; the two drivers share the folder of results, as servers with a network file system do."""
    with contextmanager(postgres.served)() as server:
        url = server.database().replace(f":{postgres.QUOTED}@", "@")
        os.environ["PGPASSWORD"] = postgres.PASSWORD
        yield Way([f"storage={url}"], drivers=SLOTS, jobs=1)


@contextmanager
def on_ray(place: Path) -> Iterator[Way]:
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    node = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    head = {**node, "include_dashboard": False, "temp_dir": str(place / "ray")}
    (place / "nodes").mkdir()
    Path("/tmp/ray").mkdir(exist_ok=True)  # where Ray notes the address, wherever its other files are
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        cluster.add_node(**node)
        options = {"name": "ray", "address": cluster.address, "shared": False, "scratch": str(place / "nodes")}
        yield Way([f"executor={json.dumps(options)}"])
    finally:
        cluster.shutdown()


@contextmanager
def on_slurm(place: Path) -> Iterator[Way]:
    with slurm(place):
        yield Way(['executor={"name": "slurm", "job_hours": 1}'])


ENGINES: dict[str, Callable[[Path], contextlib.AbstractContextManager[Way]]] = {
    "local": on_local,
    "postgres": on_postgres,
    "ray": on_ray,
    "slurm": on_slurm,
}


def run(place: Path, way: Way, trials: int) -> list[str]:
    """Run the study to its end; return what its drivers complained of."""
    sets = [*LONGER, f"results={place / 'results'}", f"budget.trials={trials}", f"jobs={way.jobs}", *way.sets]
    words = [word for assignment in sets for word in ("--set", assignment)]
    command = [sys.executable, "-m", "tuner", "run", str(ROOT / "configs" / "digits.yaml"), "-q", *words]
    # Their PYTHONPATH reaches the trials too: this checkout trains itself, whatever is installed.
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL) for _ in range(way.drivers)]
    return [f"a driver ended with {driver.returncode}" for driver in started if driver.wait()]


# -- what came of it ------------------------------------------------------------------------------------------------

HEAD = [
    "engine",
    "trials",
    f"of {LONG:g} s",
    "epochs",
    "wall min",
    "trials/min",
    "training",
    "import",
    "engine",
    "end",
    "waiting",
    "trial s",
    "import s",
    "engine s",
    "program's, long ones",
    "load",
]


class Watch:
    """What is seen of the machine while the context lasts: its load, and when the process of each trial began."""

    def __enter__(self) -> Watch:
        self.load, self.there, self._over = [os.getloadavg()[0]], dict[int, float](), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self.load.append(os.getloadavg()[0])
            for number, began in trainings():
                self.there.setdefault(number, began)

    def __str__(self) -> str:
        return f"{statistics.mean(self.load):.1f} ({min(self.load):.1f}-{max(self.load):.1f})"


def trainings() -> Iterator[tuple[int, float]]:
    """Yield the trials that train on this machine, each with the time at which its process began."""
    booted = time.time() - float(Path("/proc/uptime").read_text().split()[0])
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            words = (entry / "cmdline").read_text().split("\0") if entry.name.isdigit() else []
            if words[1:3] == ["-m", PROGRAM] and "--test" not in words and "--predict" not in words:
                ticks = int((entry / "stat").read_text().rpartition(")")[2].split()[19])
                yield int(Path(words[3]).parent.name), booted + ticks / os.sysconf("SC_CLK_TCK")


def records(folder: Path) -> list[record.Record]:
    """Return what the storage of a study knows."""
    loaded = config.load(folder / config.CONFIG_FILE, folder=folder, reading=True)
    return record.read_all(sampler.load_study(loaded.storage, loaded.model.study))


def moments(folder: Path, one: record.Record, there: float) -> Trial:
    """Return the moments of a trial: files keep the times at which they were written, also those that were carried."""
    given, began, last = (
        (folder / "trials" / f"{one.number:04d}" / name).stat().st_mtime for name in (SPEC_FILE, FACTS_FILE, "log.csv")
    )
    assert one.ended is not None
    return Trial(given, max(given, there), began, last, one.ended)


def figures(folder: Path, watch: Watch) -> list[str]:
    """Return the row of the table for one study."""
    known = records(folder)
    trials = [moments(folder, one, watch.there[one.number]) for one in known]
    parts = shares(trials)
    long = [t for t in trials if t.training >= LONG]
    wall = max(t.ended for t in trials) - min(t.given for t in trials)
    return [
        str(len(trials)),
        str(len(long)),
        str(sum(r.trained_epochs for r in known)),
        f"{wall / 60:.1f}",
        f"{len(trials) / wall * 60:.2f}",
        *(f"{share:.1%}" for share in parts),
        f"{statistics.median(t.training for t in trials):.0f}",
        f"{statistics.median(t.began - t.there for t in trials):.1f}",
        f"{statistics.median(t.there - t.given for t in trials):.2f}",
        f"{sum(t.last_row - t.there for t in long) / max(1e-9, sum(t.ended - t.given for t in long)):.1%}",
        str(watch),
    ]


def shares(trials: Sequence[Trial]) -> tuple[float, ...]:
    """Return the shares of the slots' time: training, import, engine, end, waiting."""
    first, last = min(t.given for t in trials), max(t.given for t in trials)
    whole = SLOTS * (last - first) + sum(t.ended - max(last, t.given) for t in trials if t.ended > last)
    parts = [
        sum(t.training for t in trials),
        sum(t.began - t.there for t in trials),
        sum(t.there - t.given for t in trials),
        sum(t.ended - t.last_row for t in trials),
    ]
    return *(part / whole for part in parts), 1 - sum(parts) / whole


def check(folder: Path, trials: int) -> list[str]:
    """Return what is missing of a study that was run to its end."""
    known = records(folder)
    problems = [] if len(known) == trials else [f"expected {trials} trials, but got {len(known)}"]
    problems += [f"trial {r.number} is {r.state.name}: {r.ending}" for r in known if not r.finished]
    problems += [f"trial {r.number} failed: {r.ending}" for r in known if r.state.name == "FAIL"]
    for one in known:
        there = folder / "trials" / f"{one.number:04d}"
        problems += [f"trial {one.number} has no {name}" for name in FILES if not (there / name).is_file()]
        rows = (there / "log.csv").read_text().splitlines()[1:]
        if [int(row.split(",")[0]) for row in rows] != list(range(1, one.epochs + one.extra_epochs + 1)):
            problems.append(f"trial {one.number}: its log has {len(rows)} rows")
    return problems + [f"{name} is missing" for name in missing(folder)] + untold(folder, trials)


def missing(folder: Path) -> list[str]:
    """Return which files a complete study lacks."""
    return [name for name in (PAGE_FILE, "best.yaml", "test.json") if not (folder / name).is_file()]


def untold(folder: Path, trials: int) -> list[str]:
    """Return the trials that the page does not tell of."""
    page = (folder / PAGE_FILE).read_text() if (folder / PAGE_FILE).is_file() else ""
    return [f"trial {n} is not in {PAGE_FILE}" for n in range(trials) if f'"n":{n},' not in page]


if __name__ == "__main__":
    sys.exit(main())
