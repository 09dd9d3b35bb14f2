"""Measure how well tuner reads training curves, beside what other tools would say of the same curves.

    python scripts/bench_diagnosis.py --labelled LABELLED --logs LOGS --trials TRIALS
    python scripts/bench_diagnosis.py --heldout --json results/diagnosis/heldout12.json

The bank holds curves of real small trainings with a known cause (scripts/curve_bank). Its dev half is for looking while
rules change, and so are by now its first eleven held-out parts; the twelfth one, of other data and other architectures
than all of them, is for the end. LABELLED is a folder with a labels.csv of histories that others labelled, LOGS one
with an index.csv of logs found in public repositories, TRIALS one with the curves of recorded searches (NAME.npz,
NAME.configs.parquet); each is left out where it is not given.

One run prints everything with 95 % intervals: Wilson for shares, a bootstrap over groups (data set x architecture x
cause, or the group that a label names) for F1 and calibration, paired where two are compared.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.bench import bank, cases, compared, early, judging, labelled, real_logs, speed, trials
from scripts.bench.sheets import Sheet, skipped
from tuner.diagnosis import RULE_VERSION

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("bank", "early", "peers", "labelled", "logs", "trials", "speed")
WIDTH = 100


def main() -> int:
    args = parse_arguments()
    console = Console(width=WIDTH, highlight=False, soft_wrap=False)
    began = time.monotonic()
    sheets: list[Sheet] = []
    for name in PARTS:
        if name in args.parts:
            for sheet in part(name, args):
                sheets.append(sheet)
                sheet.show(console)
    seconds = time.monotonic() - began
    console.print(f"{seconds:.0f} s, rules of version {RULE_VERSION}")
    if args.json:
        write(args.json, sheets, settings(args, seconds))
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--dev", dest="bank", action="store_const", const=ROOT / "bank" / "dev.jsonl")
    which.add_argument("--heldout", dest="bank", action="store_const", const=ROOT / "bank" / "heldout12.jsonl")
    which.add_argument("--bank", type=Path, metavar="FILE", help="another part or bank; the default is the dev half")
    parser.set_defaults(bank=ROOT / "bank" / "dev.jsonl")
    parser.add_argument("--labelled", type=Path, metavar="DIR")
    parser.add_argument("--logs", type=Path, metavar="DIR")
    parser.add_argument("--trials", type=Path, metavar="DIR")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--json", type=Path, metavar="OUT", help="where the tables are kept, as text too (OUT.txt)")
    return parser.parse_args()


def part(name: str, args: argparse.Namespace) -> list[Sheet]:
    if name == "labelled":
        return labelled.sheets(args.labelled, args.jobs)
    if name == "logs":
        return real_logs.sheets(args.logs)
    if name == "trials":
        return trials.sheets(args.trials, args.jobs)
    if name == "speed":
        return speed.sheets(ROOT)
    if not args.bank.is_file():
        return [skipped(name, f"Bank: {name}", f"there is no {args.bank.name}")]
    found = cases.of_bank(args.bank)
    if name == "early":
        return early.sheets(found, judging.each(judging.walk, found, args.jobs))
    said = judging.each(judging.of_curve, found, args.jobs)
    if name == "bank":
        return bank.sheets(found, said)
    peers = judging.each(judging.peers_of_curve, found, args.jobs)
    return [compared.sheet("peers", "Peers on the bank", found, said, peers, is_healthy=bank.is_healthy)]


def settings(args: argparse.Namespace, seconds: float) -> dict[str, Any]:
    return {
        "bank": args.bank.name,
        "labelled": args.labelled is not None,
        "logs": args.logs is not None,
        "trials": args.trials is not None,
        "parts": args.parts,
        "rule_version": RULE_VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "seconds": round(seconds, 1),
    }


def write(path: Path, sheets: Sequence[Sheet], known: dict[str, Any]) -> None:
    """Write the tables as JSON, and beside it as they were printed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"settings": known, "tables": {sheet.name: sheet.json() for sheet in sheets}}
    path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n")
    with path.with_suffix(".txt").open("w") as file:
        for sheet in sheets:
            sheet.show(Console(file=file, width=WIDTH, highlight=False, color_system=None))


if __name__ == "__main__":
    sys.exit(main())
