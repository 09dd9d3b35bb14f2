"""The text of a log that may still be growing, and the errors that point into it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tuner.spec import LogError

MAX_BYTES = 256 * 2**20
"""A log of one row an epoch stays far below; what is larger is no such log, and would fill the memory."""

MAX_LINE = 2**20
"""Characters; the longest lines of real logs hold a whole configuration and stay far below."""

MAX_CELLS = 2_000_000
"""Numbers read from one log: 20 columns over 100,000 rows, and a hundred MB while they are read."""

MAX_NAME = 200
MAX_HEADER = 2**16
LINE_END = re.compile(r"\r\n|\r|\n")
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path) -> str:
    """Return the whole lines of a log; what follows the last newline is still being written and left for later.

    Raises LogError where there is no file, it is too large, or it is not text in UTF-8.
    """
    data = read_bytes(path)
    data = data[: data.rfind(b"\n") + 1]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise wrong(path, data.count(b"\n", 0, error.start) + 1, "text in UTF-8", "something else") from None
    if (at := text.find("\0")) >= 0:
        raise wrong(path, text.count("\n", 0, at) + 1, "text", "a zero byte")
    return text


def read_bytes(path: Path) -> bytes:
    """Return the content of a log; raises LogError where there is no file or it is too large."""
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


def printable(name: str) -> str:
    """Return the name of a column as it may stand on a terminal: one line, not too long, no control characters."""
    short = name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
    return short if short.isprintable() else "".join(map(_printable, short))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def read_foreign(path: Path) -> str:
    """Return the whole text of a log that somebody else's program wrote, in whatever encoding.

    Raises LogError where there is no file, it is too large, or it is no text.
    """
    data = read_bytes(path)
    text = decoded(data)
    if (at := text.find("\0")) >= 0:
        raise wrong(path, text.count("\n", 0, at) + 1, "text", "a zero byte")
    return text


def decoded(data: bytes) -> str:
    """Return ``data`` as text; a byte order mark tells UTF-16, and what is no UTF-8 is replaced."""
    return data.decode(_encoding(data), errors="replace")


def _encoding(start: bytes) -> str:
    return "utf-16" if start.startswith(UTF16) else "utf-8-sig"


def first_line(head: bytes) -> str:
    """Return the first line that is not blank of the beginning of a file; nothing where it is no line of a table."""
    lines = LINE_END.split(decoded(head[:MAX_HEADER]))
    first = next((line for line in lines if line.strip()), "")
    return first if len(first) < MAX_HEADER // 4 else ""


def whole_lines(path: Path, finished: bool) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines of a log that are not blank; a bare CR ends a line too, as in progress bars.

    A last line without its end counts where the run is ``finished``. Raises LogError for a line without measure, and
    where there is no file, it is too large, or it is no text.
    """
    with _opened(path) as file:
        # Line by line, because a text held whole takes several times its size.
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), ""), 1):
            if len(line) > MAX_LINE:
                raise wrong(path, number, f"at most {MAX_LINE} characters", "more")
            if "\0" in line:
                raise wrong(path, number, "text", "a zero byte")
            if not line.isspace() and (finished or line.endswith("\n")):
                yield number, line.rstrip("\n")


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """Open a log somebody else's program wrote, in whatever encoding; raises LogError."""
    try:
        if not path.is_file():
            raise LogError(f"{path}: expected a file, but there is none")
        if path.stat().st_size > MAX_BYTES:
            raise LogError(f"{path}: expected at most {MAX_BYTES} bytes, but got more")
        with path.open("rb") as file:
            start = file.read(2)
        with path.open(encoding=_encoding(start), errors="replace") as text:
            yield text
    except OSError as error:
        raise LogError(f"{path}: cannot be read ({error.strerror})") from None


def beginning(path: Path, n_bytes: int = 2**20) -> str:
    """Return the first ``n_bytes`` of a log as text; raises LogError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return decoded(file.read(n_bytes))
    except OSError as error:
        raise LogError(f"{path}: cannot be read ({error.strerror})") from None


def beside(path: Path, name: str, key: str) -> int | None:
    """Return the whole number under ``key`` in the YAML file ``name`` beside a log, or None."""
    try:
        text = (path.parent / name).read_bytes()[:MAX_LINE].decode(errors="replace")
    except OSError:
        return None
    found = re.search(rf"^[ \t]*{re.escape(key)}:[ \t]*(\d{{1,15}})[ \t\r]*$", text, re.MULTILINE)
    return int(found[1]) or None if found else None
