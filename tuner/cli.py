"""The commands: their words and options. What they do is imported when one is called, so that each starts at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tuner import command_line, completion, data_commands
from tuner.errors import TunerError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Hyperparameter search that reads training curves, says what is wrong with them, and tries the remedy.",
)

app.add_typer(data_commands.app, name="data")

EXIT_BAD_INPUT = 2

ConfigPath = Annotated[
    Path,
    typer.Argument(
        help="the study's YAML, such as configs/digits.yaml", metavar="CONFIG", autocompletion=completion.configs
    ),
]
StudyPath = Annotated[
    Path,
    typer.Argument(
        help="the study's folder, such as results/digits", metavar="STUDY", autocompletion=completion.studies
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="override a key of the config, e.g. budget.trials=10; repeatable"),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="show nothing but warnings and the final result")]
TrialNumber = Annotated[int | None, typer.Argument(help="the trial's number; the best one if absent", metavar="TRIAL")]
SplitName = Annotated[str, typer.Option("--split", metavar="NAME", help="the images to look at: val, test or train")]
Json = Annotated[bool, typer.Option("--json", help="print everything as JSON, for programs")]

InitPath = Annotated[Path, typer.Argument(help="a folder, a train.py or a data.yaml", metavar="PATH")]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="the file to write, never over another; - prints it")]
YoloTask = Annotated[
    str | None, typer.Option("--task", metavar="TASK", help="of a YOLO: detect, segment, pose, obb or classify")
]
Timed = Annotated[bool, typer.Option("--time", help="train two epochs in a scratch folder, to say how long it takes")]

LogPaths = Annotated[list[Path], typer.Argument(help="logs, or folders to search for logs", metavar="PATH")]
JsonLines = Annotated[bool, typer.Option("--json", help="print one JSON object a line for each run, for programs")]
PlotFile = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE", help="draw the curves into FILE, .png or .html")
]
NoPlot = Annotated[bool, typer.Option("--no-plot", help="leave the curve on the terminal out")]
Watch = Annotated[bool, typer.Option("--watch", help="follow one growing log, and say when the verdict changes")]
StatusWatch = Annotated[bool, typer.Option("--watch", "-w", help="keep the screen up until the study is finished")]
StatusEvery = Annotated[
    float, typer.Option("--every", metavar="SECONDS", help="how often --watch looks", min=0.2, max=3600)
]
Every = Annotated[float, typer.Option("--every", metavar="SECONDS", help="how often --watch looks", min=0.1)]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="KEY=COLUMN,...",
        help="what the columns are; keys: epoch, train_loss, val_loss, metric, learning_rate, seconds, objective",
    ),
]
Objective = Annotated[
    str | None, typer.Option("--objective", metavar="NAME", help="the column a run is judged by; NAME:min or NAME:max")
]
Planned = Annotated[int | None, typer.Option("--planned", metavar="N", help="how many epochs are planned")]
ReplayedPath = Annotated[
    Path | None,
    typer.Argument(
        help="a study whose finished trials are replayed, such as results/digits",
        metavar="STUDY",
        autocompletion=completion.studies,
    ),
]
With = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FILE",
        help="other settings to try: a config, or some keys of one (treatment, scheduler, budget ...); repeatable",
    ),
]
Bank = Annotated[Path | None, typer.Option("--bank", metavar="DIR", help="recorded trainings instead of a study's")]
Task = Annotated[str | None, typer.Option("--task", metavar="NAME", help="which task of the bank")]
Metric = Annotated[
    str | None, typer.Option("--objective", metavar="NAME:min|max", help="the metric of the bank to search by")
]
Seeds = Annotated[int, typer.Option("--seeds", metavar="N", help="play each N times, with other draws", min=1)]
Keep = Annotated[
    Path | None, typer.Option("--keep", metavar="FILE", help="keep the replayed studies in an Optuna SQLite file")
]
Format = Annotated[str, typer.Option("--format", metavar="text|html|md|csv|json", help="what the report is written as")]
Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="the address to listen on; 0.0.0.0 for all")]
Port = Annotated[int, typer.Option("--port", metavar="N", help="the port; 0 for one that is free", min=0, max=65535)]
Language = Annotated[str, typer.Option("--lang", metavar="en|zh", help="the language of the texts")]

RUN_EXAMPLES = """\
Examples:

