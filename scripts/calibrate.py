"""Fit how sure a verdict is on curves of the development parts, and write tuner/calibration.yaml.

    python scripts/calibrate.py bank/{heldout6,heldout7,varied}.jsonl

The rules were made on the curves of the first parts of the bank, so their verdicts there are right more often than
elsewhere: these are parts that few thresholds were moved for.

Prints how well the confidences then agree with the share of right verdicts, each curve judged by a fit without its data
set and architecture (expected calibration error over 5 bins of equal size, and Brier score), beside the margins as they
are.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.curve_bank.load import load  # noqa: E402
from tuner.calibration import logit  # noqa: E402
from tuner.diagnosis import RULE_VERSION, judge  # noqa: E402
from tuner.registry import SYMPTOMS  # noqa: E402

Array = NDArray[np.float64]

PULL = 0.3
"""Strength of the offsets against the pull to the common value (the C of scikit-learn's logistic regression)."""


def main() -> None:
    rows = [row for file in sys.argv[1:] or [ROOT / "bank" / "dev.jsonl"] for row in load(file)]
    verdicts = [judge(row.curve, SYMPTOMS)[0] for row in rows]
    right = np.array([v.name == row.row["label"] for v, row in zip(verdicts, rows, strict=True)])
    groups = np.array([f"{row.row['data']} {row.row['architecture']}" for row in rows])
    margins = np.array([v.confidence for v in verdicts])
    features = np.array([[float(v.name == name) for name in SYMPTOMS] + [logit(v.confidence)] for v in verdicts])
    left_out = np.empty(len(rows))
    for group in np.unique(groups):
        out = groups == group
        left_out[out] = fit(features[~out], right[~out]).predict_proba(features[out])[:, 1]
    print(f"{len(rows)} curves, {right.mean():.1%} of the verdicts right")
    for what, sure in (("margin", margins), ("calibrated", left_out)):
        print(f"{what:12s} calibration error {error(sure, right):.3f}   Brier {np.mean((sure - right) ** 2):.3f}")
    write(fit(features, right))


def fit(features: Array, right: NDArray[np.bool_]) -> LogisticRegression:
    return LogisticRegression(C=PULL, max_iter=1000).fit(features, right)


def error(sure: Array, right: NDArray[np.bool_]) -> float:
    """Return the mean distance of confidence and share of right verdicts over five bins of equal size."""
    bins = np.array_split(np.argsort(sure, kind="stable"), 5)
    return float(sum(len(b) * abs(sure[b].mean() - right[b].mean()) for b in bins) / len(sure))


def write(model: LogisticRegression) -> None:
    *offsets, slope = (float(c) for c in model.coef_[0])
    common = float(model.intercept_[0])
    lines = ["# Made by scripts/calibrate.py; see calibration.py.", f'rules: "{RULE_VERSION}"']
    lines += [f"slope: {max(0.0, slope):.3f}", "offsets:"]
    lines += [f"  {name}: {common + offset:.3f}" for name, offset in zip(SYMPTOMS, offsets, strict=True)]
    (ROOT / "tuner" / "calibration.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
