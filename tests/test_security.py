"""What docs/security.md promises of input from outside, each tried with what would break it."""

from __future__ import annotations

import ast
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import driving
from tests.studies import trial
from tuner import checkpoint, config, documents, reading
from tuner.dashboard import notes
from tuner.errors import ConfigError, StudyError, TunerError
from tuner.executors.carried import Incoming
from tuner.executors.node import Look
from tuner.inside import asked
from tuner.reading import parts_of

Write = Callable[..., Path]
PACKAGE = Path(documents.__file__).parent
SECRET = "c0rrect-h0rse"
URL = f"postgresql://ada:{SECRET}@db.example.org/tuning"


class Touches:
    """What makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


# -- nothing from outside is run ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "yaml_text",
    [
        '!!python/object/apply:os.system ["touch {made}"]',
        '!!python/object/new:os.system ["touch {made}"]',
        '!!python/object/apply:subprocess.check_output [["touch", "{made}"]]',
        "!!python/name:os.system",
        "!!python/module:os",
        '!!python/object/apply:builtins.eval ["open({made!r}, chr(119))"]',
    ],
)
def test_a_tag_in_yaml_runs_nothing(yaml_text: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    path = tmp_path / "study.yaml"
    path.write_text(f"study: {yaml_text.format(made=str(made))}\n")
    with pytest.raises(ConfigError, match=r"study\.yaml:1: expected YAML, but got: could not determine a constructor"):
        config.load(path)
    with pytest.raises(ConfigError, match="expected YAML"):
        documents.parse(yaml_text.format(made=str(made)), "--set study")
    assert not made.exists()


def test_a_pickle_in_place_of_a_checkpoint_runs_nothing(tmp_path: Path) -> None:
    """The driver looks at its first bytes; the built-in classifier takes tensors and plain values alone."""
    pytest.importorskip("torch", reason="torch is not installed")
    from tuner.inside import checkpoint as inside

    made, last = tmp_path / "made", tmp_path / "last.pt"
    last.write_bytes(pickle.dumps({"epoch": 1, "model": Touches(made)}))
    assert checkpoint.is_whole(last)
    with pytest.raises(pickle.UnpicklingError):
        inside.load(last)
    assert not made.exists()
    pickle.loads(last.read_bytes())  # it is armed
    assert made.exists()


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Yield every call in the package: its module, the name called, and the call."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield str(path.relative_to(PACKAGE)), ast.unparse(node.func), node


def test_nothing_in_the_package_evaluates_text_unpickles_or_calls_a_shell() -> None:
    never = {"eval", "exec", "__import__", "os.system", "os.popen", "pickle.load", "pickle.loads", "marshal.loads"}
    found = list(calls())
    assert len(found) > 3000
    assert [(where, name) for where, name, _ in found if name in never] == []
    for where, name, call in found:
        given = {k.arg: ast.unparse(k.value) for k in call.keywords}
        assert given.get("shell", "False") == "False", (where, name)
        if name == "torch.load":
            assert given.get("weights_only") == "True", where
        if name == "np.load":
            assert given.get("allow_pickle", "False") == "False", where
        if name in ("yaml.load", "yaml.load_all"):
            assert where in ("documents.py", "manual.py"), where  # a SafeLoader of our own; files of the package
        assert name not in ("yaml.unsafe_load", "yaml.full_load"), where


SHOWING = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
(folder / "argv.json").write_text(json.dumps(sys.argv[2:]))
(folder / "results.csv").write_text("epoch,val/accuracy\\n1,0.5\\n")
"""


def test_values_and_paths_reach_a_program_as_they_are_and_no_shell(tmp_path: Path, write_config: Write) -> None:
    made = tmp_path / "made"
    attacks = [f"; touch {made}", f"$(touch {made})", f"`touch {made}`", f"a\nb | touch {made}", "{folder} %s 'x"]
    program = tmp_path / "show.py"
    program.write_text(SHOWING)
    place = tmp_path / f"a $(touch {made.name}); b"
    path = write_config(
        trainer={"name": "script", "command": ["{python}", str(program), "{folder}", "{what}", "x{what}"]},
        space={"what": {"choice": attacks}},
        baselines=[{"what": attack} for attack in attacks],
        budget={"trials": len(attacks)},
        sweep=0,
        epochs=1,
        results=str(place),
    )
    records = driving.study(path)
    assert [r.params["what"] for r in records] == attacks
    for number, attack in enumerate(attacks):
        argv = json.loads((place / "small" / "trials" / f"{number:04d}" / "argv.json").read_text())
        assert argv == [attack, f"x{attack}"]
    assert not made.exists() and not (place / made.name).exists() and not Path(made.name).exists()


@pytest.mark.parametrize("place", ["{lr.__class__}", "{lr[0]}", "{lr:{seed}}", "{lr:{python.__class__}}"])
def test_a_template_reaches_no_further_than_its_values(place: str, write_config: Write) -> None:
    trainer = {"name": "script", "command": f"{{python}} train.py --lr '{place}'"}
    with pytest.raises(ConfigError, match="command: expected"):
        config.load(write_config(trainer=trainer))


# -- paths stay inside ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/b", "..", ".hidden", "a\nb", "a\n", "~root", "-rf", ""])
def test_the_name_of_a_study_is_no_path(name: str, write_config: Write) -> None:
    with pytest.raises(ConfigError, match="study: expected letters, digits"):
        config.load(write_config(study=name))


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../b", "..", "."])
def test_files_of_a_trial_lie_in_its_folder(name: str, write_config: Write) -> None:
    trainer = {"name": "script", "command": "{python} train.py {folder}"}
    outside: list[dict[str, Any]] = [{"log": {"file": name}}, {"checkpoint": name}, {"checkpoint": ["last.pt", name]}]
    for changes in (*outside, {"files": {name: {"from": "hyp.yaml"}}}):
        with pytest.raises(ConfigError, match="inside the trial's folder"):
            config.load(write_config(trainer={**trainer, **changes}))


