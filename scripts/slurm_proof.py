"""Start a Slurm of one node on this machine, and let happen to a study what happens to studies on a cluster.

    apt-get install slurm-wlm munge
    pip install -e '.[slurm]'
    python scripts/slurm_proof.py              # as root; some five minutes

Each line of what it prints is one event: a driver killed, a driver stopped at its time limit and requeued (it is a
job itself), a trial's job cancelled, a job at its own time limit, Ctrl-C, a program that does not end politely. After
each the study is run to its end. Checked: every planned trial is there once, its epochs are those planned, none lost,
none doubled, and nothing of it is left in the queue or among the processes. Exit code 0 where all of it holds.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "tests" / "programs" / "fake_training.py"
EPOCHS, TRIALS = 12, 3

# Four cores whatever there are, no cgroups, no database: as little as a queue can do with.
SLURM = """\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SchedulerParameters=sched_interval=1,batch_sched_delay=1
SlurmdParameters=config_overrides
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

# What docs/scaling.md tells people to submit. `scontrol requeue` needs the job to have been submitted with --requeue.
DRIVER = """\
#!/bin/sh
#SBATCH --job-name=driver --requeue --open-mode=append --signal=B:TERM@120 --time=01:00:00 --output={place}/driver.log
trap 'kill -TERM $driver; wait $driver; scontrol requeue $SLURM_JOB_ID' TERM
{python} -m tuner run {config} & driver=$!
wait $driver
"""


class Problem(Exception):
    """Something was not as it should be."""


@contextmanager
def slurm(place: Path) -> Iterator[None]:
    """Run munged, slurmctld and slurmd, all of their files in ``place``."""
    (place / "state").mkdir()
    (place / "spool").mkdir()
    (place / "key").write_bytes(os.urandom(1024))
    (place / "key").chmod(0o600)
    os.environ["SLURM_CONF"] = str(place / "slurm.conf")
    (place / "slurm.conf").write_text(SLURM.format(host=socket.gethostname(), place=place))
    munged = ["munged", "--foreground", "--force", f"--key-file={place}/key", f"--socket={place}/munge.socket"]
    munged += [f"--pid-file={place}/munged.pid", f"--log-file={place}/munged.log", f"--seed-file={place}/seed"]
    started = []
    try:
        for command in (munged, ["slurmctld", "-D"], ["slurmd", "-D"]):
            started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            time.sleep(1)
        wait_until(lambda: "idle" in told("sinfo", "-h"), 30, "Slurm did not start")
        yield
    finally:
        told("scancel", "--me")
        for process in reversed(started):
            process.terminate()
            process.wait()