\b
  tuner run configs/digits.yaml                  the whole screen
  tuner run ships.yaml --set budget.trials=100   more trials: it goes on
  tuner run ships.yaml > ships.log               a line for each decision
  tuner run ships.yaml --quiet                   warnings and the result
  tuner status --watch results/ships             the screen, elsewhere

NO_COLOR=1 takes the colours away; TERM=dumb gets the lines of a log; LC_ALL=C draws with ASCII.
"""

EVIDENCE_EXAMPLES = """\
Examples:

\b
  tuner evidence results/ships                   the best trial on the validation images
  tuner evidence results/ships 7 --split test    trial 7 on the test images
"""
STATUS_EXAMPLES = """\
Examples:

\b
  tuner status results/ships                     once
  tuner status --watch results/ships             until it is finished
  tuner status --watch results/ships > log       a line for each decision
"""

REPLAY_EXAMPLES = """\
Examples:

\b
  tuner replay results/digits                            the study once more, with other draws
  tuner replay results/digits --with bolder.yaml         what other settings would have cost and found
  tuner replay results/digits --set treatment={}         and without any diagnosis
  tuner replay --bank banks/digits --task mlp --with a.yaml --with b.yaml --seeds 10

\b
regret       the share of what there was to gain that the best trial misses:
             0 is the best that is recorded, 1 no better than the median first epoch
false kills  trials stopped although their recorded end is among the best tenth
"""

DIAGNOSE_EXAMPLES = """\
Examples:

\b
  tuner diagnose runs/train/results.csv         one run: symptoms, what to try, the curve
  tuner diagnose runs/                          all logs below a folder, as a table
  tuner diagnose log.csv --columns val_loss=valid,metric=acc:max
  tuner diagnose log.csv --watch --planned 100  follow a run that is training
  tuner diagnose runs/ --json | jq .verdict     for programs
  tuner diagnose results.csv --plot curve.png

Exit code: 0 all runs healthy, 1 a run is sick, 2 nothing could be read or a PATH is missing.
"""


@app.command()
def init(path: InitPath = Path("."), out: Out = Path("tuner.yaml"), task: YoloTask = None) -> None:
    """Write a first configuration for what lies in PATH: a train.py, a data.yaml, a clone of YOLOv5 or YOLOv7.

    Nothing is asked and nothing is run; a train.py is read for its options. What was found and what is a guess is said.
    """
    from tuner import init_command

    init_command.run(path, out, task)


@app.command(epilog=RUN_EXAMPLES)
def run(config: ConfigPath, sets: Sets = None, quiet: Quiet = False) -> None:
    """Start the study that CONFIG describes, or continue it where it exists.

    A terminal shows the running trials, the best one, the last decisions and the budget; a pipe or a file gets a line
    for each decision. Ctrl-C stops it so that it can be continued.
    """
    from tuner import study_commands

    study_commands.run(config, sets or [], quiet)


@app.command()
def check(config: ConfigPath, sets: Sets = None, as_json: Json = False, time: Timed = False) -> None:
    """Say what `tuner run` would do with CONFIG and what looks wrong with it; nothing is trained or made.

    Exit code: 0 it would run, also where something looks wrong (--json counts the warnings); 2 it would be refused.
    """
    from tuner import check_command

    check_command.run(config, sets or [], as_json=as_json, time=time)


@app.command()
def resume(study: StudyPath, sets: Sets = None, quiet: Quiet = False) -> None:
    """Continue the study in the folder STUDY with the configuration it was started with.

    It goes on where it was after Ctrl-C, a crash or a reboot: trials that were running continue from their last
    checkpoint.
    """
    from tuner import study_commands

    study_commands.resume(study, sets or [], quiet)


@app.command()
def report(study: StudyPath, as_json: Json = False, form: Format = "text", lang: Language = "en") -> None:
    """Say what a study found: the best parameters, every trial and why it ended, what the remedies were worth.

    `text` and `html` also write report.html into the study's folder: one page that needs no network.
    """
    from tuner import study_commands

    study_commands.show_report(study, "json" if as_json else form, lang)


@app.command(epilog=STATUS_EXAMPLES)
def status(study: StudyPath, watch: StatusWatch = False, every: StatusEvery = 1.0) -> None:
    """Show what a study is doing right now, without disturbing it: nothing is written.

    With --watch it is the screen of `tuner run`, kept up from another terminal until the study is finished. Ctrl-C
    leaves it, and the study goes on.
    """
    from tuner import study_commands

    study_commands.status(study, every if watch else None)


@app.command(epilog=EVIDENCE_EXAMPLES)
def evidence(study: StudyPath, trial: TrialNumber = None, split: SplitName = "val", as_json: Json = False) -> None:
    """Say what a trial's best weights get right and wrong, image by image.

    That is: precision and recall of each class, what is taken for what, the errors it is surest of, and the labels that
    look wrong to it. The trial's own program predicts the images again; evidence/ in the trial's folder gets a page
    with pictures.
    """
    from tuner.evidence import command

    command.run(study, trial, split, as_json=as_json)


@app.command()
def dashboard(study: StudyPath, host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Show a study in the browser, in optuna-dashboard, with why each trial ended; it may be running.

    The study is only read, and the page cannot change it. Whoever can reach the address can read it.
    """
    from tuner.dashboard import serving

    serving.serve(study, host, port)


