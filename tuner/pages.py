"""Pages that are one file and need no network: what the page of a data check and that of a trial's evidence share."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2


def render(template: str, **values: object) -> str:
    """Return the page that ``template``, a file of this package that extends pages.html, makes of ``values``."""
    written = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    return _environment().get_template(template).render(written=written, **values)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
