"""Nothing was found: the study that trains on a laptop without any data of one's own."""

from __future__ import annotations

from tuner.init.draft import Draft, indented, lines_of, ready

HEAD = """\
# Nothing was found to train, so this is a complete study on the digits that scikit-learn ships; it takes a minute or
# two on a laptop. For a study of your own: tuner init path/to/train.py, or tuner init path/to/data.yaml
#
"""


def draft() -> Draft:
    """Return the ready configuration of the digits, with its space in it."""
    text = ready("configs/digits.yaml")
    body = text[text.index("# Any key") :]
    space = indented(lines_of("digits"))
    body = body.replace("space: ../search_spaces/digits.yaml\n", f"space:\n{space}")
    return Draft(HEAD + body, guessed=("the digits that scikit-learn ships stand in for your data",))
