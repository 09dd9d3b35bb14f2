"""What is said on a study and on each trial, as Markdown; text from logs and names stays text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tuner import report as reports
from tuner import words
from tuner.record import Record
from tuner.registry import SYMPTOMS
from tuner.report_html import advice, said, summary, wording
from tuner.report_html.content import Content, outcome
from tuner.report_markdown import text

ENGLISH = "en"


@dataclass(frozen=True)
class Links:
    """Where the page shows things: the trials of a study, and the drawn curve of one of them."""

    trials: str
    curve: str = ""

    def trial(self, number: int) -> str:
        return f"[trial {number}]({self.trials}?numbers={number})"


def of_study(content: Content, links: Links) -> str:
    """Return the study in words: what was found, how sure that is, what to do next."""
    say, best = said.speaker(ENGLISH), content.report.incumbent
    lines = [_at_work(content), "", text(summary.paragraph(content, say, ENGLISH)), ""]
    if best is not None:
        lines += [f"### Best so far: {links.trial(best.number)}, {words.score(best)}", ""]
        # Indented, because no fence is safe from a text that holds one.
        lines += [*(f"    {line}" for line in reports.best_yaml(content.report).splitlines()), ""]
    lines += _listed("How sure that is", summary.certainty(content, say, ENGLISH))
    lines += _listed("What to look at", [wording.check(c, say, ENGLISH) for c in content.report.checks])
    lines += _listed("What to do next", advice.steps(content, say, "en"))
    return "\n".join(lines)


def _at_work(content: Content) -> str:
    if content.running:
        return "**A tuner works on this study now.** This page follows it, and cannot change it."
    return "**No tuner works on this study.** To go on: `tuner resume` with its folder. This page cannot change it."


def _listed(title: str, sentences: Sequence[str]) -> list[str]:
    return [f"### {title}", "", *(f"- {text(sentence)}" for sentence in sentences), ""] if sentences else []


def of_trial(content: Content, record: Record, links: Links) -> str:
    """Return what became of a trial, why, where it came from and what followed from it."""
    lines = [*_became(content, record), *_why(content, record), *_evidence(record)]
    lines += [*_came_from(content, record, links), *_followed(content, record, links)]
    if links.curve:
        lines.append(f"![The curve of the trial, with what was seen on it]({links.curve})")
    return "\n\n".join(lines) + "\n"


def _became(content: Content, record: Record) -> Iterator[str]:
    seen = content.seen[record.number]
    done = record.epochs or seen.curve.length
    planned = f" of {record.planned_epochs}" if record.planned_epochs else ""
    facts = [f"**{outcome(record)}**", f"{done}{planned} epochs"]
    best = seen.curve.score.best() if record.score is None and seen.curve.score is not None else None
    if record.score is not None:
        facts.append(f"best {words.score(record)}")
    elif best is not None:
        facts.append(f"best {words.figure(best[1])} at epoch {best[0]}")
    facts += [words.duration(record.seconds)] if record.seconds else []
    facts += [f"on {text(record.device)}"] if record.device else []
    yield " · ".join(facts)


def _why(content: Content, record: Record) -> Iterator[str]:
    say = said.speaker(ENGLISH)
    if record.finished or record.paused:
        title = "Why it ended" if record.finished else "Why it waits"
        yield f"**{title}:** {text(wording.why(content, record, say, ENGLISH))}"
    elif not content.running:
        yield "**No tuner works on the study**, so this trial does not go on until the study is resumed."
    seen = wording.at_its_end(content, record, say, ENGLISH)
    if seen:
        yield f"**What is seen on its curve:** {text(seen)}"


def _came_from(content: Content, record: Record, links: Links) -> Iterator[str]:
    if record.parent is None:
        yield f"**Where it comes from:** {text(words.origin(record))}"
        return
    parent = next((r for r in content.report.trials if r.number == record.parent), None)
    move = words.changes(parent.params, record.params) if parent else ""
    what = f"{text(record.remedy)} for" if record.remedy else "again, after"
    gain = content.gain(record, parent)
    worth = "" if gain is None else f"; worth {gain:+.4g}"
    yield f"**Where it comes from:** {what} {links.trial(record.parent)}{f' ({text(move)})' if move else ''}{worth}"


def _followed(content: Content, record: Record, links: Links) -> Iterator[str]:
    if record.prescription is not None:
        yield f"**What is prescribed:** {text(words.prescription(record, record.prescription))}"
    children = [r for r in content.report.trials if r.parent == record.number]
    if children:
        told = [f"{links.trial(r.number)} ({text(words.origin(r))}, {text(words.score(r))})" for r in children]
        yield f"**What was made of it:** {', '.join(told)}"


def _evidence(record: Record) -> Iterator[str]:
    """Yield the numbers behind the symptom that ended the trial."""
    ending = record.ending
    if ending is None or ending.reason not in SYMPTOMS or not ending.evidence:
        return
    sure = "" if ending.confidence is None else f", confidence {ending.confidence:.2f}"
    numbers = ", ".join(f"{text(name)} {text(words.value(value))}" for name, value in ending.evidence.items())
    yield f"**The numbers behind it:** {numbers} (rules {text(ending.rule_version or 'unknown')}{sure})"
