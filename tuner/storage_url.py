"""What the URL of a storage means, and how it is shown.

PostgreSQL takes its password from the URL, or from where its own programs do: ``PGPASSWORD`` and ``~/.pgpass``. In all
that is shown or kept it is ``***``, and a URL with those stars is one without a password.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SQLITE = "sqlite:///"
HIDDEN = "***"
_given: dict[str, str] = {}
"""The URLs with a password that this process was given, by what is kept of them."""
PASSWORD = r"(//[^:/?#@]*):[^@]*@(?:[^@/?]*@)*"


def is_shared(url: str) -> bool:
    """Tell whether drivers on several machines can write to a storage at once."""
    return not url.startswith("sqlite")


def is_postgres(url: str) -> bool:
    return url.startswith(("postgresql", "postgres:"))


def without_password(url: str) -> str:
    """Return a storage URL as it may be shown and kept."""
    shown = re.sub(PASSWORD, rf"\1:{HIDDEN}@", url)
    return re.sub(r"([?&](?:ssl)?password=)[^&]*", rf"\1{HIDDEN}", shown)


def as_shown(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration as it may be shown and kept."""
    url = document.get("storage")
    return {**document, "storage": without_password(url)} if isinstance(url, str) else dict(document)


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
