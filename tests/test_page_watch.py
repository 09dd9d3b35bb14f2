from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.conftest import SMALL
from tests.driving import driver, tuner, wait_until
from tests.report_html.pages import family, study_in
from tests.studies import record, snapshot
from tuner.live import QuietView
from tuner.page_watch import LEAST_SECONDS, LONGEST_SECONDS, Republishing


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_page_is_written_beside_the_driver_once_a_trial_has_ended_and_some_time_has_passed(tmp_path: Path) -> None:
    place = study_in(tmp_path, family())
    clock, page = Clock(), place / "report.html"
    with Republishing(QuietView(), place, clock) as view:
        view.update(snapshot(record(0)))
        view.update(snapshot(record(0), record(1)))
        clock.now = LEAST_SECONDS
        view.update(snapshot(record(0), record(1)))
        wait_until(lambda: (view.update(snapshot(record(0), record(1))), page.is_file())[1])
    assert "trial 1" in page.read_text()


def test_where_nothing_ended_nothing_is_written(tmp_path: Path) -> None:
    clock = Clock()
    with Republishing(QuietView(), tmp_path, clock) as view:
        for clock.now in (0.0, LEAST_SECONDS, 10 * LEAST_SECONDS):
            view.update(snapshot(record(0)))
        assert view._process is None


def test_a_page_about_long_trials_is_written_again_although_none_ended(tmp_path: Path) -> None:
    place = study_in(tmp_path, family())
    clock = Clock()
    with Republishing(QuietView(), place, clock) as view:
        view.update(snapshot(record(0)))
        clock.now = LONGEST_SECONDS - 1
        view.update(snapshot(record(0)))
        assert view._process is None
        clock.now = LONGEST_SECONDS
        view.update(snapshot(record(0)))
        assert view._process is not None


def test_a_page_that_took_long_is_written_less_often(tmp_path: Path) -> None:
    place = study_in(tmp_path, family())
    clock = Clock()
    with Republishing(QuietView(), place, clock) as view:
        view.update(snapshot(record(0)))
        clock.now = LEAST_SECONDS
        view.update(snapshot(record(0), record(1)))
        assert view._process is not None
        view._process.wait()
        clock.now += 5.0
        view.update(snapshot(record(0), record(1)))
        clock.now += 49.0
        view.update(snapshot(*(record(n) for n in range(3))))
        assert view._process is None
        clock.now += 1.0
        view.update(snapshot(*(record(n) for n in range(3))))
        assert view._process is not None


def test_a_page_in_the_making_does_not_hold_up_the_end_nor_leave_parts(tmp_path: Path) -> None:
    place = study_in(tmp_path, family())
    clock = Clock()
    with Republishing(QuietView(), place, clock) as view:
        view.update(snapshot(record(0)))
        clock.now = LEAST_SECONDS
        view.update(snapshot(record(0), record(1)))
        (place / f".report.html.{view._process.pid if view._process else 0}.part").write_text("half")
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert list(place.glob(".report.html.*")) == []


def test_a_study_that_ran_has_its_page_with_every_trial(write_config: Callable[..., Path], tmp_path: Path) -> None:
    done = tuner("run", write_config(budget={"trials": 3}))
    page = tmp_path / "results" / "small" / "report.html"
    assert done.returncode == 0 and f"report: {page}" in done.stdout
    text = page.read_text()
    assert text.count('class="card ') == 3 and '<html lang="en">' in text and "tuner run " in text


def test_an_interrupted_study_has_its_page_a_moment_later(write_config: Callable[..., Path], tmp_path: Path) -> None:
    slow = {**SMALL["trainer"], "command": f"{SMALL['trainer']['command']} --seconds 1"}
    running = driver(write_config(trainer=slow))
    folder = tmp_path / "results" / "small"
    wait_until(lambda: (folder / "trials" / "0000" / "results.csv").is_file())
    running.terminate()
    running.communicate(timeout=30)
    wait_until(lambda: (folder / "report.html").is_file())
    assert "data-reload" not in (folder / "report.html").read_text().split(">")[1]
