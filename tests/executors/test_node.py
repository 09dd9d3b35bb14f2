"""A trial on a node that does not see the study's folder: its files go there and come back. No cluster is needed."""

from __future__ import annotations

import os
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tuner.executors import carried, guard, node
from tuner.executors.carried import Incoming

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "trials" / "0007"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def made(folder: Path, tmp_path: Path) -> Any:
    """Return a function that makes a trial on a node without the folder; all are ended at the end."""
    trials: list[node.Trial] = []

    def make(code: str, **changes: Any) -> node.Trial:
        order = {
            "argv": (sys.executable, "-S", "-c", code),
            "env": {"FOLDER": str(folder)},
            "cwd": str(folder),
            "folder": str(folder),
            "marker": str(folder.parent / ".shared"),
            "token": "token",
            "shared": False,
            "guard": Path(guard.__file__).read_text(),
            "grace_seconds": 0.5,
            "log": "log.csv",
            "checkpoints": (),
            "scratch": str(tmp_path),
            "carry_seconds": 60.0,
            "carry_bytes": 2**31,
        }
        trials.append(node.Trial(node.Order(**{**order, **changes})))
        return trials[-1]

    yield make
    for trial in trials:
        trial.stop(force=True)
        end(trial)


def end(trial: node.Trial, incoming: Incoming | None = None, seconds: float = 10) -> node.Look:
    """Look until the trial is over, and fetch what each look tells of: nothing is told twice."""
    deadline = time.monotonic() + seconds
    while True:
        look = trial.look(0.2, missed=False)
        if incoming:
            fetch(trial, incoming, look)
        if look.code is not None:
            return look
        assert time.monotonic() < deadline, "the trial did not end"


def fetch(trial: node.Trial, incoming: Incoming, look: node.Look) -> None:
    """Do what the driver does with a look."""
    for name, (_, size) in look.stamps.items():
        for offset in range(0, max(size, 1), node.PIECE):
            incoming.write(name, offset, trial.piece(name, offset))
    incoming.install(look)


