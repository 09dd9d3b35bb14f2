"""Make the bank of labelled training curves: real training of small models, with a cause injected and verified.

    python scripts/make_curve_bank.py --half all --workers 2

What is there is written every few candidates and not made again, so that the script can be stopped and continued.
The same seed gives the same curves, whatever the number of workers, on one version of torch and one kind of machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.curve_bank.causes import LABELS  # noqa: E402
from scripts.curve_bank.halves import HALVES, RANDOM, SEARCHED, VARIED  # noqa: E402
from scripts.curve_bank.making import Made, make  # noqa: E402
from scripts.curve_bank.writing import read, write, write_readme  # noqa: E402


def main() -> int:
    args = parse_arguments()
    halves = list(HALVES) if args.half == "all" else [args.half]
    with ProcessPoolExecutor(args.workers) as pool:
        for half in halves:
            for label in args.labels:
                wanted = args.per_label or (45 if LABELS[label].healthy else 20)
                made = Made() if args.anew else read(args.out, half, label)
                for _ in make(made, half, label, wanted, args.seed, pool):
                    write(args.out, half, label, made)
                print(f"{half} {label}: {summary(made)}, {made.seconds:.0f} s", flush=True)
    write_readme(args.out)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--half",
        choices=[*HALVES, RANDOM, *(f"{h}{way}" for h in (*HALVES, RANDOM) for way in (VARIED, SEARCHED)), "all"],
        default="all",
        metavar="PART",
        help="one of the bank (all of them by default), random, PART-varied or PART-searched: its data, newer ways",
    )
    parser.add_argument("--labels", nargs="+", choices=LABELS, default=list(LABELS), metavar="LABEL")
    parser.add_argument(
        "--per-label", type=int, help="how many curves; 45 of a healthy and 20 of a sick label unless given"
    )
    parser.add_argument("--anew", action="store_true", help="drop what there is of the labels")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "bank")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def summary(made: Made) -> str:
    return f"{len(made.rows)} accepted, {sum(made.rejected.values())} rejected {json.dumps(dict(made.rejected))}"


if __name__ == "__main__":
    sys.exit(main())
