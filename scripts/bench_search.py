"""Compare methods of search on recorded trainings: the same epochs to spend, the same seeds, the same tables.

    python scripts/bench_search.py --bank banks --seeds 10 --jobs 2 --json results/search/search.json
    python scripts/bench_search.py --bank banks --suite digits --methods random tpe tuner
    python scripts/bench_search.py --bank my/bank --objective val/accuracy:max

``--bank`` is a folder with tasks (NAME.configs.parquet, NAME.npz, NAME.meta.json), or a folder of such folders, the
suites. What the files do not say of themselves (which metric, which columns) comes from a bank.yaml beside them, from
``--suites`` (default: scripts/search_bench/suites.yaml, by the name of the folder), or from ``--objective``.

One epoch of one configuration costs 1; the budget is that of twenty full trainings, of fewer where a table is small
(``--trainings``). A suggestion is moved to the nearest unused configuration and told as that. Shown are, over all tasks
and seeds: the regret of the best value seen at 10, 25, 50 and 100 % of the budget, as the share of what there was to
gain (median first value minus the best of the table), at most 1; the mean ranks there; the epochs until plain TPE's
final regret; the regret of the configuration that would be shipped, at its last epoch and at its best; false kills:
trials ended for good though their recorded end is among the best 10 %, as a share of all that were ended and of the
good ones that were started. What the JSON file already holds is not run again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.outcomes import Outcome, read, write
from scripts.search_bench import methods, tables
from tuner import bank_files, documents, replay
from tuner.bank import Task
from tuner.errors import TunerError

SUITES = Path(__file__).parent / "search_bench" / "suites.yaml"


@dataclass(frozen=True)
class Place:
    """Where a task lies, and what is said of how to read it, as JSON."""

    suite: str
    name: str
    folder: Path
    reading: str


def main() -> int:
    args = parse_arguments()
    try:
        places = list(find(args))
        outcomes = run_all(args, places)
    except TunerError as error:
        print(f"bench_search: {error}", file=sys.stderr)
        return 2
    show(outcomes, args.methods, args.ours)
    return 0


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", type=Path, required=True, metavar="DIR")
    parser.add_argument("--suite", nargs="+", default=[], metavar="S", help="only these folders of the bank")
    parser.add_argument("--tasks", nargs="+", default=[], metavar="T", help="only these tasks")
    parser.add_argument("--methods", nargs="+", default=methods.OWN_ENOUGH, choices=methods.METHODS, metavar="M")
    parser.add_argument("--ours", default="tuner", metavar="M", help="the method that the others are compared with")
    parser.add_argument("--seeds", type=int, default=10, help="how many")
    parser.add_argument("--first-seed", type=int, default=0, metavar="N", help="the first; the others follow it")
    parser.add_argument("--trainings", type=int, help="the budget in full trainings; default: 5 to 20 by the table")
    parser.add_argument("--objective", metavar="NAME:min|max", help="the metric to judge by, for all tasks")
    parser.add_argument("--suites", type=Path, default=SUITES, metavar="YAML", help="how to read each suite")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--json", type=Path, metavar="OUT", help="where the outcomes are kept")
    return parser.parse_args(words)


def find(args: argparse.Namespace) -> Iterable[Place]:
    """Yield the tasks that were asked for; raises ConfigError where there is none."""
    known = documents.load(args.suites)
    alone = any(args.bank.glob(f"*{bank_files.TABLE}"))
    folders = [args.bank] if alone else sorted(p.parent for p in args.bank.glob(f"*/*{bank_files.TABLE}"))
    folders = [f for f in dict.fromkeys(folders) if not args.suite or f.name in args.suite]
    names = [(folder, name) for folder in folders or [args.bank] for name in bank_files.tasks(folder)]
    for folder, name in names:
        if not args.tasks or name in args.tasks:
            reading = {**known.get(folder.name, {}), **({"objective": args.objective} if args.objective else {})}
            yield Place(folder.name, name, folder, json.dumps(reading))


def run_all(args: argparse.Namespace, places: Sequence[Place]) -> list[Outcome]:
    """Run what the JSON file does not hold yet, and return all that was asked for."""
    settings = {"trainings": args.trainings, "objective": args.objective}
    kept = read(args.json, settings)
    done = {(o["suite"], o["task"], o["method"], o["seed"]) for o in kept}
    asked = [
        (p, m, s) for p in places for s in range(args.first_seed, args.first_seed + args.seeds) for m in args.methods
    ]
    todo = [(p, m, s) for p, m, s in asked if (p.suite, p.name, m, s) not in done]
    print(f"{len(asked) - len(todo)} runs are there, {len(todo)} to do", file=sys.stderr, flush=True)
    for i, outcome in enumerate(outcomes_of(todo, args.trainings, args.jobs), 1):
        kept.append(outcome)
        if i % 10 == 0 or i == len(todo):
            print(f"{i}/{len(todo)}", file=sys.stderr, flush=True)
            write(args.json, settings, sorted(kept, key=_order))
    wanted = {(p.suite, p.name, m, s) for p, m, s in asked}
    return [o for o in kept if (o["suite"], o["task"], o["method"], o["seed"]) in wanted]


def outcomes_of(todo: Sequence[tuple[Place, str, int]], trainings: int | None, jobs: int) -> Iterable[Outcome]:
    if jobs == 1:
        yield from (one(place, method, seed, trainings) for place, method, seed in todo)
        return
    with ProcessPoolExecutor(jobs) as pool:
        futures = [pool.submit(one, place, method, seed, trainings) for place, method, seed in todo]
        yield from (future.result() for future in as_completed(futures))


def one(place: Place, method: str, seed: int, trainings: int | None) -> Outcome:
    task = load(place)
    budget = trainings * task.epochs if trainings else replay.default_budget(task)
    return {"suite": place.suite, "task": place.name, **methods.run(method, task, seed, budget)}


@cache
def load(place: Place) -> Task:
    return bank_files.load(place.folder, place.name, json.loads(place.reading))


def show(outcomes: Sequence[Outcome], names: Sequence[str], ours: str) -> None:
    suites = sorted({o["suite"] for o in outcomes})
    for title in [*suites, *(["all suites"] if len(suites) > 1 else [])]:
        mine = [o for o in outcomes if title in (o["suite"], "all suites")]
        found = tables.by_method(mine, names)
        print(f"\n## {title}: {len({(o['suite'], o['task']) for o in mine})} tasks\n\n{tables.main_table(found)}")
        if ours in found and len(found) > 1:
            print(f"\n{tables.differences(found, ours)}")


def _order(outcome: Outcome) -> tuple[str, str, int, int]:
    return outcome["suite"], outcome["task"], outcome["seed"], list(methods.METHODS).index(outcome["method"])


if __name__ == "__main__":
    sys.exit(main())
