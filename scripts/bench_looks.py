"""Time everything that looks at all trials of a study, once it has thousands of them.

    python scripts/bench_looks.py --trials 500 1000 2000 4000 7000 10000 --plot docs/pictures/scale.png

What scripts/bench_scale.py finds in the end, without the way there: a study as a race leaves it, seven of ten trials
paused, one failed, two ended, in memory, and each look timed by itself. The median of some calls, in milliseconds of
processor time; the last column says how often each is made for a trial that is begun and paused once.
"""

from __future__ import annotations

import argparse
import io
import math
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from matplotlib.figure import Figure
from optuna.trial import FrozenTrial, TrialState, create_trial
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.bench_scale import Made, made_up
from scripts.outcomes import markdown
from tuner import adoption
from tuner.plain_view import PlainView
from tuner.record import Action, Ending, Origin, attributes
from tuner.replay import configure
from tuner.space import Space
from tuner.standings import Entry, Stand
from tuner.study import Study

CALLS = 5
LEARNT = 200
"""So many trials came to the rung that the sampler learns from; what failed is among its lessons too."""
OFTEN = {"know": 4, "draw": 1, "records": 3, "propose": 1, "orphans": 2, "picture": 0}
"""How often each is made; a picture of all is drawn for a tenth of the time at most, however long one takes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[1000, 3000, 10_000])
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw what a trial pays for each")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found = {count: looks(count) for count in args.trials}
    lines = [[name, *(f"{found[n][name]:.1f}" for n in args.trials), str(OFTEN[name] or "-")] for name in OFTEN]
    lines.append(["a trial", *(f"{sum(OFTEN[k] * found[n][k] for k in OFTEN):.0f}" for n in args.trials), ""])
    print(markdown(["ms at so many trials", *map(str, args.trials), "calls a trial"], lines))
    if args.plot:
        plot(found, args.plot)


def plot(found: Mapping[int, Mapping[str, float]], path: Path) -> None:
    """Draw what a trial pays for each look over the size of the study, one above the other."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes: Any = figure.subplots()
    names = [name for name in OFTEN if OFTEN[name]]
    axes.stackplot(list(found), [[OFTEN[k] * found[n][k] for n in found] for k in names], labels=names, alpha=0.85)
    axes.set(xlabel="trials in the study", ylabel="ms of the driver for one more trial", xlim=(0, max(found)))
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="upper left", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=140)


def looks(count: int) -> dict[str, float]:
    """Return what each look costs in a study of ``count`` trials, in ms."""
    config, task = configure(made_up(64), {"budget": {"trials": 10**6}, "jobs": 64, "study": "looks"})
    stored = optuna.create_study(direction="minimize")
    rng = np.random.default_rng(0)
    for number in range(count):
        stored.add_trial(trial(number, config.space, rng))
    study = Study(config, stored, PlainView(Console(file=io.StringIO())), Made(task, config.slots))
    for r in study.records:
        study.pauses._standings.enter(Entry(r.number, (r.score or math.inf,), 64, Stand.PAUSED))
    chosen = [r.number for r in study.records if r.state is TrialState.RUNNING][:LEARNT]
    lessons = {r.number: math.inf for r in study.records if r.state is TrialState.PRUNED}
    lessons.update((number, study.records[number].score or 1.0) for number in chosen)
    study.sampler._lessons = lambda: lessons
    study.view.update(study.snapshot())
    return {
        "records": timed(lambda: study.sampler.records()),
        "know": timed(lambda: study.remember(study.records[-1])),
        "orphans": timed(lambda: list(adoption._orphans(study))),
        "propose": timed(lambda: study._propose()),
        "draw": timed(lambda: draw(study)),
        "picture": timed(lambda: study.view.update(study.snapshot())),
    }


def draw(study: Study) -> None:
    """Draw all parameters of one trial as for a new one, from the lessons."""
    sampler = study.sampler._fresh(0)
    one = study.sampler.study.get_trials(deepcopy=False)[-1]
    space = sampler.infer_relative_search_space(study.sampler.study, one)
    sampler.sample_relative(study.sampler.study, one, space)


def timed(call: Callable[[], object]) -> float:
    """Return the median processor time of ``call`` in ms."""
    spent = []
    for _ in range(CALLS):
        began = time.process_time()
        call()
        spent.append(1000 * (time.process_time() - began))
    return statistics.median(spent)


def trial(number: int, space: Space, rng: np.random.Generator) -> FrozenTrial:
    """Return a trial as a race leaves it."""
    params = {
        "lr": float(f"1e{rng.integers(-4, 1)}"),
        "batch": int(rng.choice([16, 32, 64, 128, 256])),
        "model": str(rng.choice(["n", "s", "m", "l", "x"])),
        "weight_decay": float(10 ** rng.uniform(-6, -1)),
        "dropout": float(rng.uniform(0, 0.5)),
        "momentum": float(rng.uniform(0.5, 0.99)),
    }
    score = float(rng.random())
    state = TrialState.PRUNED if number % 10 == 0 else TrialState.COMPLETE if number % 10 < 3 else TrialState.RUNNING
    ending = {
        TrialState.PRUNED: Ending(Action.PRUNE, "nan", "nan"),
        TrialState.COMPLETE: Ending(Action.FINISH, "finished", "all"),
    }.get(state)
    known = {"seed": number, "epochs": 1, "score": score, "planned_epochs": 64, "seconds": 1.0, "ending": ending}
    race = {"paused": ending is None, "until": 1, "standing": "paused at epoch 1"}
    return create_trial(
        state=state,
        value=score if state is TrialState.COMPLETE else None,
        params=params,
        distributions={name: p.distribution() for name, p in space.parameters.items()},
        user_attrs=attributes(origin=Origin.SAMPLER, owner="somebody", **known, **race),
        intermediate_values={1: score},
    )


if __name__ == "__main__":
    main()
