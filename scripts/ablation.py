"""Measure what each part of tuner is worth: the same epochs, or the same time, for six methods, on real training.

    python scripts/ablation.py --seeds 5 --epochs-budget 900 --jobs 2 --json results/ablation/ablation.json
    python scripts/ablation.py --seeds 5 --minutes 3 --methods one_epoch tpe_halving tuner --against tuner

All methods share the space, the baselines, the sweep of the learning rate, the planned epochs of a trial and, for one
seed, the seeds of sampler and trials; only the mechanism differs:

    tpe                plain TPE: no treatment table, every trial trains to its end
    tpe_median         TPE and Optuna's MedianPruner, from epoch 5 on
    tpe_halving        TPE and Optuna's SuccessiveHalvingPruner, rungs at 3, 9 and 27 epochs
    one_epoch          random draws: one epoch each for half of the budget, then the best to the end, one by one
    tuner_no_remedies  TPE and the treatment table: sick trials end early, nothing follows from the diagnosis
    tuner              the treatment table and its remedies

A study trains one trial at a time, so it is the same whenever it is repeated, and its first part is what a study with a
smaller budget would have been: the score at 25 % is what would have been found with a quarter of the epochs; with
``--minutes`` only the end is looked at. ``--jobs`` studies run at a time, those of one seed beside each other. Shown
are mean and standard deviation over the seeds, then the differences to plain TPE, or ``--against``, paired by seed,
with a 95 % interval of Student's t. ``test`` is the accuracy of the best trial's weights on images that no trial saw;
``late`` counts epochs that were trained between a decision and the end of the process, inside the budget.
What the JSON file already holds is not run again, so the script can be stopped and continued.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from optuna.trial import TrialState

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.outcomes import Outcome, interval, markdown, read, write
from tuner import config, record, sampler
from tuner.config import StudyConfig
from tuner.record import Record, incumbent

ROOT = Path(__file__).resolve().parents[1]
PLAIN = ("treatment={}", "remedies.share=0", "pausing=off")
METHODS: dict[str, tuple[str, ...]] = {
    "tpe": PLAIN,
    "tpe_median": (*PLAIN, "scheduler={name: MedianPruner, n_warmup_steps: 5}"),
    "tpe_halving": (*PLAIN, "scheduler={name: SuccessiveHalvingPruner, min_resource: 3, reduction_factor: 3}"),
    "one_epoch": (*PLAIN[:2], "sampler={name: RandomSampler}", "pausing={first: 1, eta: 100}"),
    "tuner_no_remedies": ("remedies.share=0",),
    "tuner": (),
}
SHARES = (0.25, 0.5, 1.0)


def main() -> int:
    args = parse_arguments()
    settings = {"config": args.config.name, "set": args.set}
    settings |= {"minutes": args.minutes} if args.minutes else {"epochs_budget": args.epochs_budget}
    outcomes = read(args.json, settings)
    done = {(o["method"], o["seed"]) for o in outcomes}
    todo = [(m, s) for s in range(args.seeds) for m in args.methods if (m, s) not in done]
    print(f"{len(done)} studies are there, {len(todo)} to run", flush=True)
    with tempfile.TemporaryDirectory(prefix="ablation_") as scratch, ThreadPoolExecutor(args.jobs) as pool:
        futures = [pool.submit(run, method, seed, Path(scratch), args) for method, seed in todo]
        try:
            for future in as_completed(futures):
                outcomes.append(future.result())
                print(f"[{len(outcomes) - len(done)}/{len(todo)}] {progress(outcomes[-1])}", flush=True)
                write(
                    args.json, settings, sorted(outcomes, key=lambda o: (o["seed"], list(METHODS).index(o["method"])))
                )
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    shown = [o for o in outcomes if o["method"] in args.methods and o["seed"] < args.seeds]
    print(f"\n{scores(shown)}\n\n{work(shown)}\n\n{differences(shown, args.against)}")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "digits.yaml")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD")
    parser.add_argument("--seeds", type=int, default=5, help="how many; they are numbered from 0")
    parser.add_argument("--epochs-budget", type=int, default=900, help="of one study, over all its trials")
    parser.add_argument("--minutes", type=float, help="of one study, in place of a budget in epochs")
    parser.add_argument("--against", choices=METHODS, default="tpe", metavar="METHOD", help="what differences are to")
    parser.add_argument("--jobs", type=int, default=1, help="studies at a time, each with one trial at a time")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for all methods alike")
    parser.add_argument("--json", type=Path, metavar="OUT", help="where the outcomes are kept")
    return parser.parse_args()


# -- one study --------------------------------------------------------------------------------------------------------


def run(method: str, seed: int, scratch: Path, args: argparse.Namespace) -> Outcome:
    """Run one study to its end and return what came of it; raises RuntimeError where tuner failed."""
    folder = scratch / f"{method}-{seed}"
    sets = (
        *args.set,
        *METHODS[method],
        f"budget={json.dumps(budget(method, args))}",
        f"study={folder.name}",
        f"results={scratch}",
        f"seed={seed}",
        "jobs=1",
    )
    words = [word for assignment in sets for word in ("--set", assignment)]
    began = time.monotonic()
    call([sys.executable, "-m", "tuner", "run", str(args.config), "--quiet", *words])
    seconds = time.monotonic() - began
    study = config.load(folder / config.CONFIG_FILE)
    epochs = None if args.minutes else args.epochs_budget
    return {"method": method, "seed": seed, "seconds": round(seconds, 1), **outcome(study, epochs)}


def budget(method: str, args: argparse.Namespace) -> dict[str, float]:
    """Return the budget of a study; one epoch each is for as many trials as fit into half of it."""
    whole = {"hours": args.minutes / 60} if args.minutes else {"epochs": args.epochs_budget}
    if method != "one_epoch":
        return whole
    return {
        **whole,
        "trials": max(2, int(args.minutes * 30 / first_look(args) if args.minutes else whole["epochs"] / 2)),
    }


def first_look(args: argparse.Namespace) -> float:
    """Return the seconds that a start and one epoch take here and now."""
    words = [word for assignment in args.set for word in ("--set", assignment)]
    said = call([sys.executable, "-m", "tuner", "check", str(args.config), "--time", "--json", *words])
    seconds = json.loads(said)["studies"][0]["seconds"]
    return float(seconds["start"] + seconds["epoch"])


def call(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def outcome(study: StudyConfig, epochs: int | None) -> Outcome:
    """Return the scores and the work of a finished study, which had so many epochs to spend, or a time."""
    records = record.read_all(sampler.load_study(study.storage, study.model.study))
    best = incumbent(records, higher_is_better=study.higher_is_better)
    assert best is not None
    ends = Counter(r.ending.reason for r in records if r.ending)
    return {
        "scores": {f"{share:.0%}": score_at(study, records, share * epochs) for share in SHARES}
        if epochs
        else {"100%": best.score},
        "test": test_accuracy(study.trial_folder(best.number)),
        "best_origin": str(best.origin),
        "trials": len(records),
        "remedies": sum(r.origin is record.Origin.REMEDY for r in records),
        "epochs": sum(r.trained_epochs for r in records),
        "late_epochs": sum(r.trained_epochs - r.epochs for r in records),
        "stopped": {reason: n for reason, n in ends.most_common() if reason not in ("finished", "budget")},
    }


def score_at(study: StudyConfig, records: Sequence[Record], epochs: float) -> float | None:
    """Return the best score that a study with a budget of ``epochs`` would have ended with.

    That counts the trials which completed within it, and the trial that it would have cut off.
    """
    found, used = [], 0
    for r in records:
        left = epochs - used
        if left <= 0:
            break
        used += r.trained_epochs
        if used <= epochs and r.state is TrialState.COMPLETE and r.score is not None:
            found.append(r.score)
        elif used > epochs and (best := best_of_first(study, r.number, int(left))) is not None:
            found.append(best)
    pick = max if study.higher_is_better else min
    return pick(found, default=None)


def best_of_first(study: StudyConfig, number: int, epochs: int) -> float | None:
    """Return the best score in the first ``epochs`` epochs of a trial's log."""
    curve = study.read_log(number, study.model.epochs)
    score = curve.until(int(curve.epochs[min(epochs, curve.length) - 1])).score if epochs else None
    best = score.best() if score else None
    return best[1] if best else None


