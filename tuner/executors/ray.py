"""Run trials on a cluster of Ray, or on this machine through it.

    executor:
      name: ray
      address: "10.0.0.1:6379"    # the head of a cluster; left out: the cluster of this machine, or one for this study
      gpus_per_trial: 0.5         # two trials share a GPU
      cpus_per_trial: 4
    jobs: 16                      # most trials at a time; left out: as many as find room

An actor takes a trial's share of a node and starts the trial's command there, as a process of its own.
The program, the data and the packages have to be on every node, at the same paths. The study's folder need not be:
where a node does not see it, a trial's files are sent along at its start, and come back while it trains.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import secrets
import socket
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveFloat, PositiveInt, field_validator

from tuner.documents import Model
from tuner.executors import carried, guard, node
from tuner.executors.devices import CPU, Device, Wanted
from tuner.executors.local import POLL_SECONDS, wait_for_lock
from tuner.record import Params
from tuner.source import LogSource, is_seen
from tuner.spec import OUTPUT_FILE, Command, Log, TrialSpec

RAY = Device(engine="ray")
MARKER = ".shared"
LOOK_SECONDS = 1.0
COUNT_SECONDS = 5.0
ANSWER_SECONDS = 5.0
UNAVAILABLE_SECONDS = 60.0
"""How long a node that does not answer may come back, where Ray does not know yet that it is lost."""
KEPT_SECONDS = 2.0
"""How long the actor of a trial that ended keeps its share for the next one."""
VISIBLE_SECONDS = 60.0
"""How long the last rows of a log may take to be seen through a shared file system."""
LOST, STOPPED, CANNOT_START = 137, 143, 127

Request = Callable[[bool], Any]
"""Asks the actor something; the flag says whether an earlier answer was missed."""


class RayOptions(Model):
    """What `executor:` holds beside its name."""

    address: str | None = Field(
        None,
        description="the cluster: host:port of its head; auto: the one of this machine; local: one that is started; "
        "default: that of RAY_ADDRESS or of this machine, and where there is none a local one",
    )
    gpus_per_trial: float | None = Field(
        None, ge=0, description="GPUs of a trial, or a share of one; default: 1 / per_device where the cluster has GPUs"
    )
    cpus_per_trial: PositiveFloat = Field(1.0, description="CPU cores of a trial, and its OpenMP threads")
    shared: bool | None = Field(None, description="whether all nodes see the study's folder; default: found out")
    scratch: str | None = Field(None, description="folder on the nodes for what is not shared; default: the system's")
    carry_seconds: PositiveFloat = Field(30.0, description="files above 1 MB come back at most so often")
    carry_mb: PositiveInt = Field(2048, description="files above this size stay on their node")

    @field_validator("gpus_per_trial")
    @classmethod
    def _whole(cls, value: float | None) -> float | None:
        if value is not None and value > 1 and value != int(value):
            raise ValueError(f"expected a share of one GPU or whole GPUs, but got {value:g}")
        return value


class RayTrial:
    """A trial on a node, seen through its actor."""

    device = RAY

    def __init__(self, actor: Any, order: node.Order, say: Callable[[str], None], keep: Callable[[Any], None]) -> None:
        self.lost, self.queued = "", True
        self._actor, self._order, self._say, self._keep = actor, order, say, keep
        self._folder = Path(order.folder)
        self._node = "a node"
        self._code: int | None = None
        self._steps = self._conversation()
        self._request: Request = next(self._steps)
        self._answer = self._request(False)
        self._silent_since: float | None = None

    def poll(self) -> int | None:
        """Return the exit code once all that belongs to it is here, or None."""
        import ray

        while self._code is None and ray.wait([self._answer], timeout=0)[0]:
            if not self._take(ray):
                break
        return self._code

    def stop(self, *, force: bool = False) -> None:
        """Ask the trial to end on its node; take it out of the queue where it has none yet."""
        import ray

        if self.queued and self._code is None:
            self._code = STOPPED
            self._give_back(ray)
        elif self._code is None:
            self._actor.ask.remote("stop", force)

    def _take(self, ray: Any) -> bool:
        """Take one answer and ask the next question; return whether it was one."""
        try:
            answer = ray.get(self._answer)
        except ray.exceptions.ActorUnavailableError as error:
            self._silent_since = self._silent_since or time.monotonic()
            if time.monotonic() - self._silent_since > UNAVAILABLE_SECONDS:
                self._lose(ray, error)
            else:
                self._answer = self._request(True)
            return False
        except ray.exceptions.RayTaskError as error:
            self._broken(ray, error.cause if error.cause is not None else error)
            return False
        except ray.exceptions.RayError as error:
            self._lose(ray, error)
            return False
        self._silent_since = None
        try:
            self._request = self._steps.send(answer)
            self._answer = self._request(False)
        except StopIteration as end:
            self._code = end.value
            self._keep(self._actor)
        return True

    def _give_back(self, ray: Any) -> None:
        """Give the node's share back at once."""
        self._steps.close()
        _end(ray, self._actor)

    def _lose(self, ray: Any, error: Exception) -> None:
        self._give_back(ray)
        carried.restore(self._folder)
        self._code, self.lost = LOST, f"{self._node} was lost: {_reason(error)}"

    def _broken(self, ray: Any, error: Exception) -> None:
        self._give_back(ray)
        with open(self._folder / OUTPUT_FILE, "a") as output:
            output.write(f"cannot start on {self._node}: {error}\n")
        self._code = CANNOT_START

    # -- the conversation, one question and its answer at a time -------------------------------------------------------

    def _conversation(self) -> Generator[Request, Any, int]:
        actor = self._actor
        host, shared = yield lambda _: actor.place.remote(self._order)
        self.queued, self._node = False, f"node {host}"
        incoming = None
        if not shared:
            for piece in carried.outgoing(self._folder):
                yield lambda _, piece=piece: actor.ask.remote("take", *piece)  # type: ignore[misc]
            incoming = carried.Incoming(self._folder)
        yield lambda _: actor.ask.remote("start")
        look = yield from self._follow(incoming)
        if look.kept:
            self._say(f"{', '.join(look.kept)} of trial {self._folder.name} stayed on {self._node}: above carry_mb")
        yield lambda _: actor.ask.remote("clear")
        if look.forsaken:
            self.lost = f"{self._node} did not hear from its driver"
        return int(look.code or 0)

    def _follow(self, incoming: carried.Incoming | None) -> Generator[Request, Any, node.Look]:
        """Follow the trial to its end; return the last look."""
        log, deadline = self._folder / self._order.log, math.inf
        while True:
            look: node.Look = yield lambda missed: self._actor.ask.remote("look", LOOK_SECONDS, missed)
            if incoming is not None:
                yield from self._fetch(incoming, look)
            if look.code is None:
                continue
            deadline = min(deadline, time.monotonic() + VISIBLE_SECONDS)
            if incoming is not None or is_seen(log, look.log_size) or time.monotonic() > deadline:
                return look

    def _fetch(self, incoming: carried.Incoming, look: node.Look) -> Generator[Request, Any, None]:
        for name, (_, size) in look.stamps.items():
            if name in look.inline:
                incoming.write(name, 0, look.inline[name])
                continue
            for offset in range(0, size, node.PIECE):
                piece = yield lambda _, n=name, o=offset: self._actor.ask.remote("piece", n, o)  # type: ignore[misc]
                incoming.write(name, offset, piece)
        incoming.install(look)


