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
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.chaos import tormented
from scripts.chaos.outcome import Outcome
from scripts.chaos.tormented import (
    Problem,
    Tormented,
    bury,
    finish,
    judge,
    logs,
    start,
    trained,
    wait_until,
)

EPOCHS, TRIALS = 12, 3
TAKEN_UP, ELSEWHERE = "is taken up again", "goes on elsewhere, from its last checkpoint"

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
#SBATCH --job-name=driver --requeue --open-mode=append --signal=B:TERM@120 --time=01:00:00 --output={log}
trap 'kill -TERM $driver; wait $driver; scontrol requeue $SLURM_JOB_ID' TERM
{python} -m tuner run {config} & driver=$!
wait $driver
"""


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


def write(place: Path, name: str, flags: str = "--seconds 1", **changes: Any) -> Tormented:
    """Write the configuration of one study."""
    slurm = {"executor": {"name": "slurm", "job_hours": 0.5}, "epochs": EPOCHS, "budget": {"trials": TRIALS}}
    return tormented.write(place, name, flags, **{**slurm, **changes})


def rows(study: Tormented, number: int) -> int:
    return len(logs(study.folder).get(f"{number:04d}", {}))


def jobs(study: Tormented) -> list[str]:
    """Return the names of the jobs of a study that are in the queue."""
    return [name for name in told("squeue", "--me", "-h", "--format=%j").split() if name.startswith(f"{study.name}-")]


def clean(study: Tormented, outcome: Outcome) -> None:
    """Raise Problem where anything was lost, or is left in the queue."""
    wait_until(lambda: not jobs(study), 30, f"jobs are left: {jobs(study)}")
    if not outcome.is_clean:
        raise Problem("; ".join(outcome.problems) or str(outcome))


def driver_killed(place: Path, number: signal.Signals) -> str:
    study = write(place, f"driver-{number.name.lower()}")
    driver = start(study)
    trained(study, 4, driver)
    os.kill(driver.pid, number)
    driver.wait(30)
    trained(study, 2)
    clean(study, finish(study, 1, TAKEN_UP))
    return f"{study.said.count(TAKEN_UP)} jobs trained on and were taken up"


def driver_requeued(place: Path) -> str:
    """Submit the driver as a job, send it what Slurm sends before a time limit, and wait for its second run."""
    study = write(place, "requeued")
    script = place / "driver.sh"
    script.write_text(DRIVER.format(log=study.log, python=sys.executable, config=study.config))
    number = told("sbatch", "--parsable", "--cpus-per-task=1", str(script)).strip()
    trained(study, 4)
    told("scancel", "--batch", "--signal=TERM", number)
    wait_until(lambda: TAKEN_UP in study.said, 240, "the driver did not come back")
    wait_until(lambda: "best parameters" in study.said, 240, "the study did not end")
    bury(study)
    clean(study, judge(study, 1, TAKEN_UP))
    return "the driver came back from the queue and the study ended"


def job_cancelled(place: Path) -> str:
    study = write(place, "cancelled")
    driver = start(study)
    wait_until(lambda: rows(study, 0) >= 3, 60, "nothing was trained")
    told("scancel", *(word for name in jobs(study) if "-0000-" in name for word in ("--name", name)))
    clean(study, finish(study, 1, f"trial 0 {ELSEWHERE}", drivers=[driver]))
    return "the trial went on in another job from its last checkpoint"


def job_at_its_limit(place: Path) -> str:
    """Give each job two minutes, of which the last one is for the end, and a trial that needs more."""
    executor = {"name": "slurm", "job_hours": 2 / 60}
    study = write(place, "limit", "--seconds 8", executor=executor, budget={"trials": 1}, jobs=1)
    clean(study, finish(study, 1, ELSEWHERE))
    return f"{study.said.count(ELSEWHERE)} times it went on in another job"


def interrupted(place: Path) -> str:
    study = write(place, "interrupted")
    driver = start(study)
    trained(study, 4, driver)
    os.kill(driver.pid, signal.SIGINT)
    driver.wait(30)
    wait_until(lambda: not jobs(study), 30, "jobs outlived Ctrl-C")
    bury(study)
    clean(study, finish(study, 1, "continues from its last checkpoint"))
    return "all jobs ended, and went on from their checkpoints later"


def stubborn(place: Path) -> str:
    limits = {"trials": 1, "trial_hours": 3 / 3600}
    study = write(place, "stubborn", "--seconds 0.5 --behaviour stubborn", budget=limits, epochs=1000, jobs=1)
    clean(study, finish(study, 1, "trained for the limit"))
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
