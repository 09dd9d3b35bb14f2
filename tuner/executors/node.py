"""One trial on a node of a cluster: its process and, where the node does not see the study's folder, its files.

What an actor of Ray (``tuner.executors.ray``) does, which the driver asks now and then. It travels to the node as it
stands here, so it imports the standard library alone and the node needs no tuner for it. The training is a child of the
guard (``guard.py``, sent along), which ends it when this process ends: with its driver, or with its node.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

SMALL = 2**20
"""Bytes up to which a file is sent whenever it changed, and up to which it is read for paths."""
PIECE = 2**24
TAIL = 2**16
LOST, STOPPED = 128 + signal.SIGKILL, 128 + signal.SIGTERM
OUTPUT, LOCK, OWNER, SENT = "output.txt", "lock", "owner", "sent"
PREFIX = f"tuner-{os.getuid()}-"
LOOK_SECONDS = 0.1
SETTLE_SECONDS = 30.0
"""How long a checkpoint that follows its row is waited for."""
LEASE_SECONDS = 120.0
"""After so long without a word from the driver the trial ends: a driver behind a broken network may not come back."""
SHARE = 10  # sending large files takes at most one part in so many of the time

Stamp = tuple[int, int]  # modification time in ns, size


@dataclass(frozen=True)
class Order:
    """What is to be run, with paths as the driver knows them.

    ``marker`` is a file with ``token`` in it that the driver wrote beside the trial's folder: who reads it there shares
    the folder. ``shared`` says so outright where it is not None. ``log`` and ``checkpoints`` are names in the folder;
    the checkpoints are written after each row, if there are any.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str | None
    folder: str
    marker: str
    token: str
    shared: bool | None
    guard: str
    grace_seconds: float
    log: str
    checkpoints: tuple[str, ...]
    scratch: str | None
    carry_seconds: float
    carry_bytes: int


@dataclass(frozen=True)
class Look:
    """What came since the last look: the exit code, and files that wait to be fetched.

    ``stamps`` are the files by their names, ``inline`` the content of small ones, ``gone`` names that are there no
    more. ``whole`` says that together with what was sent before they are the folder as it was at one moment, ``kept``
    names what is too large to be sent. ``log_size`` is how long the log is now. ``forsaken`` says that the trial was
    ended because no driver asked for it.
    """

    code: int | None
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    inline: Mapping[str, bytes] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    whole: bool = True
    kept: tuple[str, ...] = ()
    log_size: int = 0
    forsaken: bool = False


class Seat:
    """The actor: a share of a node for one trial after another, as a new actor takes a second to be there."""

    def place(self, order: Order) -> tuple[str, bool]:
        """Take on a trial; return the name of this node and whether it sees the trial's folder."""
        self._trial = Trial(order)
        return self._trial.place()

    def ask(self, question: str, *words: object) -> object:
        """Ask the trial that was taken on last, by the name of a method."""
        return getattr(self._trial, question)(*words)


