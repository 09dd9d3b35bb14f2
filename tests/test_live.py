from __future__ import annotations

import sys

import pytest

from tests.studies import DIVERGING, Clock, console, record, running, snapshot, text
from tests.terminal import Terminal
from tuner import live
from tuner.gpu_use import Gauge
from tuner.live import LiveView, QuietView
from tuner.plain_view import PlainView
from tuner.snapshot import GpuUse


def test_a_terminal_gets_the_picture_a_pipe_gets_lines_and_quiet_gets_nothing() -> None:
    assert isinstance(live.view(False, console(terminal=True)), LiveView)
    assert isinstance(live.view(False, console(terminal=False)), PlainView)
    assert isinstance(live.view(True, console(terminal=True)), QuietView)


def test_a_terminal_that_cannot_redraw_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(live.view(False, console(terminal=True)), PlainView)


def test_the_picture_is_redrawn_at_most_twice_a_second() -> None:
    clock, screen = Clock(), console(terminal=True)
    with LiveView(screen, clock) as view:
        view.update(snapshot(study="first"))
        view.update(snapshot(study="second"))
        assert "second" not in text(screen)
        clock.now += live.REDRAW_SECONDS
        view.update(snapshot(study="third"))
        assert "third" in text(screen)


def test_an_epoch_more_rewrites_the_lines_that_tell_of_it_and_no_others() -> None:
    clock, screen = Clock(), console(terminal=True)
    ended = [record(n, DIVERGING) for n in range(3)]
    with LiveView(screen, clock) as view:
        view.update(snapshot(*ended, running=(running(8, 4), running(9, 7))))
        before = len(text(screen))
        clock.now += live.REDRAW_SECONDS
        view.update(snapshot(*ended, running=(running(8, 5), running(9, 7))))
    news = text(screen)[before:]
    assert " 5/10" in news
    assert " 7/10" not in news and "pruned" not in news and "maximise" not in news


def test_the_last_picture_stays_when_the_view_is_left() -> None:
    screen = console(terminal=True)
    with LiveView(screen, Clock()) as view:
        view.update(snapshot())
        view.update(snapshot(record(5, DIVERGING)))
    assert "trial 5 pruned at epoch 3" in text(screen)


def test_a_line_that_is_said_stays_above_the_picture() -> None:
    screen, terminal = console(terminal=True), Terminal()
    with LiveView(screen, Clock()) as view:
        view.update(snapshot(running=(running(8),)))
        view.say("using [bold]1[/bold] device")
        view.warn("none is paused")
    terminal.feed(text(screen))
    assert terminal.lines[:2] == ["using [bold]1[/bold] device", "none is paused"]
    assert terminal.lines[2].startswith("digits  maximise accuracy")
    assert sum(line.startswith("digits") for line in terminal.lines) == 1


def test_what_a_library_prints_to_standard_error_stands_above_the_picture() -> None:
    screen, terminal = console(terminal=True), Terminal()
    with LiveView(screen, Clock()) as view:
        view.update(snapshot())
        print("something is deprecated", file=sys.stderr)
    terminal.feed(text(screen))
    assert terminal.lines[0] == "something is deprecated"
    assert terminal.lines[1].startswith("digits")


def test_gpus_are_shown_while_a_driver_trains_on_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def read(self: Gauge, devices: list[str]) -> tuple[GpuUse, ...]:
        asked.append(devices)
        return tuple(GpuUse(name, 87, 2**30, 2**34) for name in devices)

    monkeypatch.setattr(Gauge, "read", read)
    screen = console(terminal=True)
    with LiveView(screen, Clock()) as view:
        view.update(snapshot(running=(running(8, device="gpu 3"),)))
        assert "gpu 3  87% 1/16 GB" in text(screen)
        view.update(snapshot(running=(running(8, device="gpu 3"),), alive=False))
    assert asked == [["gpu 3"], []]


def test_the_quiet_view_prints_nothing_but_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    with live.view(True) as view:
        view.update(snapshot(record(1, DIVERGING), note="watching"))
        view.say("hello")
        assert capsys.readouterr() == ("", "")
        view.warn("no trial is paused")
    assert capsys.readouterr() == ("", "tuner: no trial is paused\n")


def test_a_pipe_is_never_redrawn_even_where_colour_is_forced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with live.view(False) as view:
        assert isinstance(view, PlainView)
        view.update(snapshot(record(1, DIVERGING), running=(running(8),)))
        view.warn("trouble")
    assert "\x1b" not in capsys.readouterr().out
