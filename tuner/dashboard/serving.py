"""Serve a study in optuna-dashboard until somebody has seen enough."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tuner.errors import ConfigError, TunerError

READING = ("GET", "HEAD")
REFUSED = json.dumps({"reason": "this page shows a study and cannot change it"}).encode()

Answer = Callable[..., Any]
App = Callable[[dict[str, Any], Answer], Iterable[bytes]]


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each request, so that a large file that is fetched does not hold up the page."""

    daemon_threads = True


class Silent(WSGIRequestHandler):
    """Writes no line for each of the page's questions."""

    def log_message(self, format: str, *args: Any) -> None: ...


def serve(folder: Path, host: str, port: int) -> None:
    """Show the study in ``folder``, or all its stages, at an address until Ctrl-C; raises TunerError."""
    try:
        from optuna_dashboard import wsgi
    except ModuleNotFoundError:
        raise TunerError('tuner dashboard needs optuna-dashboard: pip install "tuner[dashboard]"') from None
    from tuner.dashboard.mirror import Mirror

    mirror = Mirror(folder)
    with _listening(host, port, reading_only(wsgi(mirror, artifact_store=mirror.files))) as server:
        shown = f"[{host}]" if ":" in host else host
        print(
            f"dashboard: http://{shown}:{server.server_port}/dashboard\nCtrl-C ends it; the study goes on", flush=True
        )
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\ndashboard ended")


def reading_only(app: App) -> App:
    """Return ``app`` with every request refused that might change something."""

    def guarded(environ: dict[str, Any], answer: Answer) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in READING:
            return app(environ, answer)
        answer("403 Forbidden", [("Content-Type", "application/json"), ("Content-Length", str(len(REFUSED)))])
        return [REFUSED]

    return guarded


def _listening(host: str, port: int, app: App) -> WSGIServer:
    try:
        return make_server(host, port, app, server_class=Server, handler_class=Silent)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            expected = f"expected a free port, but {port} is taken by another program"
            raise ConfigError("dashboard", "--port", expected) from None
        expected = f"expected an address of this machine, but got {host} ({error.strerror or error})"
        raise ConfigError("dashboard", "--host", expected) from None
