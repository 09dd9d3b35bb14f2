"""The command ``tuner diagnose``: what it prints where, its exit codes, its pictures, and following a log."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests import driving
from tests.readers.samples import SAMPLES
from tests.test_diagnose import OVERFITTED, TRAIN, one, table
from tuner import diagnose_text, plot, plot_file, plot_html, plot_png, plot_terminal


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return table(tmp_path / "log.csv", train_loss=TRAIN, val_loss=OVERFITTED)


def printed(path: Path, *, width: int, terminal: bool = True, color: bool = False) -> str:
    """Return what is printed of one run."""
    file = io.StringIO()
    console = Console(file=file, width=width, height=24, force_terminal=terminal, no_color=not color)
    diagnose_text.show_run(one(path), console, "en", picture=terminal)
    return file.getvalue()


def test_one_run_is_lines_as_of_a_linter(log: Path) -> None:
    done = driving.tuner("diagnose", log)
    assert done.returncode == 1
    first, *rest = done.stdout.splitlines()
    assert re.match(re.escape(f"{log}:13: overfitting (") + r"0\.\d\d\): val loss rose .*; try: smaller model, ", first)
    assert all(line.startswith(f"{log}:") for line in rest)
    assert f"{log}: best: val_loss 0.2455 at epoch 13, 40 epochs logged" in rest
    assert done.stderr == ""


def test_a_pipe_gets_neither_colours_nor_a_picture(log: Path) -> None:
    out = printed(log, width=80, terminal=False)
    assert "\x1b" not in out and "┤" not in out


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_a_terminal_is_never_too_narrow(log: Path, width: int) -> None:
    lines = re.sub(r"\x1b\[[\d;]*m", "", printed(log, width=width)).splitlines()
    assert max(map(len, lines)) <= width
    assert any("★" in line for line in lines)


def test_without_colours_the_lines_of_a_picture_are_numbered(log: Path) -> None:
    assert "1 train loss   2 val loss" in re.sub(r"\x1b\[[\d;]*m", "", printed(log, width=80))
    assert "━ train loss" in re.sub(r"\x1b\[[\d;]*m", "", printed(log, width=80, color=True))


def test_several_runs_are_a_table_with_problems_and_a_summary(log: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    table(tmp_path / "other" / "short.csv", train_loss=TRAIN[:2], val_loss=TRAIN[:2])
    (tmp_path / "bad.json").write_text('{"log_history": []}')
    done = driving.tuner("diagnose", tmp_path)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["run", "format", "epochs", "verdict", "since", "sure", "best", "why"]
    assert re.match(r"log\.csv +csv +40 +overfitting +13 ", lines[1])
    assert re.match(r"other/short\.csv +csv +2 +too_early ", lines[2])
    assert lines[3] == f"{tmp_path / 'bad.json'}: looks like a training log, but holds not one epoch"
    assert lines[-1] == "2 runs: overfitting 1, too_early 1; 1 not read"


def test_json_is_one_object_a_line(log: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"log_history": []}')
    done = driving.tuner("diagnose", tmp_path, "--json")
    bad, good = map(json.loads, done.stdout.splitlines())
    assert bad == {"file": str(tmp_path / "bad.json"), "error": "looks like a training log, but holds not one epoch"}
    assert good["file"] == str(log) and good["verdict"] == "overfitting"


def test_chinese_is_spoken(log: Path) -> None:
    done = driving.tuner("diagnose", log, "--lang", "zh")
    assert "overfitting" in done.stdout and re.search(r"[\u4e00-\u9fff]", done.stdout)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.csv"], "tuner: none.csv: expected a log or a folder of logs, but there is none"),
        (["pyproject.toml"], "tuner: pyproject.toml: no training log of a known format"),
        (["LOG", "--columns", "val_loss=x"], "tuner: LOG: no column 'x' with numbers; there are "),
        (["LOG", "--objective", "val_los"], "did you mean 'val_loss'?"),
        (["LOG", "--planned", "0"], "tuner: --planned: expected a number of epochs of at least 1, but got 0"),
        (["LOG", "--lang", "fr"], "tuner: --lang: unknown language 'fr'"),
        (["LOG", "--plot", "x.pdf"], "tuner: --plot: expected a file that ends in .png or .html, but got 'x.pdf'"),
        (["LOG", "--plot", "no/such/x.png"], "expected a folder, but there is none"),
        (["LOG", "LOG", "--watch"], "tuner: --watch: expected one log"),
        (["none.csv", "--watch"], "there is none"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(log: Path, words: list[str], message: str) -> None:
    done = driving.tuner("diagnose", *(str(log) if word == "LOG" else word for word in words))
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert message.replace("LOG", str(log)) in line


def test_starting_needs_no_optuna_and_nothing_that_draws(log: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import tuner.cli; from tuner import diagnose_command as d\n"
        f"d.look([Path({str(log)!r})], d.asked([], None, None), d.Show())\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=driving.ROOT, capture_output=True, check=True, text=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "numpy" in loaded
    assert loaded & {"optuna", "torch", "pandas", "matplotlib", "plotly", "sklearn", "sqlalchemy"} == set()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_run_of_every_format_can_be_drawn_everywhere(name: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(SAMPLES[name].content)
    picture = plot.picture(one(path))
    assert picture.panels
    assert len(plot_terminal.draw(picture, Console(file=io.StringIO(), width=80, height=24))) > 5
    assert picture.title in plot_html.page([picture], "en")


def test_pictures_are_files_of_their_kind_and_need_no_network(log: Path, tmp_path: Path) -> None:
    picture = plot.picture(one(log))
    plot_png.save([picture], tmp_path / "one.png")
    plot_png.save([picture] * 3, tmp_path / "three.png")
    for name in ("one.png", "three.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    page = plot_html.page([picture, picture], "en")
    assert page.count("<section>") == 2
    assert not re.search(r"<(script|link)[^>]*(src|href)=", page)


def test_names_in_a_log_are_no_html(tmp_path: Path) -> None:
    path = table(tmp_path / "log.csv", train_loss=TRAIN, **{"<b>acc</b>": 1 - TRAIN})
    page = plot_html.page([plot.picture(one(path))], "en")
    assert "<b>acc</b>" not in page.partition("<body>")[2]


def test_a_picture_of_too_many_runs_shows_the_sick_ones_and_says_so(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(plot_file.MOST, ".html", 1)
    healthy = one(table(tmp_path / "short.csv", train_loss=TRAIN[:2], val_loss=TRAIN[:2]))
    path = tmp_path / "many.html"
    assert plot_file.write([healthy, one(log)], path, "en") == f"plot: {path} (1 of 2 runs, the sick ones first)"
    assert "overfitting" in path.read_text().partition("<body>")[2]


@pytest.mark.parametrize("values", [[float("nan")] * 3, [1e300, -1e300, 0], [0, 0, 0], [5], [1e-320, 1e300, 1]])
def test_no_value_is_too_odd_to_draw(values: list[float], tmp_path: Path) -> None:
    picture = plot.picture(one(table(tmp_path / "log.csv", train_loss=values, acc=[0.1, 0.2, 0.3])))
    assert plot_terminal.draw(picture, Console(file=io.StringIO(), width=80, height=50))
    plot_png.save([picture], tmp_path / "x.png")
    plot_html.page([picture], "en")


def test_watching_tells_changes_and_survives_half_a_row(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("")
    command = [sys.executable, "-m", "tuner", "diagnose", str(log), "--watch", "--every", "0.1", "--planned", "60"]
    watcher = subprocess.Popen(command, cwd=driving.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert watcher.stdout is not None
    assert "an empty file" in watcher.stdout.readline()
    whole = table(tmp_path / "whole.csv", train_loss=TRAIN, val_loss=OVERFITTED).read_text()
    at = whole.index("\n4.0,") + 7
    with log.open("a") as file:
        file.write(whole[:at])
    assert "epoch 3: " in (line := watcher.stdout.readline()) and "too_early" in line, line
    with log.open("a") as file:
        file.write(whole[at:])
    assert "epoch 40: " in (line := watcher.stdout.readline()) and "overfitting" in line, line
    os.kill(watcher.pid, signal.SIGINT)
    out, err = watcher.communicate(timeout=20)
    assert (out, err, watcher.returncode) == ("", "", 1)


def test_the_options_in_the_examples_of_the_help_exist() -> None:
    text = driving.tuner("diagnose", "--help").stdout
    for option in re.findall(r"--[a-z-]+", text.partition("Examples")[2]):
        assert option in text.partition("Examples")[0]
