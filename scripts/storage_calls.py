"""Count what a study asks of its database: statements and transactions for each call, and rows in the end.

    python scripts/storage_calls.py --trials 20 --storage postgresql://ada@db.example.org/empty

The study is that of the tests, with a program that trains in milliseconds: real processes, 10 epochs a trial, no race.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy
import yaml
from sqlalchemy.engine import Engine

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.conftest import SMALL
from tuner import config, storage_url
from tuner.live import QuietView
from tuner.opening import open_study
from tuner.sampler import Sampler
from tuner.storage import options

CALLS = ("ask", "report", "note", "tell", "trials")
found: Counter[tuple[str, str]] = Counter()
"""By call and by what is counted there."""
inside = ["elsewhere"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--storage", help="an empty database; default: SQLite")
    parser.add_argument("--trials", type=int, default=20)
    args = parser.parse_args()
    sqlalchemy.event.listen(Engine, "before_cursor_execute", lambda *_: found.update([(inside[0], "statements")]))
    sqlalchemy.event.listen(Engine, "commit", lambda _: found.update([(inside[0], "transactions")]))
    for name in CALLS:
        setattr(Sampler, name, _counted(name, getattr(Sampler, name)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.yaml"
        settings = {"results": folder, "storage": args.storage, "budget": {"trials": args.trials}, "jobs": 1}
        path.write_text(yaml.safe_dump({k: v for k, v in {**SMALL, **settings}.items() if v is not None}))
        loaded = config.load(path)
        with open_study(loaded, QuietView()) as study:
            records = study.run()
        print(f"{len(records)} trials, {sum(r.trained_epochs for r in records)} epochs\n")
        _print_calls()
        print("\n".join(rows_of(loaded.storage)))


def _counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*args: Any, **kwargs: Any) -> Any:
        inside.append(inside[0])
        inside[0], began = name, time.perf_counter()
        try:
            return call(*args, **kwargs)
        finally:
            inside[0] = inside.pop()
            found[name, "calls"] += 1
            found[name, "microseconds"] += round(1e6 * (time.perf_counter() - began))

    return counted


def _print_calls() -> None:
    print("| call | calls | statements each | transactions each | ms each |\n| --- | --- | --- | --- | --- |")
    for name in CALLS:
        calls = found[name, "calls"] or 1
        each = [found[name, what] / calls for what in ("statements", "transactions", "microseconds")]
        print(f"| {name} | {found[name, 'calls']} | {each[0]:.1f} | {each[1]:.1f} | {each[2] / 1000:.1f} |")
    print(
        f"| elsewhere | | {found['elsewhere', 'statements']} in all | {found['elsewhere', 'transactions']} in all | |\n"
    )


def rows_of(url: str) -> list[str]:
    """Return how many rows each table of a storage has."""
    engine = sqlalchemy.create_engine(storage_url.engine_url(url), **options(url, reading=True))
    tables = sqlalchemy.MetaData()
    tables.reflect(engine)
    count = sqlalchemy.select(sqlalchemy.func.count())
    with engine.connect() as database:
        return [
            f"{name}: {database.scalar(count.select_from(table))} rows" for name, table in sorted(tables.tables.items())
        ]


if __name__ == "__main__":
    main()
