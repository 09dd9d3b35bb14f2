"""The whole command as a process, asked as the page asks it, and the page itself in a browser."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.driving import ROOT, tuner
from tests.report_html.browser import BROWSER, needs_browser
from tests.report_html.pages import family, study_in

pytest.importorskip("optuna_dashboard", reason="needs the extra: pip install tuner[dashboard]")

REFUSED = "this page shows a study and cannot change it"


@contextlib.contextmanager
def served(place: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command on a free port; yield its process and where it listens."""
    command = [sys.executable, "-m", "tuner", "dashboard", str(place), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found is not None
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(study_in(tmp_path_factory.mktemp("served"), family())) as (_, address):
        yield address


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        content: bytes = answer.read()
    return content


def detail(address: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(get(f"{address}/api/studies/1"))
    return found


def test_notes_plots_and_the_name_of_the_objective_are_served(address: str) -> None:
    study = detail(address)
    assert "### Best so far: [trial 1]" in study["note"]["body"]
    assert "**Why it ended:** overfitting since epoch 15" in study["trials"][0]["note"]["body"]
    assert {plot["id"] for plot in study["plotly_graph_objects"]} == {
        "tuner-progress",
        "tuner-curves",
        "tuner-remedies",
    }
    assert study["objective_names"] == ["val/accuracy"]


def test_the_picture_in_a_note_and_the_files_of_a_trial_are_served(address: str) -> None:
    study = detail(address)
    trial = study["trials"][0]
    picture = re.search(r"\((/artifacts/[^)]*)\)", trial["note"]["body"])
    assert picture is not None and get(address + picture[1]).startswith(b"\x89PNG")
    [log] = [a["artifact_id"] for a in trial["artifacts"] if a["filename"] == "results.csv"]
    assert get(f"{address}/artifacts/1/{trial['trial_id']}/{log}").startswith(b"epoch,train/loss")
    assert [a["filename"] for a in study["artifacts"]] == ["config.yaml"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "studies/1/note"), ("PUT", "studies/1/1000000/note"), ("DELETE", "studies/1"), ("POST", "studies")],
)
def test_whatever_would_change_the_study_is_refused_and_says_so(address: str, method: str, path: str) -> None:
    request = urllib.request.Request(f"{address}/api/{path}", data=b"{}", method=method)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code == 403 and json.load(refused.value)["reason"] == REFUSED


@needs_browser
def test_the_page_shows_the_note_of_a_trial_in_a_browser(address: str, tmp_path: Path) -> None:
    assert BROWSER is not None
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={tmp_path}"]
    page = f"{address}/dashboard/studies/1/trials?numbers=0"
    command = [BROWSER, *flags, "--virtual-time-budget=8000", "--dump-dom", page]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    assert "<strong>Why it ended:</strong> overfitting since epoch 15: val loss rose 31 %" in dom
    assert re.search(r'<img [^>]*src="/artifacts/1/1000000/', dom) and "results.csv" in dom


def test_the_keyboard_ends_it_with_exit_code_0_and_leaves_nothing(tmp_path: Path) -> None:
    place = study_in(tmp_path, family()[:1])
    before = sorted(tmp_path.rglob("*"))
    with served(place) as (process, address):
        get(f"{address}/api/studies")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and err == "" and "Traceback" not in out
    assert sorted(tmp_path.rglob("*")) == before


def test_a_port_that_is_taken_is_one_clear_line(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = tuner("dashboard", place, "--port", port)
    assert done.returncode == 2
    assert done.stderr == f"tuner: dashboard: --port: expected a free port, but {port} is taken by another program\n"


def test_an_address_that_is_not_of_this_machine_is_one_clear_line(place: Path) -> None:
    done = tuner("dashboard", place, "--host", "192.0.2.1", "--port", 0)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("tuner: dashboard: --host: expected an address of this machine, but got 192.0.2.1")


def test_a_folder_without_a_study_is_one_clear_line(tmp_path: Path) -> None:
    done = tuner("dashboard", tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "expected a study's folder" in done.stderr
