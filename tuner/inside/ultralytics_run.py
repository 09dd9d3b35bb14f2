"""Train with Ultralytics: ``python -m tuner.inside.ultralytics_run SPEC.json [--resume | --test | --predict PART]``.

Ultralytics' own files go to run/ in the spec's folder, what it is good to know beside the curve to facts.json.
``--resume`` continues from run/weights/last.pt; ``--test`` trains nothing and prints the metrics of best.pt on the test
split as JSON; ``--predict`` writes what best.pt says about each image of a part to evidence/. Exit codes: 0 done, or
paused where the spec says; 1 Ultralytics failed, or out of memory; 2 the spec cannot be used; 143 ended by SIGTERM.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tuner.inside import asked
from tuner.inside.ultralytics_names import ENVIRONMENT
from tuner.spec import evidence_file

NEEDED = {"folder", "epochs", "model", "task", "arguments", "device", "threads"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    options = asked.options("tuner.inside.ultralytics_run", __doc__, arguments)
    try:
        spec = asked.spec(options.spec, NEEDED)
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


if __name__ == "__main__":
    sys.exit(main())