def test_a_file_of_settings_does_not_take_the_place_of_one_of_ours(write_config: Write) -> None:
    trainer = {"name": "script", "command": "{python} train.py {folder}", "files": {"./spec.json": {"from": "x.yaml"}}}
    with pytest.raises(ConfigError, match=r"got '\./spec\.json'"):
        config.load(write_config(trainer=trainer))


@pytest.mark.parametrize("name", ["../spec.json", "/etc/motd", "a/../../b", "link/x", "link/deeper/x"])
def test_what_comes_back_from_a_node_lands_in_the_trials_folder(name: str, tmp_path: Path) -> None:
    folder, outside = tmp_path / "0000", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "x").write_text("mine")
    (folder / "link").symlink_to(outside)
    incoming = Incoming(folder)
    with pytest.raises(ValueError, match="inside the trial's folder"):
        incoming.write(name, 0, b"theirs")
        incoming.install(Look(None, {name: (1, 6)}))
    with pytest.raises(ValueError, match="inside the trial's folder"):
        incoming.install(Look(None, gone=(name,)))
    assert [path.read_text() for path in outside.rglob("*")] == ["mine"]


def test_the_stages_of_a_study_from_elsewhere_lie_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / config.CONFIG_FILE).write_text("study: a\nstages: {../../other: {}}\n")
    with pytest.raises(ConfigError, match=r"expected names of folders in it, but got '\.\./\.\./other'"):
        parts_of(tmp_path)


def test_a_study_that_was_moved_writes_where_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text('{"folder": "/elsewhere"}')
    assert asked.spec(path, {"folder"})["folder"] == str(tmp_path)


# -- passwords ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "storage",
    [
        {"url": URL},
        [URL],
        f"ada:{SECRET}@db.example.org/tuning",
        f"postgresql:/ada:{SECRET}@db.example.org/tuning",
        f"postgresql://ada:{SECRET}@db.example.org/:memory:",
    ],
)
def test_a_storage_that_is_none_is_refused_without_its_password(storage: Any, write_config: Write) -> None:
    with pytest.raises(ConfigError, match="storage: expected") as refused:
        config.load(write_config(storage=storage))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("assignment", [URL, f"storage.url={URL}", f"storage=[{URL}, {URL}]"])
def test_an_override_that_is_none_is_refused_without_its_password(assignment: str, write_config: Write) -> None:
    with pytest.raises(ConfigError, match="expected") as refused:
        config.load(write_config(), [assignment])
    assert SECRET not in str(refused.value)


def test_no_error_of_ours_shows_a_password() -> None:
    for kind in (TunerError, StudyError):
        assert str(kind(f"the storage {URL} said no")) == (
            "the storage postgresql://ada:***@db.example.org/tuning said no"
        )


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="only Linux shows where a command line lies")
def test_the_command_line_that_others_see_has_stars(tmp_path: Path) -> None:
    program = "import sys; from tuner import command_line as c; c.hide_passwords(); print(sys.argv[2]); input()"
    words = [sys.executable, "-c", program, "--set", f"storage={URL}", "-q"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        assert SECRET in process.stdout.readline()  # what Python has read of it stays
        seen = Path(f"/proc/{process.pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        process.stdin.close()
    assert seen[-3:] == [b"--set", b"storage=postgresql://ada:***@db.example.org/tuning", b"-q"]


# -- text stays text ------------------------------------------------------------------------------------------------

ATTACK = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def test_a_column_of_a_log_runs_nothing_in_a_drawn_page(tmp_path: Path) -> None:
    log, page = tmp_path / f"{ATTACK.replace('/', '')}.csv", tmp_path / "page.html"
    rows = "".join(f"{epoch},{1 / epoch},{1 / epoch},{1 - 1 / epoch}\n" for epoch in range(1, 9))
    log.write_text(f"epoch,train_loss,val_loss,val/{ATTACK}\n{rows}")
    done = driving.tuner("diagnose", log, "--plot", page, "--objective", f"val/{ATTACK}:max")
    assert done.returncode in (0, 1), done.stderr
    text = page.read_text()
    assert "alert(1)" in text and "<script>alert" not in text and "<img src=x" not in text


def test_a_note_of_the_dashboard_keeps_settings_as_text(tmp_path: Path) -> None:
    from tests.report_html.pages import content_in

    value = f"s\n```\n\n{ATTACK}"
    one = trial(score=0.5, params={"lr": 0.1, "model": "s"}, remedy=f"`{ATTACK}", parent=0)
    content = content_in(tmp_path, [trial(score=0.4), one])
    object.__setattr__(content.report, "settings", {"model": value})
    for said in (
        notes.of_study(content, notes.Links("/trials")),
        notes.of_trial(content, content.report.trials[1], notes.Links("/trials")),
    ):
        for line in said.splitlines():
            assert ATTACK not in line or line.startswith("    "), line
        assert "```" not in [line[:3] for line in said.splitlines()]


def test_reading_a_study_starts_nothing(tmp_path: Path, write_config: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at somebody's study runs none of what its configuration names."""
    path = write_config(budget={"trials": 2})
    driving.study(path)
    folder = tmp_path / "results" / "small"

    def started(*_: Any, **__: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    found = reading.report_of(reading.config_of(folder, reading=True))
    assert len(found.trials) == 2
