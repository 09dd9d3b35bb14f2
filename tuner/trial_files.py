"""Settings files that a trial gets of its own: a YAML file that is there, with the trial's values in place of its own.

    files:
      hyp.yaml: {from: data/hyps/hyp.scratch-low.yaml}

reads the mapping at `from` (relative to the working directory of the command), replaces the value of every key that is
a parameter of the space, and writes the result into the trial's folder, where the command finds it as
`{folder}/hyp.yaml`. A parameter that does not apply (its `when` is not met) leaves the value that is there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from tuner import documents
from tuner.documents import Document, Model
from tuner.spec import FACTS_FILE, OUTPUT_FILE, SPEC_FILE, is_inside

OWN_FILES = (SPEC_FILE, OUTPUT_FILE, FACTS_FILE, "lock")


class FileOptions(Model):
    """Where the values of one file come from."""

    model_config = ConfigDict(**{**Model.model_config, "populate_by_name": True})

    source: str = Field(alias="from", description="a YAML file, relative to the working directory")


Files = Mapping[str, FileOptions]


def set_by(files: Files, cwd: Path, parameters: Collection[str]) -> set[str]:
    """Return the parameters that occur in the files; raises ValueError or ConfigError where one cannot be made."""
    found: set[str] = set()
    for name, options in files.items():
        if not is_inside(name) or str(Path(name)) in OWN_FILES:
            raise ValueError(f"files: expected a new file inside the trial's folder, but got '{name}'")
        here = set(_base(name, options, cwd)) & set(parameters)
        if not here:
            path = cwd / options.source
            raise ValueError(f"files.{name}.from: expected a parameter of the space among the keys, but got {path}")
        found |= here
    return found


def write(files: Files, cwd: Path, folder: Path, params: Mapping[str, Any]) -> None:
    """Write the files of the trial with ``params`` into its ``folder``."""
    for name, options in files.items():
        base = _base(name, options, cwd)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        documents.write(path, {key: params.get(key, value) for key, value in base.items()})


def _base(name: str, options: FileOptions, cwd: Path) -> Document:
    path = (cwd / options.source).resolve()
    if not path.is_file():
        raise ValueError(f"files.{name}.from: expected a file, but there is none at {path}")
    base = documents.load(path)
    for key, value in base.items():
        if isinstance(value, dict):
            raise ValueError(f"files.{name}.from: expected a flat mapping, but '{key}' of {path} has keys of its own")
    return base
