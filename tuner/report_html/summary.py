"""What a study found in plain sentences, and how far its best can be trusted; every clause follows from a fact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tuner import manual, words
from tuner.compared import Difference
from tuner.experiments import spread
from tuner.record import Origin, Record, usable_score
from tuner.report_html import said, wording
from tuner.report_html.content import Content, is_sick, outcome
from tuner.report_html.said import Say, trials

SCORES = 2


def paragraph(content: Content, say: Say, language: str) -> str:
    """Return the study in one paragraph."""
    gap = "" if language == "zh" else " "
    parts = (_searched, _best, _against_baseline, _failed, _stopped, _remedies)
    return gap.join(sentence for part in parts for sentence in part(content, say, language))


def _searched(content: Content, say: Say, language: str) -> Iterator[str]:
    report = content.report
    used = report.used
    yield say(
        "In {trials} and {epochs} epochs, {time} of training, {n} hyperparameters were searched "
        "for the {extreme} {objective}.",
        trials=trials(used.trials, say),
        epochs=f"{used.epochs + used.extra_epochs:,}",
        time=words.duration(used.hours * 3600),
        n=len(content.config.space.parameters),
        extreme=say("highest") if report.higher_is_better else say("lowest"),
        objective=words.plain(report.objective),
    )


def _best(content: Content, say: Say, language: str) -> Iterator[str]:
    best = content.report.incumbent
    if best is None:
        yield say("No trial has completed with a score, so there is no best one yet.")
        return
    template = "The best reached {score}: trial {n}, from the {origin}."
    if best.remedy and best.parent is not None:
        template = "The best reached {score}: trial {n}, which the remedy “{origin}” made of trial {parent}."
    name = manual.remedy(best.remedy, language) if best.remedy else said.origins(say)[str(best.origin)]
    yield say(template, score=words.figure(best.score), n=best.number, origin=name, parent=best.parent)


def _against_baseline(content: Content, say: Say, language: str) -> Iterator[str]:
    best = content.report.incumbent
    baselines = [r for r in content.report.trials if r.origin is Origin.BASELINE and usable_score(r) is not None]
    if best is None or not baselines or best.origin is Origin.BASELINE:
        return
    first = max(baselines, key=lambda r: content.sign * (r.score or 0.0))
    gain = content.gain(best, first)
    if gain is not None:
        yield say(
            "The best baseline, trial {n}, had {score}; the search gained {gain}.",
            n=first.number,
            score=words.figure(first.score),
            gain=words.number(gain, SCORES),
        )


def _failed(content: Content, say: Say, language: str) -> Iterator[str]:
    failed = [r for r in content.report.trials if is_sick(r)]
    if not failed:
        return
    reason, times = Counter(r.ending.reason if r.ending else "" for r in failed).most_common(1)[0]
    name = wording.reason(reason, say, language)
    template = (
        "{trials} failed, most often by “{reason}” ({times})." if len(failed) > 1 else "{trials} failed: {reason}."
    )
    yield say(template, trials=trials(len(failed), say), reason=name, times=times)


def _stopped(content: Content, say: Say, language: str) -> Iterator[str]:
    cut = [r for r in content.report.trials if r.planned_epochs and r.finished and outcome(r) != "finished"]
    saved = sum(max(0, (r.planned_epochs or 0) - r.trained_epochs) for r in cut)
    planned = sum(r.planned_epochs or 0 for r in content.report.trials if r.finished)
    if saved and planned:
        yield say(
            "Ending {trials} before their last epoch saved {saved} of {planned} planned epochs ({share}).",
            trials=trials(len(cut), say),
            saved=f"{saved:,}",
            planned=f"{planned:,}",
            share=f"{saved / planned:.0%}",
        )


def _remedies(content: Content, say: Say, language: str) -> Iterator[str]:
    pairs = [p for w in content.report.worth for p in w.pairs]
    if not pairs:
        return
    yield say(
        "Of {n} remedies that can be compared with the trial they mend, {wins} made it better.",
        n=len(pairs),
        wins=sum(p.gain > 0 for p in pairs),
    )


def certainty(content: Content, say: Say, language: str) -> list[str]:
    """Return how sure the best is: seeds, the test split, the runner-up, and what to keep in mind."""
    best = content.report.incumbent
    return [] if best is None else [*_seeds(content, best, say), *_test(content, say), *_runner_up(content, best, say)]


def _seeds(content: Content, best: Record, say: Say) -> Iterator[str]:
    for repeat in content.report.repeats:
        yield say(
            "Trials {numbers} have the same settings and other seeds: {mean} ± {spread} (mean ± standard deviation).",
            numbers=", ".join(map(str, repeat.trials)),
            mean=words.figure(repeat.mean),
            spread=words.number(repeat.spread, SCORES),
        )
    yield from (_difference(one, say) for one in content.report.differences)
    if not any(best.number in repeat.trials for repeat in content.report.repeats):
        yield say("The best was trained with one seed: how much of its score is luck is not known.")


def _difference(one: Difference, say: Say) -> str:
    template = (
        "{change}: better by {gain} over {n} shared seeds, 95 % interval {low} to {high}: more than chance."
        if one.clear
        else "{change}: better by {gain} over {n} shared seeds, 95 % interval {low} to {high}: chance may explain it."
    )
    return say(
        template,
        change=words.change(one.changed, say("against")),
        gain=words.number(one.mean, SCORES),
        n=len(one.first),
        low=words.number(one.low, SCORES),
        high=words.number(one.high, SCORES),
    )


def _test(content: Content, say: Say) -> Iterator[str]:
    tested = content.report.tested
    if not tested:
        yield say(
            "It was chosen by the same validation score that is shown, which flatters it; no test split was scored."
        )
        return
    scores = []
    for name in tested[0].scores:
        mean, deviation = spread([t.scores[name] for t in tested if name in t.scores])
        note = f" ± {words.number(deviation, SCORES)}" if len(tested) > 1 else ""
        scores.append(f"{words.plain(name)} {words.figure(mean)}{note}")
    yield say(
        "On the test split, scored once and never chosen by: {scores} (trial {numbers}).",
        scores=", ".join(scores),
        numbers=", ".join(str(t.trial) for t in tested),
    )


def _runner_up(content: Content, best: Record, say: Say) -> Iterator[str]:
    others = [r for r in content.report.trials if usable_score(r) is not None and r.params != best.params]
    if not others or best.score is None or content.report.differences:
        return  # seed by seed says more than the luckiest seed of each
    second = max(others, key=lambda r: content.sign * (r.score or 0.0))
    gap = content.sign * (best.score - (second.score or 0.0))
    yield say(
        "The next best settings, trial {n}, reached {score}: {gap} behind.",
        n=second.number,
        score=words.figure(second.score),
        gap=words.number(gap, SCORES),
    )