def test_accuracy(folder: Path) -> float | None:
    """Return the accuracy of a trial's best.pt on the test images; None for a trainer that cannot say."""
    if not (folder / "best.pt").is_file():
        return None
    words = [sys.executable, "-m", "tuner.inside.torch_classifier", str(folder / "spec.json"), "--test"]
    return float(json.loads(call(words))["test_accuracy"])


def progress(o: Outcome) -> str:
    found = " ".join(f"{share} {score:.4f}" for share, score in o["scores"].items() if score is not None)
    tested = "" if o["test"] is None else f", test {o['test']:.4f}"
    return f"{o['method']} seed {o['seed']}: {found}{tested}, {o['trials']} trials, {o['seconds']:.0f} s"


# -- the tables -------------------------------------------------------------------------------------------------------

Measure = Callable[[Outcome], float | None]


def score_of(share: float) -> Measure:
    return lambda o: o["scores"].get(f"{share:.0%}")


MEASURES: dict[str, Measure] = {
    **{f"val at {share:.0%}": score_of(share) for share in SHARES},
    "test": lambda o: o["test"],
}


def scores(outcomes: Sequence[Outcome]) -> str:
    lines = []
    for method, mine in grouped(outcomes).items():
        lines.append([method, str(len(mine)), *(mean_and_spread(list(map(of, mine))) for of in MEASURES.values())])
    return markdown(["method", "seeds", *MEASURES], lines)


