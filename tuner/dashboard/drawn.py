"""The curve of a trial as a PNG, drawn when somebody looks at it."""

from __future__ import annotations

import functools
import io
import threading
from dataclasses import replace
from typing import BinaryIO

from tuner import plot, plot_png, words
from tuner.config import StudyConfig
from tuner.dashboard.files import Open
from tuner.diagnose import Run
from tuner.diagnosis import Diagnosis
from tuner.record import Record
from tuner.report_html.content import outcome
from tuner.report_html.curves import Seen

ONE_AT_A_TIME = threading.Lock()
"""Matplotlib's settings are those of the whole process, and the page asks in several threads."""
DPI = 100
"""A note on the page does not shrink a picture that is wider than the window."""


def curve(config: StudyConfig, record: Record, seen: Seen) -> Open:
    """Return what opens the picture of a trial with a verdict; it is drawn once, when it is asked for."""
    draw = functools.cache(lambda: _drawn(config, record, seen))

    def opened() -> BinaryIO:
        with ONE_AT_A_TIME:
            return io.BytesIO(draw())

    return opened


def _drawn(config: StudyConfig, record: Record, seen: Seen) -> bytes:
    """Return a PNG: where the symptoms began, the best epoch that counts, and where the trial ended."""
    folder = config.trial_folder(record.number)
    run = Run(folder, config.trainer.log(folder).format, seen.curve, Diagnosis(seen.symptoms))
    picture = replace(plot.picture(run), name=f"{words.plain(config.model.study)} trial {record.number}")
    if picture.best is not None and record.score is not None and record.score_epoch is not None:
        # What was logged after the decision does not count.
        picture = replace(picture, best=replace(picture.best, epoch=record.score_epoch, value=record.score))
    end = record.ending.epoch if record.ending else None
    if end is not None and outcome(record) != "finished":
        picture = replace(picture, marks=(*picture.marks, plot.Mark(end, outcome(record), plot.GREY)))
    drawn = io.BytesIO()
    plot_png.save([picture], drawn, DPI)
    return drawn.getvalue()
