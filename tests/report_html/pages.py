"""Studies in a folder, with a storage and logs as a driver leaves them, and their pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.trial import FrozenTrial

from tests.studies import DIVERGING, FINISHED, KILLED, OVERFITTING, trial
from tuner import origin, reading, report
from tuner.config import StudyConfig
from tuner.record import Origin, Params, Prescription, read_all
from tuner.report_html.content import Content, gather

SMALLER: Params = {"lr": 0.01, "model": "s"}
PLANNED = 30


def family() -> list[FrozenTrial]:
    """Return a baseline that overfitted, its remedied child that is the best, failures, and a trial that runs."""
    known: dict[str, Any] = {"epochs": 25, "planned_epochs": PLANNED, "seconds": 90.0, "device": "cpu"}
    return [
        trial(
            OVERFITTING, 0.80, score_epoch=14, origin=Origin.BASELINE, seed=3,
            prescription=Prescription("smaller_model", SMALLER), **known,
        ),
        trial(
            FINISHED, 0.85, params=SMALLER, score_epoch=9, origin=Origin.REMEDY, parent=0, remedy="smaller_model",
            seed=3, metrics={"val/accuracy": 0.85, "val/recall": 0.7}, **known | {"epochs": PLANNED},
        ),
        trial(DIVERGING, 0.11, params={"lr": 1.0, "model": "l"}, score_epoch=1, **known | {"epochs": 3}),
        trial(KILLED, None, params={"lr": 0.1, "model": "m"}, **known | {"epochs": 4}),
        trial(None, None, params={"lr": 0.003, "model": "m"}, planned_epochs=PLANNED),
    ]  # fmt: skip


def many(count: int) -> list[FrozenTrial]:
    """Return ``count`` trials of every kind of ending, each a long training."""
    kinds = (FINISHED, OVERFITTING, DIVERGING, FINISHED, KILLED)
    return [
        trial(
            kinds[i % len(kinds)],
            0.5 + 0.4 * math.sin(i) ** 2,
            params={"lr": (0.001, 0.01, 0.1, 1.0)[i % 4], "model": "sml"[i % 3], "dropout": (i % 60) / 100},
            score_epoch=20,
            epochs=300,
            planned_epochs=300,
            seconds=60.0 + i,
            metrics={"val/accuracy": 0.5, "val/precision": 0.4, "val/recall": 0.3},
        )
        for i in range(count)
    ]


def study_in(folder: Path, trials: Sequence[FrozenTrial], **changes: Any) -> Path:
    """Write a study of ``trials`` into ``folder``, storage, logs and all, and return its folder."""
    place = write_files(folder, trials, **changes)
    config = reading.config_of(place, reading=True)
    _study(config, trials, config.storage)
    return place


def content_in(folder: Path, trials: Sequence[FrozenTrial], *, running: bool = False, **changes: Any) -> Content:
    """Return the content of the page about a study of ``trials`` with logs in ``folder``; its storage is in memory."""
    config = reading.config_of(write_files(folder, trials, **changes), reading=True)
    study = _study(config, trials, None)
    found = report.build(
        study, read_all(study), objective=config.model.objective.metric, bounds=config.space.bounds(),
        as_trained=config.scaled, exported=config.exported,
    )  # fmt: skip
    return gather(config, found, running=running)


def _study(config: StudyConfig, trials: Sequence[FrozenTrial], storage: str | None) -> optuna.Study:
    direction = "maximize" if config.higher_is_better else "minimize"
    study = optuna.create_study(study_name=config.model.study, direction=direction, storage=storage)
    study.add_trials(trials)
    study.set_user_attr(origin.KEY, [origin.now(config.base)])
    return study


def write_files(folder: Path, trials: Sequence[FrozenTrial], *, epochs: int = PLANNED, **changes: Any) -> Path:
    """Write the configuration and the logs of a study, a short log for each trial that failed; return its folder."""
    document = {
        "study": "digits",
        "trainer": {"name": "script", "command": "python train.py {folder} {lr} {model} {dropout}"},
        "space": {
            "lr": {"grid": [0.001, 1]},
            "model": {"ordered": ["s", "m", "l"]},
            "dropout": {"linear": [0.0, 0.6]},
        },
        "objective": {"metric": "val/accuracy", "direction": "maximize"},
        "epochs": epochs,
        "budget": {"trials": max(1, len(trials))},
        "devices": "cpu",
        "results": str(folder),
        "base": str(folder),
        **changes,
    }
    place = folder / str(document["study"])
    place.mkdir(parents=True)
    (place / "config.yaml").write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    for number, one in enumerate(trials):
        log(place, number, epochs if one.value is not None else 4, sick=number % 5 == 0)
    return place


def log(place: Path, number: int, epochs: int, *, sick: bool) -> None:
    """Write the log of a training whose validation loss turns after half of the epochs where it is ``sick``."""
    folder = place / "trials" / f"{number:04d}"
    folder.mkdir(parents=True)
    rows = ["epoch,train/loss,val/loss,val/accuracy"]
    for epoch in range(1, epochs + 1):
        train = 2.0 * math.exp(-epoch / (0.2 * epochs)) + 0.01
        turned = max(0.0, epoch / epochs - 0.5) * 3.0 if sick else 0.0
        noise = 0.003 * math.sin(epoch * 12.9898 + number)
        rows.append(f"{epoch},{train + noise:.6f},{train + 0.2 + turned + noise:.6f},{0.9 - 0.4 * train - noise:.6f}")
    (folder / "results.csv").write_text("\n".join(rows) + "\n")


class Seen(HTMLParser):
    """What a browser would make of a page: its elements, its texts and the texts of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._inside: dict[str, str | None] | None = None
        self._hidden = False
        self.feed(page)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = dict(attrs) if tag == "script" else None
        self._hidden = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._inside, self._hidden = None, False

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self.scripts.append((self._inside, data))
        elif not self._hidden:
            self.texts.append(data)
