"""Open a page in a real browser, without a driver for it: a script at the end of the page does what a person does."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="needs Chromium or Chrome to open the page in")

SECONDS = 60
PROBE = """
(async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  let found;
  try {
    await wait(200);
    found = await (async () => { SCRIPT })();
  } catch (error) {
    found = String(error);
  }
  const place = document.createElement("pre");
  place.id = "probe";
  place.textContent = JSON.stringify(found ?? null);
  document.body.append(place);
})();
"""
RESULT = re.compile(r'<pre id="probe">(.*?)</pre>', re.DOTALL)


@dataclass(frozen=True)
class Opened:
    """What came of it: the page after the script, what the script returned, and what the browser complained about."""

    dom: str
    result: Any
    console: list[str]


def open_page(page: Path, script: str, folder: Path, *, width: int = 1280, budget: int = 6000) -> Opened:
    """Open ``page`` from the disk, run ``script`` (the body of an async function) in it, and return what came of it.

    ``budget`` is how many milliseconds the page is given, by its own clock.
    """
    probe = PROBE.replace("SCRIPT", script)
    fingerprint = base64.b64encode(hashlib.sha256(probe.encode()).digest()).decode()
    text = page.read_text()
    assert text.count("script-src 'sha256-") == 1 and text.count("</body>") == 1
    text = text.replace("script-src ", f"script-src 'sha256-{fingerprint}' ", 1)  # else the page would not run it
    copy = folder / "opened.html"
    copy.write_text(text.replace("</body>", f"<script>{probe}</script></body>"))
    done = _browse(copy, width, budget, folder)
    found = RESULT.search(done.stdout)
    assert found is not None, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Opened(done.stdout, json.loads(html.unescape(found[1])), console)


def _browse(page: Path, width: int, budget: int, folder: Path) -> subprocess.CompletedProcess[str]:
    assert BROWSER is not None
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    flags += ["--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900"]
    flags += [f"--virtual-time-budget={budget}", "--dump-dom"]
    command = [BROWSER, *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