class RayExecutor:
    """Actors on the nodes of a cluster, as many at a time as have room."""

    Options = RayOptions
    exhausted = outlives = False

    @staticmethod
    def choose(options: RayOptions, wanted: Wanted) -> list[Device]:
        """Join the cluster, or start one, and return the slots it has; raises ValueError where that cannot be done."""
        if wanted.devices not in ("auto", "cpu"):
            raise ValueError(f"expected devices: auto or cpu, as Ray hands out the GPUs, but got {wanted.devices}")
        _connect(options.address)
        return [RAY] * _room(options, wanted)

    def __init__(
        self,
        slots: Sequence[Device],
        grace_seconds: float,
        options: RayOptions,
        wanted: Wanted,
        say: Callable[[str], None],
    ) -> None:
        self.place: Callable[[Params], Params] | None = None
        self._options, self._wanted, self._grace, self._say = options, wanted, grace_seconds, say
        self._slots, self._counted = list(slots), time.monotonic()
        self._logs: dict[Path, Log] = {}
        self._token = secrets.token_hex(16)
        self._kept: list[tuple[Any, tuple[float, float], float]] = []  # actors without a trial, their share, since when
        if not _places(options, wanted):
            cpus, gpus = _share(options, wanted)
            say(f"no node of the cluster has {cpus:g} cores and {gpus:g} GPUs for a trial: trials wait until one joins")

    @property
    def slots(self) -> Sequence[Device]:
        """As many as the cluster has room for now: nodes come and go."""
        if time.monotonic() - self._counted > COUNT_SECONDS:
            self._counted = time.monotonic()
            self._slots = [RAY] * _room(self._options, self._wanted)
        return self._slots

    def open(self, spec: TrialSpec, log: Log) -> LogSource:
        """Make the trial's folder and return its log as a source."""
        spec.folder.mkdir(parents=True, exist_ok=True)
        self._logs[spec.folder] = log
        return LogSource(spec, log)

    def clock(self) -> float:
        return time.monotonic()

    def wait(self) -> None:
        """Wait a moment; what was kept for a next trial and found none is given back."""
        time.sleep(POLL_SECONDS)
        while self._kept and time.monotonic() - self._kept[0][2] > KEPT_SECONDS:
            self._let_go()

    def start(self, command: Command, folder: Path, device: Device) -> RayTrial:
        """Ask the cluster for a place for the trial of ``folder``, unless one was kept."""
        share = _share(self._options, self._wanted)
        while self._kept and self._kept[0][1] != share:
            self._let_go()
        actor = self._kept.pop()[0] if self._kept else _actor(*share)

        def keep(actor: Any) -> None:
            self._kept.append((actor, share, time.monotonic()))

        return RayTrial(actor, self._order(command, folder, share[1]), self._say, keep)

    def _let_go(self) -> None:
        import ray

        _end(ray, self._kept.pop(0)[0])

    def _order(self, command: Command, folder: Path, gpus: float) -> node.Order:
        options, log = self._options, self._logs[folder]
        marker = folder.parent / MARKER
        marker.write_text(self._token)
        hidden = {} if gpus else {"CUDA_VISIBLE_DEVICES": ""}
        threads = {"OMP_NUM_THREADS": str(max(1, int(options.cpus_per_trial)))}
        return node.Order(
            argv=command.argv,
            env={**threads, **hidden, **command.env},
            cwd=str(command.cwd) if command.cwd else None,
            folder=str(folder),
            marker=str(marker),
            token=self._token,
            shared=options.shared,
            guard=Path(guard.__file__).read_text(),
            grace_seconds=self._grace,
            log=os.path.relpath(log.path, folder),
            checkpoints=tuple(os.path.relpath(path, folder) for path in log.checkpoints),
            scratch=options.scratch,
            carry_seconds=options.carry_seconds,
            carry_bytes=options.carry_mb * 2**20,
        )

    def adopt(self, folder: Path) -> None:
        """There is none: actors end with their driver."""

    def wait_for_last_process(self, folder: Path) -> None:
        """Wait for a process of an earlier driver that shares the folder; others end with their driver."""
        wait_for_lock(folder, self._grace)
        carried.restore(folder)


