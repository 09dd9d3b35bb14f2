"""A clone of YOLOv5 or YOLOv7: the ready configuration, pointed to it."""

from __future__ import annotations

import re
from pathlib import Path

from tuner.init.draft import Draft, indented, lines_of, path_from, quoted, ready
from tuner.init.look import Found
from tuner.init.script import interpreter

HEAD = """\
# {title} with its own train.py, started in {cwd}.
# docs/yolov5.md says what to know of it: downloads, checkpoints, settings of the environment.

"""
TITLES = {"yolov5": "YOLOv5", "yolov7": "YOLOv7"}
FIRST_WEIGHTS = {"yolov5": "yolov5n.pt", "yolov7": "yolov7_training.pt"}
DATA = "{base}/data/ssdd/data.yaml"


def draft(folder: Path, found: Found, base: Path) -> Draft:
    """Return the configuration of the clone in ``folder`` for a file in the folder ``base``."""
    name, cwd = found.clones[folder], path_from(base, folder)
    text = ready(f"configs/{name}.yaml")
    body = text[text.index("study:") :]
    body = re.sub(r"^base:.*\n", "", body, flags=re.M)
    body = re.sub(r"^  cwd: \S+.*$", f"  cwd: {quoted(cwd)}", body, flags=re.M)
    body = body.replace(f"space: search_spaces/{name}.yaml\n", f"space:\n{indented(lines_of(name))}")
    start, said = _start(folder, name)
    body = body.replace(".venv/bin/python train.py", start)
    guessed = [*said]
    if not (folder / FIRST_WEIGHTS[name]).is_file():
        body = _untrained(body, name)
        guessed.append(f"no {FIRST_WEIGHTS[name]} in {folder}: trained from nothing (--weights ''), which takes longer")
    if found.data:
        body = body.replace(DATA, f"{{base}}/{path_from(base, found.data[0])}".replace("{base}//", "/"))
        seen = f"data: {found.data[0]}"
    else:
        guessed.append(f"--data: no data set was found; put your data.yaml in place of {DATA}")
        seen = "data: none yet"
    return Draft(HEAD.format(title=TITLES[name], cwd=cwd) + body, (f"{TITLES[name]} in {folder}", seen), tuple(guessed))


def _start(folder: Path, name: str) -> tuple[str, list[str]]:
    """Return how its program is started: by its file, or as a module where it is an installed package."""
    if (folder / "__init__.py").is_file():
        python = next((p / "bin" / "python" for p in folder.parents if (p / "bin" / "python").exists()), None)
        said = [f"{folder} is an installed package: started as python -m {name}.train"]
        return f"{python or '{python}'} -m {name}.train", said
    own = interpreter(folder)
    if own == "{python}":
        return f"{own} train.py", [f"no .venv in {folder}: started with the Python that runs tuner"]
    return f"{own} train.py", []


def _untrained(body: str, name: str) -> str:
    if name == "yolov5":
        return body.replace("--weights yolov5{size}.pt", "--weights '' --cfg models/yolov5{size}.yaml")
    return body.replace("--weights yolov7_training.pt", "--weights ''")
