"""Tables about logs of others: what is read, what is refused, and what is said of them."""

from __future__ import annotations

import csv
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from scripts.bench.judging import Verdict, verdict
from scripts.bench.measures import share
from scripts.bench.sheets import Sheet, skipped
from tuner import logs
from tuner.curve import Curve
from tuner.registry import READERS
from tuner.spec import LogError

TITLE = "Real logs"
NEGATIVE = "negative"


@dataclass
class Log:
    """One file: its curves with their verdicts, or why there are none."""

    file: str
    format: str
    place: tuple[str, str]
    curves: list[Curve] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    refused: str = ""
    crashed: str = ""
    reading: float = 0.0
    judging: float = 0.0


def sheets(folder: Path | None) -> list[Sheet]:
    if folder is None or not (folder / "index.csv").is_file():
        return [skipped("logs", TITLE, "no folder with an index.csv was given")]
    with (folder / "index.csv").open(newline="") as file:
        found = [look(folder, row) for row in csv.DictReader(file)]
    return [reading(found), verdicts(found), twins(found)]


def look(folder: Path, row: dict[str, str]) -> Log:
    """Read and judge one log; anything but a refusal counts as a crash."""
    log = Log(row["file"], row["format"], (row["repo"], str(PurePosixPath(row["path"]).parent)))
    began = time.perf_counter()
    try:
        path = folder / row["file"]
        log.curves = READERS[logs.recognise(path)].read_all(path)
        log.reading = time.perf_counter() - began
        log.verdicts = [verdict(curve) for curve in log.curves]
        log.judging = time.perf_counter() - began - log.reading
    except LogError as error:
        log.refused, log.reading = str(error), time.perf_counter() - began
    except Exception as error:  # that nothing else comes is what is measured
        log.crashed = f"{type(error).__name__}: {error}"
    return log


def reading(found: list[Log]) -> Sheet:
    heads = ["format", "files", "read", "refused", "crashed", "curves", "s reading", "s judging"]
    sheet = Sheet("logs", TITLE, heads)
    for name, mine in _by_format(found).items():
        sheet.add(
            name,
            len(mine),
            sum(bool(log.curves) and not log.crashed for log in mine),
            sum(bool(log.refused) for log in mine),
            sum(bool(log.crashed) for log in mine),
            sum(len(log.curves) for log in mine),
            sum(log.reading for log in mine),
            sum(log.judging for log in mine),
        )
    crashes = [f"{log.file}: {log.crashed}" for log in found if log.crashed]
    sheet.note = "Crashed: " + "; ".join(crashes[:5]) if crashes else ""
    return sheet


def verdicts(found: list[Log]) -> Sheet:
    """Return how often each verdict was given, by format, the most frequent first."""
    sheet = Sheet("log_verdicts", "Real logs: verdicts", ["format", "curves", "sick", "verdicts"])
    for name, mine in _by_format(found).items():
        said = [v for log in mine for v in log.verdicts]
        counts = Counter(v.name for v in said).most_common()
        listed = ", ".join(f"{verdict_name} {n}" for verdict_name, n in counts)
        sheet.add(name, len(said), sum(v.sick for v in said), listed)
    return sheet


def twins(found: list[Log]) -> Sheet:
    """Return whether runs that are there in two formats get the same verdict."""
    sheet = Sheet("twins", "Real logs: runs that are there in two formats", ["what", "pairs", "same"])
    places = defaultdict(list)
    for log in found:
        places[log.place].append(log)
    files = [(a, b) for logs_ in places.values() for a in logs_ for b in logs_ if a.format < b.format]
    files = [(a, b) for a, b in files if a.curves and b.curves]
    same = [pair for a, b in files for pair in _alike(a, b)[:1]]
    sheet.add("files of one folder whose scores are the same", len(files), share(len(same), len(files)))
    agree = sum(x.name == y.name for x, y in same)
    sheet.add("of those, the verdict is the same", len(same), share(agree, len(same)))
    other = Counter(f"{x.name} / {y.name}" for x, y in same if x.name != y.name)
    sheet.note = "Differing: " + ", ".join(f"{names} {n}" for names, n in other.most_common(6)) if other else ""
    return sheet


def _alike(a: Log, b: Log) -> list[tuple[Verdict, Verdict]]:
    pairs = [(i, j) for i, x in enumerate(a.curves) for j, y in enumerate(b.curves) if _same_scores(x, y)]
    return [(a.verdicts[i], b.verdicts[j]) for i, j in pairs]


def _same_scores(a: Curve, b: Curve) -> bool:
    """Tell whether two curves have the same scores, as far as text gives their digits."""
    x, y = a.score or a.train_loss, b.score or b.train_loss
    if x is None or y is None or len(x) != len(y) or not np.isfinite(x.values).any():
        return False
    scale = max(1.0, float(np.nanmax(np.abs(x.values))))
    return np.allclose(x.values, y.values, rtol=2e-3, atol=1e-3 * scale, equal_nan=True)


def _by_format(found: Iterable[Log]) -> dict[str, list[Log]]:
    groups: dict[str, list[Log]] = defaultdict(list)
    for log in found:
        groups[log.format].append(log)
    return {**dict(sorted(groups.items())), "all": list(found)}