def until(trial: node.Trial, incoming: Incoming, there: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < deadline, "it did not come back"
        fetch(trial, incoming, trial.look(0.2, missed=False))


def begin(trial: node.Trial, folder: Path) -> Incoming:
    assert trial.place()[1] is False
    for piece in carried.outgoing(folder):
        trial.take(*piece)
    trial.start()
    return Incoming(folder)


def test_settings_go_there_with_the_folder_of_the_node_and_results_come_back_with_our_own(
    made: Any, folder: Path
) -> None:
    (folder / "spec.json").write_text(f'{{"folder": "{folder}"}}')
    (folder / "weights").mkdir()
    (folder / "weights" / "last.pt").write_bytes(b"\0" + os.urandom(3 * 2**20))
    sent = (folder / "weights" / "last.pt").read_bytes()
    code = (
        "import os\nhere = os.getcwd()\nassert here == os.environ['FOLDER'] and here in open('spec.json').read()\n"
        f"assert here != {str(folder.parent)!r} + '/0007'\n"
        "open('log.csv', 'w').write(here)\nprint(here)\nold = open('weights/last.pt', 'rb').read()\n"
        "open('best.pt', 'wb').write(old)\nos.remove('weights/last.pt')"
    )
    trial = made(code)
    incoming = begin(trial, folder)
    look = end(trial, incoming)
    assert look.code == 0, (folder / "output.txt").read_text()
    assert (folder / "log.csv").read_text() == str(folder)
    assert str(folder) in (folder / "spec.json").read_text()
    assert (folder / "best.pt").read_bytes() == sent
    assert not (folder / "weights" / "last.pt").exists()
    assert str(trial._scratch) not in (folder / "log.csv").read_text()


def test_rows_come_back_at_once_and_large_files_now_and_then(made: Any, folder: Path) -> None:
    code = (
        "import time, zipfile\nfor i in range(1, 100):\n"
        "    with zipfile.ZipFile('last.pt', 'w') as file: file.writestr('weights', bytes([i]) * 2**21)\n"
        "    open('log.csv', 'a').write(f'{i}\\n')\n    time.sleep(0.3)"
    )
    trial = made(code)
    incoming = begin(trial, folder)
    log, last = folder / "log.csv", folder / "last.pt"
    until(trial, incoming, lambda: log.exists() and len(log.read_text().split()) >= 4)
    rows = len((folder / carried.KEPT / "log.csv").read_text().split())
    assert zipfile.ZipFile(last).read("weights") in (bytes([rows]) * 2**21, bytes([rows + 1]) * 2**21)
    trial.stop(force=True)
    carried.restore(folder)  # as where the node is lost now
    assert len(log.read_text().split()) == rows
    assert not (folder / carried.KEPT).exists()


def test_the_first_rows_do_not_come_before_their_checkpoint(made: Any, folder: Path) -> None:
    code = (
        "import time\nopen('log.csv', 'w').write('1\\n')\ntime.sleep(1)\n"
        "open('last.pt', 'w').write('1')\ntime.sleep(60)"
    )
    trial = made(code, checkpoints=("last.pt",))
    incoming = begin(trial, folder)
    until(trial, incoming, (folder / "log.csv").exists)
    assert (folder / "last.pt").exists()


def test_half_a_checkpoint_is_not_taken_for_one(made: Any, folder: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.pt"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("data", os.urandom(2**20))
    content = f"open({str(whole)!r}, 'rb').read()"
    code = (
        f"import time\nall = {content}\nfile = open('last.pt', 'wb')\nfile.write(all[:5000])\nfile.flush()\n"
        "time.sleep(1.5)\nfile.write(all[5000:])\nfile.close()\nopen('log.csv', 'w').write('1')\ntime.sleep(60)"
    )
    trial = made(code)
    incoming = begin(trial, folder)
    until(trial, incoming, (folder / "log.csv").exists)
    assert (folder / "last.pt").read_bytes() == whole.read_bytes()


def test_one_trial_after_another_leaves_nothing_open(made: Any, folder: Path, tmp_path: Path) -> None:
    seat, before = node.Seat(), len(os.listdir("/proc/self/fd"))
    for content in ("1", "2"):
        assert seat.place(made(f"open('log.csv', 'w').write({content!r})")._order)[1] is False
        seat.ask("start")
        while seat.ask("look", 0.2, False).code is None:  # type: ignore[attr-defined]
            pass
        seat.ask("clear")
        seat.ask("clear")  # the first answer may have been lost
    assert len(os.listdir("/proc/self/fd")) == before + 2, "the two that hold what made() made, and no other"
    assert len(list(tmp_path.glob("tuner-*"))) == 2


def test_what_is_too_large_stays_and_is_named(made: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"1" * 3000000)  # there at once: half of it would be small enough to be sent
    code = f"import os; os.rename({str(tmp_path / 'large')!r}, 'last.pt'); open('log.csv', 'w').write('1')"
    trial = made(code, carry_bytes=2**21)
    incoming = begin(trial, folder)
    look = end(trial, incoming)
    assert look.kept == ("last.pt",)
    assert (folder / "log.csv").exists() and not (folder / "last.pt").exists()


def test_of_a_flood_of_output_the_end_comes_back_behind_what_was_printed_before(made: Any, folder: Path) -> None:
    (folder / "output.txt").write_text("first start\n")
    trial = made("for i in range(300000): print('spam', i)")
    incoming = begin(trial, folder)
    end(trial, incoming)
    output = (folder / "output.txt").read_text()
    assert output.startswith("first start\n") and output.endswith("spam 299999\n")
    assert len(output) < 2 * node.TAIL


def test_an_answer_that_was_missed_is_given_again(made: Any, folder: Path) -> None:
    trial = made("open('log.csv', 'w').write('1'); import time; time.sleep(60)")
    begin(trial, folder)
    deadline = time.monotonic() + 10
    while "log.csv" not in trial.look(0.2, missed=False).stamps:
        assert time.monotonic() < deadline, "it was not told of"
    assert "log.csv" in trial.look(0.1, missed=True).stamps
    assert "log.csv" not in trial.look(0.1, missed=False).stamps


def test_a_shared_folder_is_found_by_its_marker(made: Any, folder: Path) -> None:
    (folder.parent / ".shared").write_text("token")
    assert made(SLEEP, shared=None).place()[1] is True
    assert made(SLEEP, shared=None, token="another").place()[1] is False
    assert made(SLEEP, shared=True, token="another").place()[1] is True


def test_what_was_stopped_before_its_start_does_not_start(made: Any, folder: Path) -> None:
    trial = made("open('up', 'w')")
    trial.place()
    trial.stop(force=False)
    trial.start()
    assert trial.look(0.1, missed=False).code == node.STOPPED


def test_a_trial_that_nobody_asks_for_ends(made: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "LEASE_SECONDS", 1.0)
    trial = made("import time\nopen('log.csv', 'w')\ntime.sleep(60)")
    begin(trial, folder)
    time.sleep(4)
    look = trial.look(1, missed=False)
    assert look.code == node.STOPPED and look.forsaken


def test_what_dead_trials_left_on_a_node_is_removed(made: Any, tmp_path: Path) -> None:
    dead = tmp_path / f"{node.PREFIX}dead"
    dead.mkdir()
    (dead / node.OWNER).touch()
    alive = made(SLEEP)
    made(SLEEP)
    assert not dead.exists()
    assert Path(alive._scratch).exists()


def test_a_node_cannot_write_outside_the_trials_folder(folder: Path) -> None:
    incoming = Incoming(folder)
    for name in ("../spec.json", "/etc/motd", "a/../../b"):
        with pytest.raises(ValueError, match="inside the trial's folder"):
            incoming.write(name, 0, b"")
