"""Train with Ultralytics: ``python -m tuner.inside.ultralytics_run SPEC.json [--resume | --test | --predict SPLIT]``.

Ultralytics' own files go to run/ in the spec's folder, what it is good to know beside the curve to facts.json.
``--resume`` continues from run/weights/last.pt; ``--test`` trains nothing and prints the metrics of best.pt on the test
split as JSON; ``--predict`` writes what best.pt says about each image of a split to evidence/. Exit codes: 0 done, or
paused where the spec says; 1 Ultralytics failed, or out of memory; 2 the spec cannot be used; 143 ended by SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tuner.inside.ultralytics_names import ENVIRONMENT
from tuner.spec import evidence_file

NEEDED = {"folder", "epochs", "model", "task", "arguments", "device", "threads"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    # At once: every file that a later start needs is written whole or not at all.
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(128 + number))
    parser = argparse.ArgumentParser(prog="tuner.inside.ultralytics_run", description=__doc__)
    parser.add_argument("spec", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--predict", metavar="SPLIT")
    options = parser.parse_args(arguments)
    try:
        spec = _read(options.spec)
    except (ValueError, OSError) as error:
        print(f"{options.spec}: {error}", file=sys.stderr)
        return 2
    os.environ.update({**ENVIRONMENT, **os.environ})  # before the import that reads them
    from tuner.inside import ultralytics_training as training

    if options.predict:
        from tuner.inside import ultralytics_predicting as predicting

        predicting.predict(spec, options.predict, evidence_file(Path(spec["folder"])))
    elif options.test:
        print(json.dumps(training.test(spec)))
    else:
        training.train(spec, resume=options.resume)
    return 0


def _read(path: Path) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(path.read_text())
    if missing := NEEDED - set(spec):
        raise ValueError(f"expected the keys {', '.join(sorted(missing))}, but they are missing")
    # The study may have been moved, or come from elsewhere: what a trial writes stays in its own folder.
    spec["folder"] = str(path.absolute().parent)
    return spec


if __name__ == "__main__":
    sys.exit(main())
