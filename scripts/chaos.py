"""Let happen to studies what happens to studies, and count what was lost.

    python scripts/chaos.py
    python scripts/chaos.py --faults driver-killed trial-killed --times 5
    python scripts/chaos.py --json chaos.json

Every fault gets a study of its own, with real drivers, processes, files and servers, and happens to it several times;
then the study is run to its end. Checked after each: every planned trial is there once and ended as it should, no epoch
that was logged is gone or another one, none is in a log twice, no process is left, as many trials run at a time as
before, and the driver said what happened. Some faults need root (a disk, a network, a control group of their own),
a C compiler, or the extras `postgres` and `ray`. Exit code 0 where nothing was lost, 1 else.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # this file and the package beside it have one name

from scripts.chaos.outcome import Outcome, broken, table  # noqa: E402
from scripts.chaos.registry import FAULTS  # noqa: E402
from scripts.chaos.tormented import Problem  # noqa: E402


def main() -> int:
    args = parse_arguments()
    outcomes: dict[str, Outcome] = {}
    for name in args.faults or FAULTS:
        began = time.monotonic()
        outcomes[name] = outcome = suffer(name, args.times or FAULTS[name].times)
        verdict = "; ".join(outcome.problems) or ("nothing lost" if outcome.is_clean else "not as it should be")
        print(f"{name:24} {time.monotonic() - began:5.0f} s  {verdict}", flush=True)
    print(f"\n{table(outcomes)}")
    if args.json:
        args.json.write_text(json.dumps({n: dataclasses.asdict(o) for n, o in outcomes.items()}, indent=2) + "\n")
    return 0 if all(outcome.is_clean for outcome in outcomes.values()) else 1


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    faults = [f"{name} ({fault.times})" for name, fault in FAULTS.items()]
    parser.epilog = f"faults, and how many times they happen: {', '.join(faults)}"
    parser.add_argument("--faults", nargs="+", choices=FAULTS, metavar="NAME", help="default: all")
    parser.add_argument("--times", type=int, help="how many times each fault happens")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the table there as well")
    return parser.parse_args()


def suffer(name: str, times: int) -> Outcome:
    """Let a fault happen in a folder of its own; what goes wrong with the fault itself is a problem, too."""
    with tempfile.TemporaryDirectory(prefix=f"chaos_{name}_", ignore_cleanup_errors=True) as scratch:
        try:
            outcome = FAULTS[name].inject(Path(scratch), times)
            return dataclasses.replace(outcome, told=outcome.told.replace(f"{scratch}/", ""))
        except Problem as problem:
            return broken(str(problem))
        except Exception as error:  # the other faults are worth seeing all the same
            traceback.print_exc()
            return broken(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.exit(main())
