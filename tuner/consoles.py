"""The console that everything is printed on, and what becomes of characters that it cannot show."""

from __future__ import annotations

import codecs
import os
import sys

from rich.console import Console

SPELT = str.maketrans(
    {
        **dict.fromkeys("━╸", "="),
        **dict.fromkeys("─╺", "-"),
        **dict.fromkeys("│┤┊", "|"),
        **dict(zip("▁▂▃▄▅▆▇█", ".:-=+*#@", strict=True)),
        **{"└": "+", "→": ">", "←": "<", "•": "*", "·": "|", "…": ".", "★": "*", "×": "x", "±": "~", "–": "-"},
        **{chr(dots): ":" for dots in range(0x2801, 0x2900)},
    }
)
"""One character for another, since what is lined up in columns has to stay so."""
ERRORS = "tuner_spelt"


def open_console() -> Console:
    """Return the console for standard output; output that goes into a pipe or a file is never redrawn."""
    # A character that the terminal's encoding lacks must cost its shape, not the study.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # Python would send UTF-8 to a terminal whose owner has said that it knows nothing but ASCII.
        ascii_only = sys.stdout.isatty() and os.environ.get("LC_ALL") in ("C", "POSIX")
        reconfigure(errors=ERRORS, **({"encoding": "ascii"} if ascii_only else {}))
    return Console(highlight=False, force_interactive=None if sys.stdout.isatty() else False)


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end].translate(SPELT)
    return "".join(c if c.isascii() else "?" for c in lost), error.end


codecs.register_error(ERRORS, _spell)