@app.command(epilog=REPLAY_EXAMPLES)
def replay(
    study: ReplayedPath = None,
    others: With = None,
    bank: Bank = None,
    task: Task = None,
    objective: Metric = None,
    sets: Sets = None,
    seeds: Seeds = 1,
    keep: Keep = None,
    as_json: Json = False,
) -> None:
    """Say what other settings would have cost and found, by searching among trainings that are already recorded.

    Nothing is trained: a suggestion becomes the nearest recorded configuration that is not used yet, and its curve is
    played back epoch by epoch.
    """
    from tuner import replay_command

    asked = replay_command.Asked(study, bank, task, objective, others or [], sets or [], seeds, keep)
    replay_command.run(asked, as_json=as_json)


@app.command(epilog=DIAGNOSE_EXAMPLES)
def diagnose(
    paths: LogPaths,
    as_json: JsonLines = False,
    plot: PlotFile = None,
    no_plot: NoPlot = False,
    watch: Watch = False,
    every: Every = 5.0,
    columns: Columns = None,
    objective: Objective = None,
    planned: Planned = None,
    lang: Language = "en",
) -> None:
    """Say what is wrong with training runs, from the logs that they have left.

    The format of a log is known by its content: Ultralytics, Keras, Lightning, Hugging Face, MMDetection, Detectron2,
    TensorBoard, plain CSV, JSON and others.
    """
    from tuner import diagnose_command

    asked = diagnose_command.asked(columns or [], objective, planned)
    show = diagnose_command.Show(as_json=as_json, plot=plot, picture=not no_plot, language=lang)
    code = diagnose_command.watch(paths, asked, show, every) if watch else diagnose_command.look(paths, asked, show)
    raise typer.Exit(code)


@app.command()
def explain(
    name: Annotated[str | None, typer.Argument(help="a symptom, a column of a log or a remedy", metavar="NAME")] = None,
    lang: Language = "en",
) -> None:
    """Explain a symptom, a column of a log such as val/cls_loss, or a remedy; without NAME, list them all."""
    from tuner import explain

    explain.show(name, lang)


def main() -> NoReturn:
    """Run the command line; what a person can mend is one line and exit code 2."""
    command_line.hide_passwords()
    try:
        app()
    except TunerError as error:
        print(f"tuner: {error}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    except OSError as error:
        # Something in the way of a file of ours, such as a folder of its name; what trained can be continued.
        said = ": ".join(str(part) for part in (error.filename, error.strerror or error) if part)
        print(f"tuner: {said}; once that is mended, the same command goes on", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    sys.exit(0)
