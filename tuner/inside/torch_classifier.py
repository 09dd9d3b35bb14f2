"""Train an image classifier: ``python -m tuner.inside.torch_classifier SPEC.json [--resume|--test|--predict PART]``.

Appends one row an epoch to log.csv in the spec's folder and keeps last.pt and best.pt beside it. ``--resume`` continues
from last.pt, bit for bit as if nothing had happened; ``--test`` trains nothing and prints loss and scores of best.pt on
the test part as JSON; ``--predict`` writes what best.pt says about each image of a part to evidence/. Exit codes: 0
done, 2 the spec cannot be used, 143 ended by SIGTERM.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tuner.errors import TunerError
from tuner.inside import asked, parameters
from tuner.spec import evidence_file

NEEDED = {"params", "epochs", "seed", "folder", "objective", "higher_is_better"}
NEEDED |= {"data", "train_size", "label_noise", "val_share", "test_share", "split_seed", "image_size", "flip"}
NEEDED |= {"weights", "cache", "device", "threads"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    options = asked.options("tuner.inside.torch_classifier", __doc__, arguments)
    try:
        spec = _read(options.spec)
        params = parameters.parse(spec["params"])
    except (ValueError, OSError) as error:
        return _refuse(f"{options.spec}: {error}")
    try:
        _run(spec, params, options)
    except (FileNotFoundError, TunerError) as error:
        return _refuse(str(error))
    return 0


def _refuse(message: str) -> int:
    print(message, file=sys.stderr)
    return 2


def _read(path: Path) -> dict[str, Any]:
    spec = asked.spec(path, NEEDED)
    if spec["objective"] not in parameters.COLUMNS:
        known = ", ".join(parameters.COLUMNS)
        raise ValueError(f"objective: expected one of {known}, but got {spec['objective']!r}")
    return spec


def _run(spec: dict[str, Any], params: parameters.Parameters, options: argparse.Namespace) -> None:
    # Imported here, after the spec was found good, because torch takes seconds; without the garbage collector, which
    # would walk over the hundreds of thousands of objects that the import creates and keeps, it takes less.
    gc.disable()
    from tuner.inside import training

    gc.freeze()
    gc.enable()
    if options.predict:
        from tuner.inside import torch_predicting

        torch_predicting.predict(spec, params, options.predict, evidence_file(Path(spec["folder"])))
    elif options.test:
        print(json.dumps(training.test(spec, params)))
    else:
        training.train(spec, params, resume=options.resume)


if __name__ == "__main__":
    sys.exit(main())
