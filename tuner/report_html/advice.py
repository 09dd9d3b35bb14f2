"""What a person should look at next: the most frequent complaints with their advice, and what the checks call for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tuner import manual, words
from tuner import remarks as odd
from tuner.evidence import kept
from tuner.report_html.content import Content, complaint
from tuner.report_html.said import Say

MOST_SYMPTOMS = 5


@dataclass(frozen=True)
class Complaint:
    """One symptom of a study: the trials that had it, and what a person can do."""

    name: str
    title: str
    summary: str
    trials: tuple[int, ...]
    advice: tuple[str, ...]


def complaints(content: Content, language: str) -> list[Complaint]:
    """Return the symptoms that harmed trials, the most frequent first."""
    having: dict[str, list[int]] = defaultdict(list)
    for record in content.report.trials:
        name = complaint(content, record)
        if name:
            having[name].append(record.number)
    ordered = sorted(having.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST_SYMPTOMS]
    found = []
    for name, trials in ordered:
        page = manual.of(name, language)
        found.append(Complaint(name, page.title, page.summary, tuple(trials), page.advice))
    return found


def steps(content: Content, say: Say, language: str) -> list[str]:
    """Return what to do about what the best gets wrong, and about the study itself."""
    report = content.report
    best = report.incumbent
    seen = kept.of_best(content.config, best)
    found = [sentence.text(language) for sentence in seen.sentences if sentence.advice] if seen else []
    if best is not None and not any(best.number in repeat.trials for repeat in report.repeats):
        found.append(say("Train the best settings again with several seeds; “How to reproduce it” has the command."))
    if best is not None and not report.tested:
        found.append(say("Score the best once on a test split: “test: true” in the configuration."))
    edges = [c.data["parameter"] for c in report.checks if c.name == "edge"]
    if edges:
        names = ", ".join(words.plain(name) for name in edges)
        found.append(say("Widen the space where the best lies at its end ({names}), and search again.", names=names))
    if any("region" in c.data for c in report.checks):
        found.append(say("Narrow the space where nearly everything failed: it costs trials and teaches little."))
    return found


def notes(content: Content, language: str) -> list[str]:
    """Return what looks odd in the logs and is benign, each once with the number of trials it was seen on."""
    seen: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, trial in content.seen.items():
        for remark in odd.remarks(trial.curve):
            seen[remark.name].append((number, manual.phrase(remark.says, remark.evidence, language)))
    return [f"{words.plain(found[0][1])} ({len(found)} ×)" for found in seen.values()]
