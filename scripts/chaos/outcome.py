"""What a fault has cost, and the table of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HEADS = ("fault", "times", "trials", "epochs lost", "trained again", "wrong trials", "orphans", "slots leaked", "said")


@dataclass(frozen=True)
class Outcome:
    """What was found after a fault.

    ``planned`` and ``found`` are numbers of trials, ``lost`` epochs that were logged and are gone or other ones,
    ``again`` epochs that were trained a second time, ``wrong`` trials that are missing, there twice or ended otherwise
    than they should, ``told`` what a person reads of it, verbatim. ``problems`` says what is not as it should be.
    """

    times: int
    planned: int
    found: int
    lost: int
    again: int
    wrong: int
    orphans: int
    leaked: int
    told: str
    problems: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.wrong or self.orphans or self.leaked or self.problems)


def broken(problem: str) -> Outcome:
    """Return the outcome of a fault that could not be seen to its end."""
    return Outcome(0, 0, 0, 0, 0, 0, 0, 0, "", (problem,))


def table(outcomes: Mapping[str, Outcome]) -> str:
    """Return the table as Markdown: columns of equal width, so that it reads well on a terminal too."""
    rows = [HEADS, *(_row(name, outcome) for name, outcome in outcomes.items())]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS) - 1)]
    lines = [" | ".join([*(word.ljust(w) for word, w in zip(row, widths, strict=False)), row[-1]]) for row in rows]
    lines.insert(1, " | ".join("-" * width for width in [*widths, 4]))
    return "\n".join(f"| {line} |" for line in lines)


def _row(name: str, o: Outcome) -> tuple[str, ...]:
    counts = (o.lost, o.again, o.wrong, o.orphans, o.leaked)
    told = o.told.replace("|", "\\|")  # else it would be a column more
    return (name, str(o.times), f"{o.found} of {o.planned}", *map(str, counts), f"`{told}`" if told else "")