def told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def wait_until(condition: Callable[[], object], seconds: float, problem: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Problem(problem)
        time.sleep(0.2)


def write(place: Path, name: str, *flags: str, **changes: object) -> Path:
    """Write the configuration of one study and return its path."""
    shared = " ".join(["--folder {folder} --epochs {epochs} --seed {seed} --lr {lr}", *flags])
    document: dict[str, object] = {
        "study": name,
        "results": str(place / "results"),
        "executor": {"name": "slurm", "job_hours": 0.5},
        "trainer": {
            "name": "script",
            "command": f"{{python}} -S -E {PROGRAM} {shared}",
            "resume": f"{{python}} -S -E {PROGRAM} {shared} --resume",
            "checkpoint": "last.json",
        },
        "space": {"lr": {"grid": [0.001, 1]}},
        "objective": {"metric": "val/accuracy"},
        "epochs": EPOCHS,
        "budget": {"trials": TRIALS},
        "devices": "cpu",
        "jobs": 2,
        "pausing": False,
        **changes,
    }
    path = place / f"{name}.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def start(config: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tuner", "run", str(config)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def epochs(config: Path, number: int) -> list[int]:
    log = results(config) / "trials" / f"{number:04d}" / "results.csv"
    return [int(row.split(",")[0]) for row in log.read_text().split("\n")[1:-1]] if log.exists() else []


def results(config: Path) -> Path:
    return config.parent / "results" / config.stem


def trained(config: Path) -> int:
    return sum(len(epochs(config, number)) for number in range(TRIALS))


def running(config: Path) -> list[int]:
    """Return the training processes of a study."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(results(config) / "trials").encode() in words and str(PROGRAM).encode() in words:
                found.append(int(entry.name))
    return found


def jobs(config: Path) -> list[str]:
    """Return the names of the jobs of a study that are in the queue."""
    return [name for name in told("squeue", "--me", "-h", "--format=%j").split() if name.startswith(f"{config.stem}-")]


def finish(config: Path, trials: int = TRIALS, planned: int = EPOCHS) -> str:
    """Run a study to its end and check what it left; return what the driver said."""
    done = start(config)
    said = done.communicate(timeout=300)[0]
    if done.returncode:
        raise Problem(f"the driver ended with {done.returncode}: {said[-300:]}")
    study = optuna.load_study(study_name=config.stem, storage=f"sqlite:///{results(config) / 'study.db'}")
    states = [t.state.name for t in study.trials]
    if states != ["COMPLETE"] * trials:
        raise Problem(f"expected {trials} complete trials, but got {states}")
    for number in range(trials):
        if epochs(config, number) != list(range(1, planned + 1)):
            raise Problem(f"trial {number}: expected {planned} epochs, but got {epochs(config, number)}")
    wait_until(lambda: not jobs(config), 30, f"jobs are left: {jobs(config)}")
    if running(config):
        raise Problem(f"processes are left: {running(config)}")
    return said


def driver_killed(place: Path, number: signal.Signals) -> str:
    config = write(place, f"driver-{number.name.lower()}", "--seconds 1")
    driver = start(config)
    wait_until(lambda: trained(config) >= 4, 60, "nothing was trained")
    os.kill(driver.pid, number)
    driver.communicate(timeout=30)
    before = trained(config)
    wait_until(lambda: trained(config) >= before + 2, 30, "the trials did not go on without their driver")
    said = finish(config)
    return f"{said.count('is taken up again')} jobs trained on and were taken up"


def driver_requeued(place: Path) -> str:
    """Submit the driver as a job, send it what Slurm sends before a time limit, and wait for its second run."""
    config = write(place, "requeued", "--seconds 1")
    script = place / "driver.sh"
    script.write_text(DRIVER.format(place=place, python=sys.executable, config=config))
    number = told("sbatch", "--parsable", "--cpus-per-task=1", str(script)).strip()
    wait_until(lambda: trained(config) >= 4, 90, "nothing was trained")
    told("scancel", "--batch", "--signal=TERM", number)
    wait_until(lambda: "taken up again" in (place / "driver.log").read_text(), 240, "the driver did not come back")
    wait_until(lambda: "best parameters" in (place / "driver.log").read_text(), 120, "the study did not end")
    finish(config)
    return "the driver came back from the queue and the study ended"


def job_cancelled(place: Path) -> str:
    config = write(place, "cancelled", "--seconds 1")
    driver = start(config)
    wait_until(lambda: len(epochs(config, 0)) >= 3, 60, "nothing was trained")
    told("scancel", *(word for name in jobs(config) if "-0000-" in name for word in ("--name", name)))
    said = driver.communicate(timeout=120)[0]
    if "trial 0 goes on elsewhere, from its last checkpoint" not in said:
        raise Problem(f"trial 0 did not go on: {said[-500:]}")
    finish(config)
    return "the trial went on in another job from its last checkpoint"


def job_at_its_limit(place: Path) -> str:
    """Give each job two minutes, of which the last one is for the end, and a trial that needs more."""
    config = write(
        place,
        "limit",
        "--seconds 8",
        executor={"name": "slurm", "job_hours": 2 / 60},
        budget={"trials": 1},
    )
    said = finish(config, trials=1)
    if "goes on elsewhere, from its last checkpoint" not in said:
        raise Problem(f"the trial did not reach its limit: {said[-500:]}")
    return f"{said.count('goes on elsewhere')} times it went on in another job"


def interrupted(place: Path) -> str:
    config = write(place, "interrupted", "--seconds 1")
    driver = start(config)
    wait_until(lambda: trained(config) >= 4, 60, "nothing was trained")
    os.kill(driver.pid, signal.SIGINT)
    driver.communicate(timeout=30)
    wait_until(lambda: not jobs(config) and not running(config), 30, "jobs outlived Ctrl-C")
    finish(config)
    return "all jobs ended, and went on from their checkpoints later"


def stubborn(place: Path) -> str:
    limits = {"trials": 1, "trial_hours": 3 / 3600}
    config = write(place, "stubborn", "--seconds 0.5 --behaviour stubborn", budget=limits, epochs=1000)
    done = start(config)
    said = done.communicate(timeout=90)[0]
    wait_until(lambda: not jobs(config) and not running(config), 30, "it was not ended")
    if "time_limit" not in said and "trained for the limit" not in said:
        raise Problem(f"it ended for another reason: {said[-300:]}")
    return "ended by force after the grace period"


def main() -> int:
    events: dict[str, Callable[[Path], str]] = {
        "driver killed (SIGKILL)": lambda place: driver_killed(place, signal.SIGKILL),
        "driver ended (SIGTERM)": lambda place: driver_killed(place, signal.SIGTERM),
        "driver is a job, requeued": driver_requeued,
        "a trial's job cancelled": job_cancelled,
        "a job at its time limit": job_at_its_limit,
        "Ctrl-C": interrupted,
        "a program that does not end politely": stubborn,
    }
    failed = 0
    with tempfile.TemporaryDirectory(prefix="slurm_proof_") as scratch, slurm(Path(scratch)):
        for name, event in events.items():
            began = time.monotonic()
            try:
                outcome = event(Path(scratch))
            except (Problem, subprocess.TimeoutExpired) as problem:
                outcome, failed = f"PROBLEM: {problem}", failed + 1
            print(f"{name:38} {time.monotonic() - began:5.0f} s  {outcome}", flush=True)
    print("nothing lost, nothing doubled, nothing left" if not failed else f"{failed} problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
