"""What the URL of a storage means, and how it is shown.

PostgreSQL takes its password from the URL, or from where its own programs do: ``PGPASSWORD`` and ``~/.pgpass``. In all
that is shown or kept it is ``***``, and a URL with those stars is one without a password.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

SQLITE = "sqlite:///"
HIDDEN = "***"
_given: dict[str, str] = {}
"""The URLs with a password that this process was given, by what is kept of them."""
PASSWORD = re.compile(r"(//[^:/?#@]*):([^@]*(?:@[^@/?]*)*)@")
"""Up to the last @ before the path or the query: people forget to write %40 for one in a password."""
OPTION = re.compile(r"([?&])([^=&]*)=([^&\s'\"]*)")
SECRET = ("password", "sslpassword")
URL = re.compile(r"[\w+]+://")


def is_shared(url: str) -> bool:
    """Tell whether drivers on several machines can write to a storage at once."""
    return not url.startswith("sqlite")


def is_postgres(url: str) -> bool:
    return url.startswith(("postgresql", "postgres:"))


def without_password(url: str) -> str:
    """Return a storage URL as it may be shown and kept."""
    shown = PASSWORD.sub(rf"\1:{HIDDEN}@", url)
    return OPTION.sub(lambda o: f"{o[1]}{o[2]}={HIDDEN}" if unquote(o[2]) in SECRET else o[0], shown)


def without_passwords(text: str) -> str:
    """Return a text for people, whatever URLs stand in it, as it may be shown."""
    return " ".join(map(without_password, text.split(" ")))


def as_shown(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration as it may be shown and kept; each of its stages may have a storage of its own."""
    shown, url, stages = dict(document), document.get("storage"), document.get("stages")
    if isinstance(url, str):
        shown["storage"] = without_password(url)
    if isinstance(stages, Mapping):
        shown["stages"] = {name: as_shown(own) if isinstance(own, Mapping) else own for name, own in stages.items()}
    return shown


def engine_url(url: str) -> str:
    """Return a storage URL for SQLAlchemy, which names the driver and has no password where it was hidden."""
    if not is_postgres(url):
        return url
    import sqlalchemy  # which a command that needs no storage need not wait for

    kept = without_password(url)
    if url == kept:
        url = _given.get(kept, url)
    else:
        _given[kept] = url
    # An @ in a password would end it, and its rest would be looked up, and named, as a host.
    url = PASSWORD.sub(lambda found: f"{found[1]}:{found[2].replace('@', '%40')}@", url)
    made = sqlalchemy.make_url(re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url))
    if made.password == HIDDEN:
        made = made._replace(password=None)
    hidden = [name for name, value in made.query.items() if value == HIDDEN]
    return made.difference_update_query(hidden).render_as_string(hide_password=False)


def environment(url: str) -> dict[str, str]:
    """Return what a process that we start needs to open the same storage from what is kept of its URL."""
    if not is_postgres(url):
        return {}
    import sqlalchemy  # which a command that needs no storage need not wait for

    made = sqlalchemy.make_url(engine_url(url))
    password = made.password or made.query.get("password")
    return {"PGPASSWORD": str(password)} if password else {}
