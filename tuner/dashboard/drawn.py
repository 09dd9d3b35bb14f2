"""The curve of a trial as a PNG, drawn when somebody looks at it."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from typing import BinaryIO

from tuner import plot, plot_png, words
from tuner.config import StudyConfig
from tuner.diagnose import Run
from tuner.diagnosis import Diagnosis
from tuner.record import Record
from tuner.report_html.content import outcome
from tuner.report_html.curves import Seen

ONE_AT_A_TIME = threading.Lock()
"""Matplotlib's settings are those of the whole process, and the page asks in several threads."""


def curve(config: StudyConfig, record: Record, seen: Seen) -> BinaryIO:
    """Return the picture of a trial with a verdict: where its symptoms began, its best epoch, and where it ended."""
    folder = config.trial_folder(record.number)
    run = Run(folder, config.trainer.log(folder).format, seen.curve, Diagnosis(seen.symptoms))
    picture = replace(plot.picture(run), name=f"{words.plain(config.model.study)} trial {record.number}")
    end = record.ending.epoch if record.ending else None
    if end is not None and outcome(record) != "finished":
        mark = plot.Mark(end, f"{outcome(record)} at epoch {end}", plot.GREY)
        picture = replace(picture, marks=(*picture.marks, mark))
    drawn = io.BytesIO()
    with ONE_AT_A_TIME:
        plot_png.save([picture], drawn)
    drawn.seek(0)
    return drawn
