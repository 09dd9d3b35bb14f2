"""The reference of the search space: kinds of parameters, their keys, and the roles with the names that have them."""

from __future__ import annotations

from scripts.docs_pages.tables import of_model, table
from tuner.explain import remedy_parts
from tuner.registry import REMEDIES
from tuner.space import PRIORS, USUAL_NAMES, Role
from tuner.space_file import FORMS, ParameterModel, build

EXAMPLES = {
    "grid": {"grid": [0.001, 10]},
    "log": {"log": [1e-6, 0.1]},
    "linear": {"linear": [0.0, 0.5]},
    "choice": {"choice": ["sgd", "adam", "adamw"]},
    "ordered": {"ordered": [8, 16, 32, 64]},
}
"""One parameter of each form; what is said about them is asked of the code."""

BEFORE = """\
# Search space

`space:` in the configuration is a mapping from names to parameters, or the path of a file that holds one. Each
parameter has exactly one form, and a name that the trainer knows:

```yaml
lr: {grid: [0.001, 10], default: 0.1}
batch: {ordered: [16, 32, 64, 128], default: 64}
weight_decay: {log: [1.0e-6, 0.1]}
layers: {linear: [2, 8], int: true, role: model_size}
optimizer: {choice: [sgd, adam], default: sgd}
momentum: {linear: [0.0, 0.99], when: {optimizer: sgd}}
amp: {choice: [false, true]}
```

Ready to use or to copy: [search_spaces/digits.yaml](../search_spaces/digits.yaml),
[yolo.yaml](../search_spaces/yolo.yaml), [yolo-small.yaml](../search_spaces/yolo-small.yaml),
[yolo-rate.yaml](../search_spaces/yolo-rate.yaml).

## Forms

One step is how far a remedy moves a parameter."""

ROLES = """\
## Roles

A remedy does not look for a name but for a role: "larger batch" moves the parameter whose role is `batch_size`.
Parameters of the usual names have their role; any other gets one with `role:`. Without a role a parameter is
searched all the same, and no remedy touches it. Where several parameters play a role, the first that can move
does.

A role also says where good values usually lie. Until there is something to learn from, three of four draws keep to that
part of the range, and what no baseline names starts in its middle; the fourth is drawn from all of it, and so is
everything the sampler tries later. `prior: [low, high]` says something else for one parameter, `prior: 0` in
the configuration does without. [What that is worth](../results/search/README.md)."""

AFTER = """\
## Conditions

A parameter with `when:` exists only where the other one has one of these values; in other trials it is neither
drawn nor given to the program. Conditions may hang on conditional parameters, not in a circle.

## What may not change

A study that goes on needs the space it began with, and the same objective and trainer: else the values of old
trials would mean something else. `tuner run` says what is different and asks for another name (`--set
study=NAME`)."""


def page() -> str:
    """Return the whole page."""
    roles = ([f"`{role}`", _names(role), _usual(role), _moves(role)] for role in Role)
    return "\n\n".join(
        [
            BEFORE,
            table(("example", "what is drawn from it", "one step up from the middle"), map(_form, FORMS)),
            "## Keys of a parameter",
            of_model(ParameterModel),
            ROLES,
            table(("role", "names that have it", "usual values", "remedies that move it"), roles),
            AFTER + "\n",
        ]
    )


def _form(form: str) -> list[str]:
    described = EXAMPLES[form]
    space = build({"x": dict(described)}, "example")
    parameter = space.parameters["x"]
    values = space.listed("x")
    drawn = ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values) or "any number between the two"
    middle = parameter.middle()
    step = parameter.step(middle, 1)
    moved = "none: there is no order" if step is None else f"{middle:.3g} → {step:.3g}"
    inside = ", ".join(str(v) for v in next(iter(described.values())))
    return [f"`{{{form}: [{inside}]}}`", drawn, moved]


def _names(role: Role) -> str:
    return ", ".join(f"`{name}`" for name in USUAL_NAMES[role])


def _usual(role: Role) -> str:
    low, high = PRIORS.get(role, (0.0, 0.0))
    return f"{low:g} to {high:g}" if high else ""


def _moves(role: Role) -> str:
    """Return the remedies whose code names ``role``."""
    from inspect import getsource

    named = [name for name, plugin in REMEDIES.items() if f"Role.{role.name}" in getsource(plugin)]  # type: ignore[arg-type]
    assert all(list(remedy_parts(name, "en")) for name in named)
    return ", ".join(f"[{name}](treatment.md#{name})" for name in named)
