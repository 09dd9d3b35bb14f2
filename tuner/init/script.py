"""A training program of one's own: its options become a command, and those that matter a search space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tuner import standings
from tuner.curve import Kind
from tuner.init.draft import Draft, devices_line, epochs_for, folded, path_from, quoted, study_name, trials_for
from tuner.init.options import space
from tuner.init.program import Option, Program, read
from tuner.readers import columns

EPOCHS = ("epochs", "epoch", "num_epochs", "max_epochs", "n_epochs", "num_train_epochs", "nepochs")
SEED = ("seed", "random_seed", "manual_seed", "rng_seed")
FOLDER = tuple(
    "out output out_dir output_dir outdir save_dir folder run_dir work_dir workdir logdir log_dir exp_dir results_dir "
    "result_dir checkpoint_dir default_root_dir project".split()
)
LOG = ("log", "log_file", "logfile", "csv", "csv_log", "history", "metrics_file", "results", "results_file")
RESUME = ("resume", "resume_from", "resume_from_checkpoint", "continue_from", "ckpt_path")
PATIENCE = ("patience", "early_stopping_patience", "early_stopping", "early_stop")
DATA = ("data", "data_dir", "dataset", "data_path", "data_root", "root", "train_data", "datadir")
CHECKPOINTS = (".pt", ".pth", ".ckpt", ".pkl", ".npz", ".safetensors", ".h5", ".keras", ".json", ".bin", ".npy")
FORMATS = {".csv": "csv", ".jsonl": "jsonl"}
PLANNED = 30
"""Epochs where the program does not say how many it trains."""
TOLD = 50  # epochs from which on the first look of a race is longer than one


def draft(path: Path, base: Path, data: Sequence[Path], gpus: int) -> Draft:
    """Return the configuration of the program at ``path`` for a file in the folder ``base``; raises ConfigError."""
    return _Script(read(path), base, data, gpus).draft()


def interpreter(folder: Path) -> str:
    """Return the Python of the environment in ``folder``, else the one that runs tuner."""
    for name in (".venv", "venv"):
        if (folder / name / "bin" / "python").exists():
            return f"{name}/bin/python"
    return "{python}"


class _Script:
    """The parts of one configuration while they are put together."""

    def __init__(self, program: Program, base: Path, data: Sequence[Path], gpus: int) -> None:
        self.program, self.base, self.data, self.gpus = program, base, data, gpus
        self.found: list[str] = []
        self.guessed: list[str] = []
        self.space = space(program)

    def draft(self) -> Draft:
        folder = self.program.path.parent
        log, form = self._log()
        resume, checkpoint = self._resume()
        metric, direction = self._objective()
        epochs = self._epochs()
        told = f"{self.program.path}: {', '.join(self.space) or 'no option that a search could turn'}"
        text = (
            f"# {self.program.path.name}, started once for each trial; its options were read from its source.\n\n"
            f"study: {study_name(folder)}\n"
            f"trainer:\n  name: script\n  cwd: {quoted(path_from(self.base, folder))}\n"
            f"  command: >-\n{folded(self._command(log))}{resume}"
            f"  log: {{file: {quoted(log)}, format: {form}}}      # one row an epoch, written as it trains\n"
            f"space:\n{self._space()}"
            f"objective: {{metric: {quoted(metric)}, direction: {direction}}}\n"
            f"epochs: {epochs}\n\n{self._spending(epochs, bool(checkpoint))}{devices_line(self.gpus)}seed: 0\n\n"
            f"baselines:\n  - {{}}                # {self.program.path.name} as it is: the defaults above\n"
        )
        return Draft(text, (told, *self.found), tuple(self.guessed))

    def _space(self) -> str:
        if self.space:
            return "".join(f"  {name}: {line}\n" for name, line in self.space.items())
        self.guessed.append("space: no option was recognised; name here what your program takes, and in the command")
        return "  lr: {grid: [0.0001, 1], default: 0.01}\n"

    def _command(self, log: str) -> str:
        words = [interpreter(self.program.path.parent), self.program.path.name]
        for name in self.space:
            option = self.program.option([name])
            words += [option.flag if option else f"--{name}", f"{{{name}}}"]
        words += ["--lr", "{lr}"] if not self.space else []
        words += self._given(EPOCHS, "{epochs}") + self._given(SEED, "{seed}") + self._place(log)
        words += self._given(PATIENCE, "{epochs}", lambda o: isinstance(o.default, int) and o.default > 0)
        words += self._data()
        return " ".join([*words, *self._open(words)])

    def _given(self, names: Sequence[str], value: str, fits: Callable[[Option], bool] = lambda o: True) -> list[str]:
        option = self.program.option(names)
        taken = option is not None and not option.switch and fits(option)
        return [option.flag, value] if option and taken and not option.positional else []

    def _place(self, log: str) -> list[str]:
        """Return the arguments that send the program's files into the trial's folder."""
        words = self._given(FOLDER, "{folder}")
        words += self._given(LOG, f"{{folder}}/{log}", lambda o: o.kind in ("", "str", "Path"))
        if not words:
            name = self.program.path.name
            self.guessed.append(f"{name} has no option for the folder to write to (such as --out): add one, and use it")
        return words

    def _data(self) -> list[str]:
        option = self.program.option(DATA)
        if option is None or option.positional or not (self.data or option.required):
            return []
        if not self.data:
            return []
        self.found.append(f"{option.flag}: {self.data[0]}")
        return [option.flag, f"{{base}}/{path_from(self.base, self.data[0])}".replace("{base}//", "/")]

    def _open(self, words: list[str]) -> list[str]:
        """Return what the program asks for and nobody has said, for a person to fill in."""
        missing = [o for o in self.program.options if (o.required or _is_argument(o)) and o.flag not in words]
        if missing:
            flags = ", ".join(o.flag for o in missing)
            self.guessed.append(f"{flags}: required by {self.program.path.name} and not known: FILL_IN in the command")
        return [word for o in missing for word in ([] if o.positional else [o.flag]) + ["FILL_IN"]]

    def _log(self) -> tuple[str, str]:
        option = self.program.option(LOG)
        default = [option.default] if option and isinstance(option.default, str) else []
        names = [Path(text).name for text in (*default, *self.program.strings) if _is_file(text, tuple(FORMATS))]
        if names:
            return names[0], FORMATS[Path(names[0]).suffix]
        self.guessed.append("log: no .csv or .jsonl is named in the source; results.csv, with a column for each series")
        return "results.csv", "csv"

    def _resume(self) -> tuple[str, str]:
        """Return the lines on how a trial goes on, and the checkpoint; nothing where the program cannot."""
        option = self.program.option(RESUME)
        names = [Path(text).name for text in self.program.strings if _is_file(text, CHECKPOINTS)]
        best = sorted((n for n in dict.fromkeys(names) if _rank(n) < 2), key=_rank)
        if option is None or option.positional or not best:
            self.guessed.append(
                "no --resume and last checkpoint were found: nothing is paused, every trial trains to its end"
            )
            return "", ""
        value = "" if option.switch else " {checkpoint}"
        self.guessed.append(
            f"{option.flag}{value} goes on from {best[0]} in the trial's folder, written before each row"
        )
        line = f"{self._command_again()} {option.flag}{value}"
        return f"  resume: >-\n{folded(line)}  checkpoint: {quoted(best[0])}\n", best[0]

    def _command_again(self) -> str:
        before = len(self.guessed), len(self.found)
        command = self._command(self._log()[0])
        del self.guessed[before[0] :], self.found[before[1] :]
        return command

    def _objective(self) -> tuple[str, str]:
        names = self.program.columns
        roles = columns.roles(names, {})
        metrics = [name for name in names if roles[name].kind is Kind.METRIC]
        losses = [name for name in names if roles[name].kind is Kind.VAL_LOSS]
        best = next((n for n in metrics if "50-95" in n or "0.5:0.95" in n), next(iter([*metrics, *losses]), ""))
        if best:
            higher = columns.better_higher(best)
            self.found.append(
                f"its log has {', '.join(names)}; judged by {best}, {'more' if higher else 'less'} is better"
            )
            return best, "maximize" if higher else "minimize"
        self.guessed.append("objective: no columns of a log were found in the source; val_loss, where less is better")
        return "val_loss", "minimize"

    def _epochs(self) -> int:
        option = self.program.option(EPOCHS)
        if option and isinstance(option.default, int) and option.default > 0:
            return option.default
        self.guessed.append(f"epochs: {PLANNED}, since the source does not say")
        return PLANNED

    def _spending(self, epochs: int, pauses: bool) -> str:
        trials = trials_for(self._space() if self.space else "lr: {grid: [0.0001, 1]}")
        if not pauses:
            return (
                f"budget: {{trials: {trials}}}\npausing: off             # needs a `resume` command and a checkpoint\n"
            )
        rules = standings.Rules(3, max(1, epochs // TOLD))
        spent = epochs_for(trials, epochs, rules)
        return (
            f"budget: {{epochs: {spent}}}      # of all trials together: about {trials} of them\n"
            f"pausing: {{eta: 3, first: {rules.first}}}   # the best third goes on\n"
        )


def _is_argument(option: Option) -> bool:
    return option.positional and option.default is None


def _is_file(text: str, endings: tuple[str, ...]) -> bool:
    return text.endswith(endings) and len(text) < 100 and " " not in text and "{" not in text and Path(text).stem != ""


def _rank(name: str) -> int:
    """Return how likely a file is what to go on from: the last state, some state, or not at all."""
    stem = Path(name).stem.lower()
    if "best" in stem:
        return 2
    return 0 if "last" in stem or "latest" in stem else 1 if "checkpoint" in stem or "ckpt" in stem else 2
