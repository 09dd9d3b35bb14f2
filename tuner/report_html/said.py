"""The words of the page, in English and in the languages of its table; the English text is the key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

import yaml


class Say(Protocol):
    """Say a template of the page in its language; a text that the table lacks is an error, not English."""

    def __call__(self, template: str, /, **values: object) -> str: ...


def speaker(language: str) -> Say:
    """Return what says a text in ``language``."""
    table = {} if language == "en" else translations(language)

    def say(template: str, /, **values: object) -> str:
        said = template if language == "en" else table[template]
        return said.format(**values) if values else said

    return say


@cache
def translations(language: str) -> Mapping[str, str]:
    """Return every text of the page in ``language``, by its English."""
    path = Path(__file__).parent / f"{language}.yaml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def trials(n: int, say: Say) -> str:
    return say("1 trial") if n == 1 else say("{n} trials", n=n)


def outcomes(say: Say) -> Mapping[str, str]:
    """Return what became of a trial -> the word for it."""
    return {
        "finished": say("finished"),
        "stopped": say("stopped"),
        "pruned": say("pruned"),
        "failed": say("failed"),
        "left": say("not continued"),
        "running": say("running"),
        "paused": say("paused"),
        "waiting": say("waiting"),
    }


def reasons(say: Say) -> Mapping[str, str]:
    """Return the reasons for an ending that are no symptoms -> the words for them."""
    return {
        "finished": say("all epochs trained"),
        "budget": say("budget used up"),
        "pruner": say("ranked too low by the pruner"),
        "time_limit": say("time limit"),
        "crashed": say("crashed"),
        "killed": say("killed from outside"),
        "hung": say("hung"),
        "no_log": say("no log"),
        "no_score": say("no finite score"),
        "unreadable_log": say("unreadable log"),
        "out_of_memory": say("out of memory"),
        "disk_full": say("disk full"),
        "not_continued": say("its peers were better"),
    }


def origins(say: Say) -> Mapping[str, str]:
    """Return who proposed a trial -> the word for it."""
    return {
        "baseline": say("baseline"),
        "sweep": say("sweep"),
        "sampler": say("sampler"),
        "remedy": say("remedy"),
        "retry": say("retry"),
    }


def columns(say: Say) -> Mapping[str, str]:
    """Return the columns of the experiment table that have a name of ours -> the words for them."""
    return {
        "epochs": say("epochs"),
        "minutes": say("minutes"),
        "memory (GB)": say("memory (GB)"),
        "params (M)": say("params (M)"),
    }
