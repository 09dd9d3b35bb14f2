"""A search in stages: a cheap look whether anything is learnt, the search itself, the best again at full length.

    stages:
      probe:  {trainer: {images: 100}, epochs: 10, budget: {trials: 3}, sweep: 0}
      search: {trainer: {images: 3000}, budget: {epochs: 2000}}
      full:   {top: 3, seeds: 3, test: true}

Every stage is a study of its own in a folder of its own, with its own budget: the keys above the stages, with those of
the stage laid over them. A stage with ``top`` searches nothing: it trains the best so many of the stage before, each
with so many ``seeds``, to their end. A stage in which nothing completed ends the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, PositiveInt

from tuner import config as configuration
from tuner import documents, memory
from tuner.config import STAGES, StudyConfig
from tuner.documents import Document, Model
from tuner.errors import ConfigError
from tuner.record import Params, Record, incumbent, scored, usable_score
from tuner.storage_url import as_shown

WHOLE = ("space", "treatment", "baselines")
"""A stage replaces these as a whole; of all else that has keys, it changes the keys that it names."""
# What a stage that repeats the best starts from: nothing is drawn, and nothing ends before it failed.
REPEATING: Document = {"sweep": 0, "remedies": {"share": 0.0}, "pausing": False, "treatment": {}, "scheduler": None}


class StageModel(Model):
    """What is a stage's own; all other keys are those of a configuration."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    top: PositiveInt | None = Field(None, description="train the best so many of the stage before, and search nothing")


@dataclass(frozen=True)
class Stage:
    """One stage; ``document`` makes its study, with the baselines of the stage before where ``top`` is set.

    ``whole`` is the document of all stages, ``known`` its study as far as it is known before the stage before it ran.
    """

    name: str
    top: int | None
    document: Document
    base: Path
    where: str
    folder: Path
    whole: Document
    known: StudyConfig | None = None

    def config(self, before: Sequence[Record] = ()) -> StudyConfig:
        """Return its study after the stage whose records are ``before``; raises ConfigError."""
        document = dict(self.document)
        if self.top is not None:
            objective = document.get("objective")
            higher_is_better = not (isinstance(objective, dict) and objective.get("direction") == "minimize")
            chosen = best(before, self.top, higher_is_better=higher_is_better)
            seeds = document.get("seeds", 1)
            document["baselines"] = [r.params for r in chosen]
            # The type is checked with all else.
            trials = max(1, len(chosen)) * seeds if isinstance(seeds, int) else 1
            document["budget"] = {"trials": trials, **document.get("budget", {})}
        return configuration.of(document, self.base, self.where, folder=self.folder)


def best(records: Sequence[Record], count: int, *, higher_is_better: bool) -> list[Record]:
    """Return the best trials with different parameters: the incumbent, then the others by score.

    What was trained to its end comes before what was paused on its way.
    """
    first = incumbent(records, higher_is_better=higher_is_better)
    sign = -1 if higher_is_better else 1
    ordered = sorted(scored(records), key=lambda r: (usable_score(r) is None, sign * (r.score or 0.0), r.number))
    chosen: list[Record] = []
    for r in [*([first] if first else []), *ordered]:
        if r.params not in [c.params for c in chosen]:
            chosen.append(r)
    return chosen[:count]


def too_large_for(config: StudyConfig, before: Sequence[tuple[StudyConfig, Sequence[Record]]]) -> list[Params]:
    """Return what ran out of memory in the stages ``before`` and would do so in the study of ``config`` as well.

    That is known where both train the same way in the same space; how many images there are does not matter.
    """
    return [
        params
        for earlier, records in before
        if earlier.space == config.space and _training(earlier) == _training(config)
        for params in memory.too_large(records)
    ]


def _training(config: StudyConfig) -> Document:
    return {**dict(config.document["trainer"]), "images": None}


def load(path: Path, overrides: Sequence[str] = (), *, folder: Path | None = None) -> list[Stage]:
    """Return the stages of the configuration at ``path``, all of them checked; nothing where it has none.

    ``folder`` is where the study lies if not where the configuration says. Raises ConfigError.
    """
    document, base = configuration.read(path, overrides)
    return of(document, base, str(path), folder)


def of(document: Document, base: Path, where: str, folder: Path | None = None) -> list[Stage]:
    """Return the stages that an assembled ``document`` describes, all of them checked; raises ConfigError."""
    named = document.get(STAGES)
    if named is None:
        return []
    if not isinstance(named, dict) or not named:
        raise ConfigError(where, STAGES, f"expected names with their settings, such as search: {{}}, but got {named!r}")
    stages: list[Stage] = []
    for name, own in named.items():
        stage = _stage(str(name), own, document, base, where, folder)
        if stage.top is not None and not stages:
            raise ConfigError(
                where,
                f"{STAGES}.{name}.top",
                "expected a stage before it, but it is the first: put the search before it",
            )
        stages.append(replace(stage, known=stage.config()))
    return stages


def _stage(name: str, own: Any, document: Document, base: Path, where: str, folder: Path | None) -> Stage:
    key = f"{where}: {STAGES}.{name}"
    model = documents.check(StageModel, own if own is not None else {}, key)
    overlay = dict(model.__pydantic_extra__ or {})
    overlay = configuration.inlined(overlay, base, key)
    below = {k: v for k, v in document.items() if k != STAGES}
    start = {**below, **REPEATING, "budget": {}} if model.top is not None else below
    merged = laid_over(start, overlay)
    study = str(document.get("study", ""))
    whole = folder or Path(str(document.get("results", "results"))).resolve() / study
    all_of_it = {**as_shown(document), "base": str(base), "results": str(whole.parent)}
    return Stage(name, model.top, {**merged, "study": f"{study}-{name}"}, base, key, whole / name, all_of_it)


def save(stages: Sequence[Stage], folder: Path) -> None:
    """Write the configuration of all stages into the folder that they share, from where ``tuner resume`` takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    documents.write(folder / configuration.CONFIG_FILE, stages[0].whole)


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any], depth: int = 0) -> Document:
    """Return ``below`` with the keys of ``above`` in their place, key by key where both have keys."""
    merged = dict(below)
    for name, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        deeper = both and not (depth == 0 and name in WHOLE)
        merged[name] = laid_over(merged[name], value, depth + 1) if deeper else value
    return merged