def work(outcomes: Sequence[Outcome]) -> str:
    lines = []
    for method, mine in grouped(outcomes).items():
        stopped = Counter[str]()
        for o in mine:
            stopped.update(o["stopped"])
        each = ", ".join(f"{reason} {n / len(mine):.1f}" for reason, n in stopped.most_common()) or "none"
        counts = (
            mean_and_spread([o[key] for o in mine], 1) for key in ("trials", "remedies", "late_epochs", "seconds")
        )
        lines.append([method, *counts, each])
    return markdown(["method", "trials", "of them remedies", "late", "seconds", "ended early, per study"], lines)


def differences(outcomes: Sequence[Outcome], against: str) -> str:
    methods = grouped(outcomes)
    plain = {o["seed"]: o for o in methods.pop(against, [])}
    lines = []
    for method, mine in methods.items():
        pairs = [(o, plain[o["seed"]]) for o in mine if o["seed"] in plain]
        lines.append([method, str(len(pairs)), *(paired(of, pairs) for of in MEASURES.values())])
    return markdown([f"method - {against}", "pairs", *MEASURES], lines)


def grouped(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Return the outcomes of every method, in the order of METHODS."""
    found = {method: [o for o in outcomes if o["method"] == method] for method in METHODS}
    return {method: mine for method, mine in found.items() if mine}


def mean_and_spread(values: Sequence[float | None], digits: int = 4) -> str:
    known = [v for v in values if v is not None]
    if not known:
        return "-"
    spread = f" ± {statistics.stdev(known):.{digits}f}" if len(known) > 1 else ""
    return f"{statistics.mean(known):.{digits}f}{spread}"


def paired(of: Measure, pairs: Sequence[tuple[Outcome, Outcome]]) -> str:
    """Return the mean difference and its 95 % interval: Student's t over the pairs."""
    found = [(of(mine), of(plain)) for mine, plain in pairs]
    gains = [mine - plain for mine, plain in found if mine is not None and plain is not None]
    return interval(gains, 4)


if __name__ == "__main__":
    sys.exit(main())
