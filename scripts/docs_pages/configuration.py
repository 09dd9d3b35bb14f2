"""The reference of the configuration, from its schema."""

from __future__ import annotations

from scripts.docs_pages.tables import of_model
from tuner import config_model, stages

PARTS = {
    "objective": config_model.Objective,
    "budget": config_model.Budget,
    "pausing": config_model.Pausing,
    "remedies": config_model.Remedies,
    "scale_rate_with_batch": config_model.RateScaling,
}
ELSEWHERE = {"trainer": "trainers.md", "space": "search_space.md", "treatment": "treatment.md"}

BEFORE = """\
# Configuration

A study is one YAML file. What it may hold is listed here; a key that is not, a value of another kind or a name that
does not exist is refused in one line, `file: key: expected … but got …`, with exit code 2, before anything starts.

```yaml
study: ships
trainer: {name: script, command: "{python} train.py --lr {lr} --epochs {epochs} --out {folder}"}
space:
  lr: {grid: [0.001, 10]}
objective: {metric: val/accuracy, direction: maximize}
epochs: 30
budget: {trials: 40, hours: 12}
```

Relative paths start from the folder of the file (`base` changes that). Any key can be set on the command line, as
often as wanted, with its value in YAML: `tuner run CONFIG --set budget.trials=100 --set pausing=off`. What a study
ran with is kept in its folder as `config.yaml`, and `tuner resume` goes on with that."""

SAMPLERS = """\
## `sampler` and `scheduler`

Both take the name of a class of Optuna and its arguments beside it:

```yaml
sampler: {name: TPESampler, n_startup_trials: 5}
scheduler: {name: SuccessiveHalvingPruner, reduction_factor: 3}   # in place of pausing
```

A `scheduler` ends trials by rank, and so does `pausing`: only one of them can be on."""

SYMPTOMS = """\
## `symptoms`

The thresholds of a rule, where the defaults do not fit; all of them: [thresholds](treatment.md#thresholds)
and `tuner explain NAME` says where they come from:

```yaml
symptoms:
  overfitting: {soars: 0.25}
```"""

STAGES = """\
## `stages`

Names of stages, in their order, each with the keys that differ in it: every key of this page may stand there, and
one more. What stages are good for: [YOLO](yolo.md#stages)."""


def page() -> str:
    """Return the whole page."""
    links = ELSEWHERE | {name: f"#{name}" for name in (*PARTS, "symptoms")}
    links |= dict.fromkeys(("sampler", "scheduler"), "#sampler")
    blocks = [BEFORE, "## Keys of a study", of_model(config_model.ConfigModel, links=links)]
    for name, model in PARTS.items():
        said = " ".join((model.__doc__ or "").split())
        blocks += [f'<a id="{name}"></a>\n\n## `{name}`', said, of_model(model, f"{name}.")]
    blocks += [f'<a id="sampler"></a>\n\n{SAMPLERS}', SYMPTOMS, STAGES, of_model(stages.StageModel, "stages.NAME.")]
    return "\n\n".join(blocks) + "\n"
