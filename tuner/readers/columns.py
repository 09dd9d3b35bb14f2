"""What a logged column is: guessed from its name, or said by the options of the log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from tuner.curve import Kind
from tuner.errors import did_you_mean

OPTIONS_MANUAL = """\
    log:
      options:                        # each may be left out; what is not said is guessed
        epoch: Epoch
        train_loss: [loss_a, loss_b]  # one column, or several components
        val_loss: val_total
        metrics: {accuracy: max, rmse: min}
        learning_rate: lr
        seconds: elapsed

An option replaces the guesses of its kind: with `val_loss: val_total` no other column is a validation loss.
"""

LISTS = {
    "train_loss": Kind.TRAIN_LOSS,
    "val_loss": Kind.VAL_LOSS,
    "learning_rate": Kind.LEARNING_RATE,
    "seconds": Kind.SECONDS,
}
KEYS = ("epoch", *LISTS, "metrics")
DIRECTIONS = {"max": True, "min": False}

TRAIN = {"train", "training", "trn"}
TEST = {"test"}
VAL = {"val", "valid", "validation", "eval", "evaluation", "dev"} | TEST
EPOCH = {"epoch", "epochs"}
BESIDE_EPOCH = {"trainer", "number", "num", "no", "index", "idx", "current"}
STEP = {"step", "steps", "iter", "iters", "iteration", "iterations", "it"}
BESIDE_STEP = {"global", "trainer", "train", "num", "current"}
RATE = {"lr", "learningrate"}
SECONDS = {"seconds", "secs", "time", "elapsed", "duration", "runtime"}

LOSS = re.compile(r"[a-z0-9]*loss(es)?|nll|b?ce|xent|crossentropy|criterion")
LOWER = re.compile(
    r"err|errors?|rmsl?e|r?mse|mae|s?mape|wer|cer|eer|perplexity|ppl|fid|lpips|brier|ece|mpjpe|m?hd\d*|hausdorff\d*|assd?"
)
HIGHER = re.compile(
    r"(bal)?acc(uracy|uracies)?\d*|m?ap\d*|f[12]|fbeta|fscore|fmeasure|(au)?roc|auc|au?prc|precision|recall"
    r"|top\d*|m?iou|m?dice|dsc|pq|bleu|rouge\w?|psnr|ssim|r2|mcc|kappa|jaccard|ndcg|mrr|fitness|score|sensitivity|specificity"
)


class Role(NamedTuple):
    """What a column is; ``higher_is_better`` says something about metrics only."""

    kind: Kind
    higher_is_better: bool = False


def check(options: Mapping[str, Any]) -> None:
    """Raise ValueError where the options of a log are none."""
    for key, value in options.items():
        if key not in KEYS:
            raise ValueError(f"log options: unknown key '{key}'{did_you_mean(str(key), KEYS)}")
        if key == "metrics":
            if not isinstance(value, Mapping) or any(v not in list(DIRECTIONS) for v in value.values()):
                raise ValueError(f"log options: metrics: expected names with max or min, but got {value!r}")
        elif key == "epoch" and not isinstance(value, str):
            raise ValueError(f"log options: epoch: expected the name of a column, but got {value!r}")
        elif not all(isinstance(name, str) for name in _list(value)):
            raise ValueError(f"log options: {key}: expected names of columns, but got {value!r}")


def named(options: Mapping[str, Any]) -> set[str]:
    """Return the names of all columns that the options speak of."""
    parts = [_list(options[key]) for key in (*LISTS, "epoch") if key in options]
    return {name for part in [*parts, list(options.get("metrics", {}))] for name in part}


def epoch_column(names: Iterable[str], options: Mapping[str, Any]) -> str | None:
    """Return the column that numbers the epochs, or None where there is none."""
    if "epoch" in options:
        return str(options["epoch"])
    found = [name for name in names if EPOCH & set(words(name)) and set(words(name)) <= EPOCH | BESIDE_EPOCH]
    return min(found, key=len) if found else None


def step_column(names: Iterable[str]) -> str | None:
    """Return the column that counts the steps, or None where there is none."""
    found = [name for name in names if STEP & set(words(name)) and set(words(name)) <= STEP | BESIDE_STEP]
    return min(found, key=lambda name: (name.startswith("_"), len(name))) if found else None


def roles(names: Iterable[str], options: Mapping[str, Any]) -> dict[str, Role]:
    """Return what each column is."""
    said = {name: Role(kind) for key, kind in LISTS.items() for name in _list(options.get(key, []))}
    said |= {name: Role(Kind.METRIC, DIRECTIONS[end]) for name, end in options.get("metrics", {}).items()}
    replaced = {kind for key, kind in LISTS.items() if key in options}
    replaced |= {Kind.METRIC} if "metrics" in options else set()
    guessed = {name: guess(name) for name in names}
    idle = _outdone(guessed)
    for name, role in guessed.items():
        if role.kind in replaced or name in idle:
            guessed[name] = Role(Kind.OTHER)
    return {name: said.get(name, role) for name, role in guessed.items()}


def _outdone(guessed: Mapping[str, Role]) -> set[str]:
    """Return the columns that another one makes redundant, and that would otherwise count twice."""
    split = {name: words(name) for name in guessed}
    everything = set(split.values())
    validated = {tuple(w for w in part if w not in VAL) for part in everything if VAL & set(part)}
    has_val = any((VAL - TEST) & set(part) for part in everything)
    found = set()
    for name, part in split.items():
        # Keras logs a training metric under the bare name beside val_<name>; Lightning a mean over the epoch beside
        # the last step's value; and where there is a validation set, the test set is not for choosing.
        on_train = guessed[name].kind is Kind.METRIC and part in validated
        of_step = part[-1:] == ("step",) and (*part[:-1], "epoch") in everything
        if on_train or of_step or (has_val and TEST & set(part)):
            found.add(name)
    return found


def guess(name: str) -> Role:
    """Return what a column of that name most likely is; metrics of the training data count as other."""
    parts = words(name)
    side, rest = set(parts), _telling(name)
    on_train, on_val = bool(side & TRAIN), bool(side & VAL)
    if any(LOSS.fullmatch(w) for w in rest) or "cross entropy" in " ".join(rest):
        return Role(Kind.VAL_LOSS if on_val else Kind.TRAIN_LOSS)
    if RATE & side or "learning rate" in " ".join(rest):
        return Role(Kind.LEARNING_RATE)
    if SECONDS & side:
        return Role(Kind.SECONDS)
    lower = any(LOWER.fullmatch(w) for w in rest)
    if on_train or not (lower or any(HIGHER.fullmatch(w) for w in rest)):
        return Role(Kind.OTHER)
    return Role(Kind.METRIC, higher_is_better=not lower)


def better_higher(name: str) -> bool:
    """Return whether more is better in a column of that name, whatever it is; yes where the name tells nothing."""
    lower = any(LOSS.fullmatch(w) or LOWER.fullmatch(w) for w in _telling(name))
    return not lower


def _telling(name: str) -> list[str]:
    """Return the words that say what a column is: those after the last slash, where it is known by them."""
    whole, leaf = ([w for w in words(part) if w not in TRAIN | VAL] for part in (name, name.rpartition("/")[2]))
    known = any(pattern.fullmatch(word) for word in leaf for pattern in (LOSS, LOWER, HIGHER))
    return leaf if known else whole


@lru_cache(maxsize=1024)
def words(name: str) -> tuple[str, ...]:
    """Split a column's name into lower-case words: ``valLoss`` and ``val/loss`` are both val, loss."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", name)
    return tuple(re.findall(r"[a-z0-9]+", parted.lower()))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
