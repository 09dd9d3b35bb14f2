"""Submit every trial as a job of Slurm, and follow its log on the file system that the nodes share.

    executor:
      name: slurm
      partition: gpu
      gpus_per_trial: 1
      cpus_per_trial: 8
      mem_gb: 32
      job_hours: 12
      sbatch: {constraint: a100}    # whatever else sbatch takes
    jobs: 8                         # trials in the queue or running at a time; 4 where nothing is said

The study's folder, the program, the data and the packages have to be seen by the driver and by every node, at the same
paths. Jobs outlive their driver: one that is started again goes on with those that run, and takes up what has ended.
A job that reaches its time limit, or whose node fails, is followed by another one from the last checkpoint.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from tuner import whole
from tuner.documents import Model
from tuner.errors import StudyError
from tuner.executors import job
from tuner.executors.devices import CPU, Device, Wanted
from tuner.executors.local import wait_for_lock
from tuner.record import Params
from tuner.source import LogSource, is_seen
from tuner.spec import Command, Log, TrialSpec

SLURM = Device(engine="slurm")
JOB = "job.json"
DEFAULT_JOBS = 4
ASK_SECONDS = 5.0
"""How often the batch system is asked, for all jobs at once: it serves others too."""
LOOK_SECONDS = 1.0
VISIBLE_SECONDS = 60.0
"""How long the last word of a job may take to be seen through the shared file system."""
SIGNAL_SECONDS = 60  # before its time limit a job is told
LOST, STOPPED = 137, 143
WAITING = {"PENDING", "CONFIGURING", "REQUEUED", "SUSPENDED"}
GOING = WAITING | {"RUNNING", "COMPLETING", "STAGE_OUT", "SIGNALING", "RESIZING", "STOPPED"}


class SlurmOptions(Model):
    """What `executor:` holds beside its name."""

    partition: str | None = Field(None, description="partition of the jobs; default: Slurm's own")
    account: str | None = Field(None, description="account that the jobs are charged to")
    gpus_per_trial: int | None = Field(None, ge=0, description="GPUs of a trial; default: 1, none with devices: cpu")
    cpus_per_trial: PositiveInt = Field(1, description="CPU cores of a trial, and its OpenMP threads")
    mem_gb: PositiveFloat | None = Field(None, description="memory of a trial; default: Slurm's own")
    job_hours: PositiveFloat = Field(24.0, description="time limit of a job; a longer trial goes on in another one")
    sbatch: dict[str, Any] = Field({}, description="more options of sbatch, such as {constraint: a100, qos: long}")
    cluster: Literal["slurm", "local"] = Field(
        "slurm", description="local: processes on this machine in place of jobs, to try a configuration without Slurm"
    )


@dataclass(frozen=True)
class Submitted:
    """What is remembered of a job in its trial's folder, for a driver that comes later.

    It is written before the job is submitted, so that a driver that is killed in between leaves none that nobody knows;
    ``process`` is that of a job on this machine.
    """

    name: str
    key: str
    cluster: str
    process: int = 0


class SlurmTrial:
    """A trial as a job, seen through its trial's folder and the queue."""

    device = SLURM

    def __init__(self, submitted: Submitted, folder: Path, log: Path, queue: Queue) -> None:
        self.lost, self.queued = "", True
        self._job, self._folder, self._log, self._queue = submitted, folder, log, queue
        self._stopping = False
        self._code: int | None = None
        self._gone_since: float | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while the job waits or runs."""
        if self._code is None:
            ran = self._ran()
            self.queued = not ran and self._queue.state(self._job) in WAITING
            self._code = self._ended(ran)
            if self._code is not None:
                (self._folder / JOB).unlink(missing_ok=True)
        return self._code

    def stop(self, *, force: bool = False) -> None:
        """Ask the job to end; take it out of the queue where it has not begun."""
        job.ask_to_stop(self._folder, self._job.key, force=force)
        self._stopping = True
        if force or not self._ran():
            self._queue.cancel(self._job)

    def _ran(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            told = json.loads((self._folder / job.RAN).read_text())
            return dict(told) if told["key"] == self._job.key else {}
        return {}

    def _ended(self, ran: dict[str, Any]) -> int | None:
        state = self._queue.state(self._job)
        if ran.get("code") is None and state in GOING:
            self._gone_since = None
            return None
        self._gone_since = self._gone_since or time.monotonic()
        late = time.monotonic() - self._gone_since > VISIBLE_SECONDS
        if ran.get("code") is not None:
            if not is_seen(self._log, int(ran["log_size"])) and not late:
                return None
            if ran["ended_by"]:
                self.lost = f"its job {self._job.name} was ended by Slurm with {ran['ended_by']}, as at a time limit"
            return int(ran["code"])
        if not late and not state:
            return None  # not in the queue any more, and its last word is on its way, if there is one
        if self._stopping:
            return STOPPED
        self.lost = f"its job {self._job.name} is gone ({state.lower() or 'not in the queue any more'})"
        return LOST


class Queue:
    """What the batch system knows of our jobs, asked now and then for all of them."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._asked, self._states = 0.0, dict[str, str]()

    def state(self, submitted: Submitted) -> str:
        """Return the state of a job in capitals; empty where it is not known any more."""
        if self._cluster == "local":
            return "RUNNING" if _lives(submitted.process) else ""
        if time.monotonic() - self._asked > ASK_SECONDS:
            self._ask()
        return self._states.get(submitted.name, "")

    def forget(self) -> None:
        """Ask anew the next time: a job was submitted."""
        self._asked = 0.0

    def cancel(self, submitted: Submitted) -> None:
        if self._cluster == "slurm":
            subprocess.run(["scancel", "--me", f"--name={submitted.name}"], capture_output=True, check=False)
        elif _lives(submitted.process):
            os.kill(submitted.process, signal.SIGTERM)

    def _ask(self) -> None:
        command = ["squeue", "--me", "--noheader", "--states=all", "--format=%j %T"]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
        if asked.returncode == 0:  # else Slurm is busy or away: what was known holds
            self._asked = time.monotonic()
            self._states = dict(line.split() for line in asked.stdout.splitlines() if len(line.split()) == 2)


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class SlurmExecutor:
    """Jobs in the queue, so many at a time."""

    Options = SlurmOptions
    exhausted, outlives = False, True

    @staticmethod
    def choose(options: SlurmOptions, wanted: Wanted) -> list[Device]:
        """Return the slots of a study; raises ValueError where no job could be submitted from here."""
        if wanted.devices not in ("auto", CPU):
            raise ValueError(f"expected devices: auto or cpu, as Slurm hands out the GPUs, but got {wanted.devices}")
        try:
            import submitit  # noqa: F401
        except ImportError:
            raise ValueError("expected submitit for executor: slurm; pip install 'tuner[slurm]'") from None
        if options.cluster == "slurm" and not shutil.which("sbatch"):
            raise ValueError("expected a machine that submits to Slurm, but there is no sbatch in the PATH")
        return [SLURM] * (wanted.jobs or DEFAULT_JOBS)

    def __init__(
        self,
        slots: Sequence[Device],
        grace_seconds: float,
        options: SlurmOptions,
        wanted: Wanted,
        say: Callable[[str], None],
    ) -> None:
        self.slots = tuple(slots)
        self.place: Callable[[Params], Params] | None = None
        self._options, self._wanted, self._grace, self._say = options, wanted, grace_seconds, say
        self._queue = Queue(options.cluster)
        self._logs: dict[Path, Log] = {}

    def open(self, spec: TrialSpec, log: Log) -> LogSource:
        """Make the trial's folder and return its log as a source."""
        spec.folder.mkdir(parents=True, exist_ok=True)
        self._logs[spec.folder] = log
        return LogSource(spec, log)

    def clock(self) -> float:
        return time.monotonic()

    def wait(self) -> None:
        time.sleep(LOOK_SECONDS)

    def start(self, command: Command, folder: Path, device: Device) -> SlurmTrial:
        """Submit the trial of ``folder``; raises StudyError where Slurm refuses it."""
        key = secrets.token_hex(8)
        log = self._logs[folder].path
        threads = {"OMP_NUM_THREADS": str(self._options.cpus_per_trial)}
        hidden = {} if self._gpus() else {"CUDA_VISIBLE_DEVICES": ""}
        order = job.Order(
            key,
            command.argv,
            {**threads, **hidden, **command.env},
            str(command.cwd) if command.cwd else None,
            str(folder),
            os.path.relpath(log, folder),
            self._grace,
        )
        submitted = Submitted(f"{folder.parent.parent.name}-{folder.name}-{key}", key, self._options.cluster)
        whole.write(folder / JOB, json.dumps(asdict(submitted)) + "\n")
        number = self._submit(order, submitted.name, folder)
        if submitted.cluster == "local":
            submitted = replace(submitted, process=number)
            whole.write(folder / JOB, json.dumps(asdict(submitted)) + "\n")
        self._queue.forget()
        return SlurmTrial(submitted, folder, log, self._queue)

    def adopt(self, folder: Path) -> SlurmTrial | None:
        """Return the job that an earlier driver submitted for the trial of ``folder`` and did not see end."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            submitted = Submitted(**json.loads((folder / JOB).read_text()))
            if submitted.cluster == self._options.cluster:
                return SlurmTrial(submitted, folder, self._logs[folder].path, self._queue)
        return None

    def wait_for_last_process(self, folder: Path) -> None:
        """Wait until no process of an earlier driver works in ``folder`` any more, as long as its grace may take."""
        wait_for_lock(folder, self._grace)

    def _gpus(self) -> int:
        wish = self._options.gpus_per_trial
        return 0 if self._wanted.devices == CPU else 1 if wish is None else wish

    def _submit(self, order: job.Order, name: str, folder: Path) -> int:
        """Return the number of the job that was made of ``order``."""
        import submitit

        engine = submitit.AutoExecutor(folder=folder / "slurm", cluster=self._options.cluster)
        engine.update_parameters(**self._parameters(name))
        try:
            return int(engine.submit(job.run, order).job_id)
        except (submitit.core.utils.FailedJobError, subprocess.CalledProcessError, OSError) as error:
            said = getattr(error, "stderr", None) or str(error)
            words = said.decode() if isinstance(said, bytes) else said
            raise StudyError(f"{folder}: Slurm refused the job: {' '.join(words.split())[-300:]}") from None

    def _parameters(self, name: str) -> dict[str, Any]:
        options = self._options
        common = {"timeout_min": max(1, round(options.job_hours * 60)), "tasks_per_node": 1, "nodes": 1}
        if options.cluster == "local":
            return common
        wanted = {
            "slurm_job_name": name,
            "cpus_per_task": options.cpus_per_trial,
            "gpus_per_node": self._gpus() or None,
            "mem_gb": options.mem_gb,
            "slurm_partition": options.partition,
            "slurm_account": options.account,
            "slurm_signal_delay_s": round(self._grace) + SIGNAL_SECONDS,
            "slurm_additional_parameters": {"no_requeue": True, **options.sbatch},
        }
        return {**common, **{name: value for name, value in wanted.items() if value is not None}}
