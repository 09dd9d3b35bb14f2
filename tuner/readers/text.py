"""The text of a log that may still be growing, and the errors that point into it."""

from __future__ import annotations

from pathlib import Path

from tuner.spec import LogError

MAX_BYTES = 256 * 2**20
"""A log of one row an epoch stays far below; what is larger is no such log, and would fill the memory."""


def read_text(path: Path) -> str:
    """Return the whole lines of a log; what follows the last newline is still being written and left for later.

    Raises LogError where there is no file, it is too large, or it is not text in UTF-8.
    """
    data = _read(path)
    data = data[: data.rfind(b"\n") + 1]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise wrong(path, data.count(b"\n", 0, error.start) + 1, "text in UTF-8", "something else") from None
    if (at := text.find("\0")) >= 0:
        raise wrong(path, text.count("\n", 0, at) + 1, "text", "a zero byte")
    return text


def _read(path: Path) -> bytes:
    try:
        # Asked first, because opening a pipe would wait for somebody to write into it.
        if not path.is_file():
            raise LogError(f"{path}: expected a file, but there is none")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise LogError(f"{path}: cannot be read ({error.strerror})") from None
    if len(data) > MAX_BYTES:
        raise LogError(f"{path}: expected at most {MAX_BYTES} bytes, but got more")
    return data


def wrong(path: Path, line: int, expected: str, got: str) -> LogError:
    """Return the error of one line of a log, lines counted from 1."""
    return LogError(f"{path}: line {line}: expected {expected}, but got {got}")


def shown(value: object) -> str:
    """Return ``value`` as an error quotes it: on one line and not too long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