def _actor(cpus: float, gpus: float) -> Any:
    """Ask the cluster for an actor with a share of a node."""
    import ray

    ray.cloudpickle.register_pickle_by_value(node)  # so that a node needs no tuner of the same version
    options = {"num_cpus": cpus, "num_gpus": gpus, "max_concurrency": 4, "max_restarts": 0}
    return ray.remote(node.Seat).options(**options, scheduling_strategy="SPREAD").remote()


def _end(ray: Any, actor: Any) -> None:
    with contextlib.suppress(ray.exceptions.RayError, ValueError):
        ray.kill(actor)


def _connect(address: str | None) -> None:
    """Join the cluster at ``address``, or start one; raises ValueError with what to do."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # of a cluster that is started here: nothing is sent home
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise ValueError("expected Ray to be installed for executor: ray; pip install 'tuner[ray]'") from None
    if ray.is_initialized():
        return
    place = address or os.environ.get("RAY_ADDRESS")
    _refuse_deaf(place)
    try:
        ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        # There is no public way to keep its news of nodes off the terminal; what they mean for a trial is told anyway.
        ray._private.worker._worker_logs_enabled = False
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ValueError(_no_cluster(place, _reason(error))) from None


def _refuse_deaf(address: str | None) -> None:
    """Raise ValueError where nothing listens at ``address``: Ray itself would try for a minute."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except OSError as error:
        raise ValueError(_no_cluster(address, error.strerror or str(error))) from None


def _no_cluster(address: str | None, problem: str) -> str:
    start = "start one with ray start --head, or leave the address out for one of this machine alone"
    return f"expected a cluster of Ray at {address or 'this machine'}, but got: {problem}; {start}"


def _reason(error: Exception) -> str:
    """Return what Ray says of an error in one sentence; what follows a general first line says more than it."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith(("\t", " "))]
    said = lines[1] if len(lines) > 1 and "unexpectedly" in lines[0] else lines[0] if lines else type(error).__name__
    return said.split(". ")[0].strip().rstrip(".")[:200]


def _share(options: RayOptions, wanted: Wanted) -> tuple[float, float]:
    """Return the CPU cores and the GPUs of a trial."""
    if wanted.devices == CPU:
        return options.cpus_per_trial, 0.0
    if options.gpus_per_trial is not None:
        return options.cpus_per_trial, options.gpus_per_trial
    return options.cpus_per_trial, 1 / wanted.per_device if any(r.get("GPU") for r in _nodes()) else 0.0


def _room(options: RayOptions, wanted: Wanted) -> int:
    """Return how many trials find room on the nodes there are; at least one, which waits until there is a node."""
    places = _places(options, wanted)
    return max(1, min(places, wanted.jobs or places))


def _places(options: RayOptions, wanted: Wanted) -> int:
    cpus, gpus = _share(options, wanted)
    nodes = _nodes()
    room = [int(r.get("CPU", 0) / cpus) for r in nodes]
    if gpus:
        room = [min(n, int(r.get("GPU", 0) / gpus)) for n, r in zip(room, nodes, strict=True)]
    return sum(room)


def _nodes() -> list[dict[str, float]]:
    """Return the resources of every node that is there."""
    import ray

    return [n["Resources"] for n in ray.nodes() if n["Alive"]]
