"""Measure what a decision costs while a study grows: processor time of one epoch row, by hundred trials.

    python scripts/bench_decision.py --bank banks/taskset --task imdb_patch128_LSTM128_bs64 --epochs 2000

A study is replayed on recorded trainings. ``judge`` is the diagnosis of a row and what the treatment table says of it,
``race`` who trains next and where every trial stands; ``rest`` is what else the loop does (records, storage, remedies,
the executor). Each is summed up and divided by the rows. The draws of the sampler are not in it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.bench_search import SUITES
from scripts.outcomes import markdown
from tuner import bank_files, documents, racing, replay
from tuner.running import Rules
from tuner.sampler import Sampler
from tuner.standings import Standings
from tuner.study import Study

PARTS = ("judge", "race", "draw", "loop")
spent: dict[str, list[float]] = {part: [] for part in PARTS}
"""Processor time of every call, in the order of the study; the others are inside of the loop."""
trials: dict[str, list[int]] = {part: [] for part in PARTS}
"""How many trials were in the race at each."""
inside: list[str] = []
"""The calls that are going on, the outermost first."""
CALLS: tuple[tuple[type, str, str], ...] = (
    (Standings, "race", "enter"),
    (Standings, "race", "place"),
    (Rules, "judge", "look"),
    (Sampler, "draw", "ask"),
    (Study, "loop", "_fill"),
    (Study, "loop", "look_around"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", type=Path, required=True, help="the folder of a suite")
    parser.add_argument("--task", required=True)
    parser.add_argument("--epochs", type=int, default=2000, help="the budget")
    args = parser.parse_args()
    reading = documents.load(SUITES).get(args.bank.name, {})
    task = bank_files.load(args.bank, args.task, reading)
    study, task = replay.configure(task, {"budget": {"epochs": args.epochs}})
    known = [0]
    racing.decide = _timed("race", racing.decide, known)
    for owner, part, name in CALLS:
        setattr(owner, name, _timed(part, getattr(owner, name), known))
    began = time.process_time()
    played = replay.play(study, task, seed=0)
    took = time.process_time() - began
    print(f"{len(played.records)} trials, {len(played.trace)} epochs, {took:.1f} s of processor time\n")
    print(table())


def _timed(part: str, call: Callable[..., Any], known: list[int]) -> Callable[..., Any]:
    """Return ``call`` with its time taken; ``known`` holds how many trials the race has seen so far."""

    def timed(*args: Any, **options: Any) -> Any:
        if isinstance(args[0], Standings):
            known[0] = len(args[0].entries)
        inside.append(part)
        began = time.process_time()
        result = call(*args, **options)
        if inside[0] == "loop":  # what is done once, before the first row and after the last, is no decision
            spent[part].append(time.process_time() - began)
            trials[part].append(known[0])
        inside.pop()
        return result

    return timed


def table() -> str:
    """Return the milliseconds a row by hundred trials."""
    sums: defaultdict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for what, times in spent.items():
        for seconds, count in zip(times, trials[what], strict=True):
            sums[count // 100][what] += seconds
            sums[count // 100][f"{what}s"] += 1
    lines = []
    for block, found in sorted(sums.items()):
        rows = max(1.0, found["judges"])
        judge, race, draw, loop = (1000 * found[part] / rows for part in PARTS)
        figures = (judge, race, judge + race, loop - judge - race - draw)
        lines.append([f"{100 * block}-", f"{rows:.0f}", *(f"{figure:.2f}" for figure in figures)])
    return markdown(["trials", "rows", "judge ms", "race ms", "both", "rest ms"], lines)


if __name__ == "__main__":
    main()
