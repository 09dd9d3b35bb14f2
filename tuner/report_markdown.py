"""A study as Markdown, for the appendix of a paper or a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tuner import manual, words
from tuner.evidence import kept
from tuner.report_html import advice, said, summary, tables, untried, wording
from tuner.report_html.content import Content
from tuner.report_html.said import Say

SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$])")
"""What Markdown, or the HTML and the formulas in it, would read as more than text."""


def render(content: Content, language: str = "en") -> str:
    """Return the report in Markdown; text from logs and names stays text."""
    say = said.speaker(language)
    parts = (_head, _searched, _best, _experiments, _remedies, _importances, _checks, _reproduce, _next)
    return "\n".join(line for part in parts for line in part(content, say, language)) + "\n"


def text(value: object) -> str:
    """Return ``value`` so that Markdown shows it as it is."""
    return SPECIAL.sub(r"\\\1", words.plain(value))


def _head(content: Content, say: Say, language: str) -> Iterator[str]:
    yield f"# {text(content.report.study)}"
    yield ""
    yield text(summary.paragraph(content, say, language))


def _searched(content: Content, say: Say, language: str) -> Iterator[str]:
    yield from _section(say("What was searched"))
    for name, value in tables.facts(content, say):
        yield f"- {name}: {text(value)}"
    yield ""
    heads = (say("hyperparameter"), say("range"), say("best"))
    rows = [(d.name, f"{d.scale} {d.condition}".strip(), d.best) for d in tables.dimensions(content, say)]
    yield from _table(heads, rows)


def _best(content: Content, say: Say, language: str) -> Iterator[str]:
    yield from _section(say("The best, and how sure we are"))
    best = content.report.incumbent
    if best is None:
        yield say("No trial has completed with a score, so there is no best one yet.")
        return
    yield f"{say('trial')} {best.number}: **{words.figure(best.score)}**"
    yield ""
    for sentence in summary.certainty(content, say, language):
        yield f"- {text(sentence)}"
    if found := kept.of_best(content.config, best):
        yield from _section(say("What it gets right and wrong"))
        yield from (f"- {text(sentence.text(language))}" for sentence in found.sentences)


def _experiments(content: Content, say: Say, language: str) -> Iterator[str]:
    yield from _section(say("Experiments"))
    columns = tables.columns(content, say)
    heads = (say("trial"), say("from"), say("outcome"), *(c.name for c in columns), say("why it ended"))
    outcomes = said.outcomes(say)
    rows = [
        (str(r.number), r.origin, outcomes[r.outcome], *(cell.text for cell in r.cells), r.why)
        for r in tables.rows(content, say, language)
    ]
    yield from _table(heads, rows)


def _remedies(content: Content, say: Say, language: str) -> Iterator[str]:
    if not content.report.worth:
        return
    yield from _section(say("What the remedies were worth"))
    signed = tables.signed(content.report.incumbent)
    heads = (say("remedy"), say("better"), say("mean gain"), say("rescued"), say("broke"))
    rows = []
    for w in content.report.worth:
        better = say("{wins} of {n}", wins=w.wins, n=len(w.pairs)) if w.pairs else "–"
        gain = "–" if w.mean_gain is None else signed % w.mean_gain
        rescued = say("{wins} of {n}", wins=w.rescued, n=w.tried_to_rescue) if w.tried_to_rescue else "–"
        rows.append((manual.remedy(w.remedy, language), better, gain, rescued, str(w.broke or "–")))
    yield from _table(heads, rows)


def _importances(content: Content, say: Say, language: str) -> Iterator[str]:
    found = content.report.importances
    if not found.shares:
        return
    yield from _section(say("Importance"))
    yield from _table((say("hyperparameter"), say("Importance")), [(n, f"{s:.0%}") for n, s in found.shares.items()])


def _checks(content: Content, say: Say, language: str) -> Iterator[str]:
    for title, sentences in (
        (say("Checks"), [wording.check(c, say, language) for c in content.report.checks]),
        (say("What was not tried"), untried.sentences(content, say, language)),
    ):
        if sentences:
            yield from _section(title)
            yield from (f"- {text(sentence)}" for sentence in sentences)


def _reproduce(content: Content, say: Say, language: str) -> Iterator[str]:
    yield from _section(say("How to reproduce it"))
    for name, value in (*tables.versions(content, say), (say("seeds"), tables.seeds(content, say))):
        yield f"- {name}: {text(value)}"
    for title, block in (
        (say("The best settings"), tables.settings(content)),
        (say("Train them again with three seeds"), tables.repeating(content)),
    ):
        if block:
            # Indented, because no fence is safe from a text that holds one.
            yield from ("", f"{title}:", "", *(f"    {line}" for line in block.rstrip().splitlines()))


def _next(content: Content, say: Say, language: str) -> Iterator[str]:
    yield from _section(say("What to look at next"))
    for sentence in advice.steps(content, say, language):
        yield f"- {text(sentence)}"
    for c in advice.complaints(content, language):
        share = say("{n} of {all} trials", n=len(c.trials), all=len(content.report.trials))
        yield f"- {text(c.title)} ({share}){say(': ')}{text(say('; ').join(c.advice))}"


def _section(title: str) -> Iterator[str]:
    yield from ("", f"## {title}", "")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(text, heads))} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(text(cell) for cell in row)} |"
