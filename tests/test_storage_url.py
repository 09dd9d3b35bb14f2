"""Storage URLs: what is shown of them, what is kept, and what a database gets."""

from __future__ import annotations

import pytest
import yaml

from tuner import config, origin, storage_url
from tuner.storage_url import engine_url, environment, is_shared, without_password

SECRET = "c0rrect"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:c0rrect@host:5432/db", "postgresql://ada:***@host:5432/db"),
        ("postgresql+psycopg://ada:c0rrect/@host/db", "postgresql+psycopg://ada:***@host/db"),
        ("postgresql://ada:c0rrect@more@host/db", "postgresql://ada:***@host/db"),
        ("postgresql://:c0rrect@host/db", "postgresql://:***@host/db"),
        ("postgresql://host/db?user=ada&password=c0rrect&sslmode=require", None),
        ("--set=storage=postgresql://ada:c0rrect@host/db", "--set=storage=postgresql://ada:***@host/db"),
        ("mysql://ada:c0rrect@host/db", "mysql://ada:***@host/db"),
    ],
)
def test_no_password_is_shown(url: str, shown: str | None) -> None:
    assert SECRET not in without_password(url)
    assert shown is None or without_password(url) == shown


@pytest.mark.parametrize(
    "url", ["sqlite:////data/study.db", "postgresql://host:5432/db", "postgresql://ada@host/db?sslmode=require"]
)
def test_a_url_without_a_password_is_shown_as_it_is(url: str) -> None:
    assert without_password(url) == url


def test_the_driver_is_named_and_everything_else_kept() -> None:
    assert engine_url("postgresql://ada:a%2Fb@host:1/db?x=y") == "postgresql+psycopg://ada:a%2Fb@host:1/db?x=y"
    assert engine_url("postgresql+psycopg2://ada:pw@h2/db") == "postgresql+psycopg2://ada:pw@h2/db"
    assert engine_url("sqlite:///a b.db") == "sqlite:///a b.db"


def test_stars_are_no_password_and_stand_for_the_one_that_was_given() -> None:
    kept = without_password("postgresql://ada:c0rrect@kept/db")
    assert engine_url(kept) == "postgresql+psycopg://ada@kept/db"
    engine_url("postgresql://ada:c0rrect@kept/db")
    assert engine_url(kept) == "postgresql+psycopg://ada:c0rrect@kept/db"


def test_our_own_processes_get_the_password_in_their_environment() -> None:
    assert environment("postgresql://ada:a%2Fb@host3/db") == {"PGPASSWORD": "a/b"}
    assert environment("postgresql://ada@host3/db") == {}
    assert environment("sqlite:///study.db") == {}


def test_only_a_file_is_for_one_driver() -> None:
    assert is_shared("postgresql://host/db") and not is_shared("sqlite:///study.db")


def test_what_is_kept_of_a_configuration_has_no_password(write_config: object, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_config(storage="postgresql://ada:c0rrect@host4/db")  # type: ignore[operator]
    loaded = config.load(path)
    assert loaded.storage == "postgresql://ada:c0rrect@host4/db"
    loaded.folder.mkdir(parents=True)
    saved = config.save(loaded).read_text()
    assert SECRET not in saved and SECRET not in repr(loaded.document)
    assert yaml.safe_load(saved)["storage"] == "postgresql://ada:***@host4/db"
    monkeypatch.setattr("sys.argv", ["tuner", "run", "x.yaml", "--set", "storage=postgresql://ada:c0rrect@host4/db"])
    assert SECRET not in origin.now(loaded.folder)["command"]
    assert storage_url.HIDDEN in origin.now(loaded.folder)["command"]