class Trial:
    """``place``, then ``take`` for every file where nothing is shared, ``start``, ``look`` until the end, ``clear``."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._control, self._status = -1, -1
        self._code: int | None = None
        self._asked = time.monotonic()
        self._forsaken = False
        self._scratch, self._owner = _scratch(order.scratch)
        self._folder = order.folder
        self._sent: dict[str, Stamp] = {}
        self._sent_at: dict[str, float] = {}
        self._kept: set[str] = set()
        self._told: tuple[str, ...] = ()
        self._looked, self._took = 0.0, 0.0
        self._stopped = False

    # -- before the start -------------------------------------------------------------------------------------------

    def place(self) -> tuple[str, bool]:
        """Return the name of this node and whether it sees the trial's folder."""
        order = self._order
        shared = _holds(order.marker, order.token) if order.shared is None else order.shared
        if not shared:
            self._folder = os.path.join(self._scratch, os.path.basename(order.folder))
            os.makedirs(self._folder, exist_ok=True)
        return socket.gethostname(), shared

    def take(self, name: str, offset: int, piece: bytes, stamp: Stamp) -> None:
        """Write a piece of a file that the trial is to start with."""
        self._asked = time.monotonic()
        path = os.path.join(self._folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(piece)
        os.utime(path, ns=(stamp[0], stamp[0]))
        self._sent[name] = stamp

    def start(self) -> None:
        """Start the training, unless it was stopped before; raises OSError where it cannot be tried."""
        order = self._order
        if self._stopped:
            return
        if self._carried:
            for name in list(self._sent):
                _rename_paths(os.path.join(self._folder, name), order.folder, self._folder)
        guard = os.path.join(self._scratch, "guard.py")
        with open(guard, "w") as file:
            file.write(order.guard)
        read_end, self._control = os.pipe2(os.O_CLOEXEC)
        argv = [word.replace(order.folder, self._folder) for word in order.argv]
        status_read, status = os.pipe2(os.O_CLOEXEC)
        if not os.path.exists(argv[0]) and os.path.basename(argv[0]).startswith("python"):
            argv[0] = sys.executable  # the driver's interpreter lies elsewhere here
        own = {name: value.replace(order.folder, self._folder) for name, value in order.env.items()}
        cwd = order.cwd.replace(order.folder, self._folder) if order.cwd else None
        lock = os.path.join(self._folder, LOCK)
        with open(os.path.join(self._folder, OUTPUT), "ab") as output:
            # Detached: Ray kills the children of a worker that it ends, and nothing would be left to end theirs.
            own_words = [str(read_end), lock, str(order.grace_seconds), str(status), "--"]
            subprocess.run(
                [sys.executable, "-I", "-S", guard, *own_words, *argv],
                cwd=cwd,
                env={**os.environ, **own},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(read_end, status),
                start_new_session=True,
                check=True,
            )
        os.close(read_end)
        os.close(status)
        self._status = status_read
        threading.Thread(target=self._keep_lease, daemon=True).start()

    @property
    def _carried(self) -> bool:
        return self._folder != self._order.folder

    def _keep_lease(self) -> None:
        while self._code is None:
            if time.monotonic() - self._asked > LEASE_SECONDS:
                self._forsaken = True
                self.stop(force=False)
                return
            time.sleep(1)

    # -- while it trains --------------------------------------------------------------------------------------------

    def look(self, seconds: float, missed: bool) -> Look:
        """Wait until there is something to tell, at most so long; ``missed``: the last answer did not arrive."""
        for name in self._told if missed else ():
            self._sent.pop(name, None)
            self._sent_at.pop(name, None)
        if self._status < 0:
            return Look(STOPPED)
        self._took = time.monotonic() - self._looked if self._looked else 0.0
        deadline = time.monotonic() + seconds
        while True:
            self._asked = time.monotonic()
            code = self._poll()
            found = self._news(over=code is not None) if self._carried else Look(None)
            if found.stamps or found.gone or code is not None or time.monotonic() > deadline:
                break
            time.sleep(LOOK_SECONDS)
        self._looked = time.monotonic()
        return Look(
            code, found.stamps, found.inline, found.gone, found.whole, found.kept, self._log_size(), self._forsaken
        )

    def _poll(self) -> int | None:
        if self._code is None and select.select([self._status], [], [], 0)[0]:
            told = os.read(self._status, 16)
            self._code = int(told) if told else LOST
            if not told:
                # The guard itself was killed. The kernel ended its child, but not the children of that.
                with contextlib.suppress(OSError, ValueError), open(os.path.join(self._folder, LOCK)) as lock:
                    os.killpg(int(lock.read()), signal.SIGKILL)
        return self._code

    def piece(self, name: str, offset: int) -> bytes:
        """Return a part of a file as it was when ``look`` told of it."""
        self._asked = time.monotonic()
        with open(os.path.join(self._scratch, SENT, name), "rb") as file:
            file.seek(offset)
            return file.read(PIECE)

    def stop(self, force: bool) -> None:
        """Ask the training to end: politely, with force after the grace period; or at once."""
        self._stopped = True
        with contextlib.suppress(OSError):
            if self._control >= 0:
                os.write(self._control, b"k" if force else b"t")

    def clear(self) -> None:
        """Remove what is only here, and let go of it: others may follow in this process."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        open_ones = [handle for handle in (self._owner, self._control, self._status) if handle >= 0]
        self._owner = self._control = self._status = -1  # before they are closed: their numbers are given out again
        for handle in open_ones:
            os.close(handle)

    def _log_size(self) -> int:
        with contextlib.suppress(OSError):
            return os.stat(os.path.join(self._folder, self._order.log)).st_size
        return 0

    # -- what is to be sent -----------------------------------------------------------------------------------------

    def _news(self, *, over: bool) -> Look:
        """Copy what is due aside, all of one moment, and tell of it."""
        for attempt in range(5):
            there = dict(_files(self._folder))
            changed = {name: stamp for name, stamp in there.items() if self._sent.get(name) != stamp}
            if not over:  # what is opened anew is empty for a moment
                changed = {name: stamp for name, stamp in changed.items() if stamp[1]}
            changed = {name: stamp for name, stamp in changed.items() if not self._too_large(name, stamp)}
            if not over and not self._settled(there):
                return Look(None)
            due = [name for name, stamp in changed.items() if over or self._is_due(name, stamp)]
            # The log last: a checkpoint that is one epoch behind it is what any kill leaves.
            due.sort(key=lambda name: (name in (OUTPUT, self._order.log), changed[name]))
            torn = [name for name in due if not self._copy(name)]
            if over or (not torn and all(_stamp(os.path.join(self._folder, n)) == changed[n] for n in due)):
                break
            due = [name for name in due if name not in torn]
            time.sleep(0.02 * attempt)
        gone = tuple(name for name in self._sent if name not in there)
        return self._tell({name: changed[name] for name in due}, gone, whole=len(due) == len(changed))

    def _tell(self, due: Mapping[str, Stamp], gone: tuple[str, ...], *, whole: bool) -> Look:
        now = time.monotonic()
        for name in gone:
            self._sent.pop(name)
        self._told = tuple(due)
        self._sent.update(due)
        self._sent_at.update(dict.fromkeys(due, now))
        stamps, inline, room = {}, {}, SMALL
        for name, (changed, _) in due.items():
            path = os.path.join(self._scratch, SENT, name)
            _rename_paths(path, self._folder, self._order.folder)
            with contextlib.suppress(OSError):  # it went away before it could be copied
                stamps[name] = (changed, os.stat(path).st_size)
        for name, (_, size) in stamps.items():
            if size <= room:
                room -= size
                inline[name] = self.piece(name, 0)
        return Look(None, stamps, inline, gone, whole, tuple(sorted(self._kept)))

    def _settled(self, there: Mapping[str, Stamp]) -> bool:
        """Return whether the checkpoint of the last row is there, where it comes after the row."""
        names, row = self._order.checkpoints, there.get(self._order.log)
        if not names or row is None or time.time() - row[0] / 1e9 > SETTLE_SECONDS:
            return True
        return there.get(names[0], (0, 0))[0] >= row[0]

    def _is_due(self, name: str, stamp: Stamp) -> bool:
        if stamp[1] <= SMALL or name == OUTPUT or name not in self._sent_at:
            return True
        return time.monotonic() - self._sent_at[name] >= max(self._order.carry_seconds, SHARE * self._took)

    def _too_large(self, name: str, stamp: Stamp) -> bool:
        if stamp[1] <= self._order.carry_bytes or name == OUTPUT:
            return False
        self._kept.add(name)
        return True

    def _copy(self, name: str) -> bool:
        """Copy a file aside, of what was printed the end; return whether it seems to be whole."""
        source, target = os.path.join(self._folder, name), os.path.join(self._scratch, SENT, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            if name == OUTPUT:
                _copy_tail(source, target)
            else:
                shutil.copyfile(source, target)
            with open(target, "rb") as file:
                return file.read(2) != b"PK" or zipfile.is_zipfile(target)
        except OSError:
            return False


def _scratch(parent: str | None) -> tuple[str, int]:
    """Make a folder of this trial's own, and remove those of trials whose process is gone; return it and its lock."""
    parent = parent or tempfile.gettempdir()
    for name in os.listdir(parent):
        if name.startswith(PREFIX):
            with contextlib.suppress(OSError), open(os.path.join(parent, name, OWNER)) as owner:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(os.path.join(parent, name), ignore_errors=True)
    scratch = tempfile.mkdtemp(prefix=PREFIX, dir=parent)
    # Held until the trial or this process ends, however it ends.
    handle = os.open(os.path.join(scratch, OWNER), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_SH)
    os.makedirs(os.path.join(scratch, SENT))
    return scratch, handle


def _holds(path: str, token: str) -> bool:
    try:
        with open(path) as file:
            return file.read() == token
    except OSError:
        return False


def _stamp(path: str) -> Stamp | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def _files(folder: str) -> Iterator[tuple[str, Stamp]]:
    """Yield the names of all files below ``folder`` that belong to the trial, with their stamps."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            stamp = _stamp(path) if os.path.isfile(path) else None
            relative = os.path.relpath(path, folder)
            if stamp is not None and relative != LOCK:
                yield relative, stamp


def _rename_paths(path: str, before: str, after: str) -> None:
    """Replace a folder's path by another in a small text; settings name the folder of their trial."""
    with contextlib.suppress(OSError):
        stat = os.stat(path)
        if stat.st_size > SMALL:
            return
        with open(path, "rb") as file:
            content = file.read()
        if before.encode() in content and b"\0" not in content:
            with open(path, "wb") as file:
                file.write(content.replace(before.encode(), after.encode()))
            os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))


def _copy_tail(source: str, target: str) -> None:
    with open(source, "rb") as file, open(target, "wb") as copy:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        copy.write(file.read(TAIL))
