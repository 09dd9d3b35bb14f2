"""What the parts of the bank are made from; they share neither data nor architecture.

The part ``random`` is for development alone and not in the bank: task, model, sizes and settings are drawn anew for
each curve, as widely as small trainings allow.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

SEQUENCE_MODELS = ("gru", "transformer", "lstm", "elman")
SLOW: tuple[str, ...] = (*SEQUENCE_MODELS, "depthwise_cnn", "mlp_mixer", "tcn", "dense_cnn", "gated_convolutions")
SLOW += ("inception_cnn", "fourier_mixing", "u_net", "merging", "attention_pool", "reservoir", "minimal_gated")
SLOW += ("quasi_recurrent",)

ANY: tuple[str, ...] = ("cls", "box", "both")
"""The modes of a data set that can be a classification, a regression or a run with two heads."""

FITS = {
    "cnn": ("digits",),
    "residual_cnn": ("photo",),
    "gru": ("text",),
    "transformer": ("text",),
    "depthwise_cnn": ("glyph", "elevation"),
    "lstm": ("source",),
    "dense_cnn": ("scan",),
    "gated_convolutions": ("nerve", "names", "bytecode"),
    "elman": ("names", "bytecode"),
    "splines": ("countries", "scan", "nerve"),
    "deep_plain": ("colours", "wine", "graphs", "life", "brain"),
    "soft_trees": ("colours", "wine", "graphs", "brain"),
    "squeeze_cnn": ("graphs", "life"),
    "state_space": ("brain", "numerals", "calendar"),
    "queries": ("graphs", "numerals", "calendar"),
    "radial": ("iris", "tips", "seafloor", "attractor", "fractal"),
    "sines": ("iris", "tips", "seafloor", "attractor", "fractal", "portrait"),
    "factorisation": ("iris", "tips", "fractal", "sums", "entities"),
    "inception_cnn": ("portrait",),
    "fourier_mixing": ("seafloor", "attractor", "sums", "brackets", "entities"),
    "u_net": ("shapes", "cells"),
    "shuffled_cnn": ("shapes", "cells"),
    "merging": ("identifiers", "locales", "keyboard", "epidemic", "plucked", "shock"),
    "reservoir": ("identifiers", "locales", "keyboard", "epidemic", "plucked", "shock"),
    "minimal_gated": ("constants", "formulas", "strokes", "reaction", "traffic"),
    "quasi_recurrent": ("languages", "folds", "chords", "skyline", "laws"),
}
"""What the names of data sets that an architecture can be trained on begin with; the others take all."""


@dataclass(frozen=True)
class Half:
    """Data sets with the modes that make sense on them, and architectures with their sound learning rates.

    ``unstable`` names the architectures without normalisation, from which runs that get stuck are drawn; () is all.
    ``stuck_samples`` and ``stuck_widths`` are the sizes of those, ``stuck_data`` their data sets where not all are
    taken: those of few numbers, which a step far too long is done with in one epoch, from the rates of plain descent.
    ``small`` is the share of the other tasks that have but ``FEW`` training samples, ``small_validation`` the share of
    those that have ``FEW_VALIDATED`` samples to validate on. ``steps`` is how many a run takes at most: its batches
    grow until it does. ``causes`` holds, by label, those that a part uses in place of what the others do. ``lengths``
    are the epochs that are planned and ``validated`` the samples that are validated on, both drawn with a uniform
    logarithm, in place of what the recipes ask for. ``schedules`` are drawn for sound settings. With ``logs_vary``,
    more scores than accuracy and R2 are logged, some of them better when lower, and components of one loss alone. With
    ``strict``, a healthy run must not show what a sick label is verified by either; with ``exclusive``, no run what
    another label is verified by; of the labels in ``legible``, the log of a run must show what its label says. In one
    that is ``searched`` rates that are too low fall along a schedule, as those of sound runs do.
    """

    data: dict[str, tuple[str, ...]]
    rates: dict[str, dict[str, float]]
    unstable: tuple[str, ...] = ()
    stuck_samples: tuple[int, int] = (250, 450)
    stuck_widths: tuple[int, ...] = (8, 12)
    stuck_data: tuple[str, ...] = ()
    small: float = 0.0
    small_validation: float = 0.0
    steps: int | None = None
    causes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lengths: tuple[int, int] | None = None
    validated: tuple[int, int] | None = None
    schedules: tuple[str, ...] = ()
    logs_vary: bool = False
    strict: bool = False
    exclusive: bool = False
    legible: tuple[str, ...] = ()
    searched: bool = False


HALVES = {
    "dev": Half(
        data={"digits": ANY, "breast_cancer": ANY, "diabetes": ("box", "cls")},
        rates={
            "mlp_relu": {"adam": 2e-3, "momentum": 2e-2, "sgd": 1e-1},
            "mlp_tanh": {"adam": 2e-3, "momentum": 2e-2, "sgd": 1e-1},
            "cnn": {"adam": 3e-3, "momentum": 2e-2, "sgd": 1e-1},
        },
    ),
    "heldout": Half(
        data=dict.fromkeys("photo_region photo_brightness text_topic text_words".split(), ANY),
        rates={
            "residual_cnn": {"adam": 3e-3, "momentum": 2e-2, "sgd": 1e-1},
            "gated_mlp": {"adam": 2e-3, "momentum": 1e-2, "sgd": 5e-2},
            "gru": {"adam": 5e-3, "momentum": 5e-2, "sgd": 3e-1},
            "transformer": {"adam": 2e-3, "momentum": 1e-2, "sgd": 5e-2},
        },
    ),
    "heldout2": Half(
        data=dict.fromkeys("glyph_letter glyph_font elevation source_letters source_signs".split(), ANY),
        rates={
            "depthwise_cnn": {"adam": 5e-3, "momentum": 2e-2, "sgd": 1e-1},
            "mlp_mixer": {"adam": 2e-3, "momentum": 1e-2, "sgd": 7e-2},
            "lstm": {"adam": 4e-3, "momentum": 4e-2, "sgd": 3e-1},
            "tcn": {"adam": 3e-3, "momentum": 1e-2, "sgd": 7e-2},
        },
        unstable=("lstm", "tcn"),
    ),
    "heldout3": Half(
        data=dict.fromkeys("countries scan nerve names bytecode".split(), ANY),
        rates={
            "dense_cnn": {"adam": 5e-3, "momentum": 2e-2, "sgd": 1e-1},
            "gated_convolutions": {"adam": 5e-3, "momentum": 2e-2, "sgd": 2e-1},
            "elman": {"adam": 3e-3, "momentum": 2e-2, "sgd": 1e-1},
            "highway": {"adam": 3e-3, "momentum": 1e-2, "sgd": 1e-1},
            "splines": {"adam": 5e-3, "momentum": 1e-2, "sgd": 1e-1},
        },
        unstable=("gated_convolutions", "elman", "highway", "splines"),
    ),
    "heldout4": Half(
        data=dict.fromkeys("wine colours graphs life brain numerals calendar".split(), ANY),
        rates={
            "deep_plain": {"adam": 1e-3, "momentum": 5e-3, "sgd": 3e-2},
            "soft_trees": {"adam": 1e-2, "momentum": 5e-2, "sgd": 3e-1},
            "squeeze_cnn": {"adam": 4e-3, "momentum": 2e-2, "sgd": 1e-1},
            "state_space": {"adam": 5e-3, "momentum": 3e-2, "sgd": 2e-1},
            "queries": {"adam": 4e-3, "momentum": 3e-2, "sgd": 2e-1},
            "mixture": {"adam": 4e-3, "momentum": 1e-2, "sgd": 1e-1},
        },
        unstable=("deep_plain", "queries", "state_space", "mixture"),
        stuck_samples=(500, 1200),
        stuck_widths=(24, 48),
        small=0.3,
    ),
    "heldout5": Half(
        data=dict.fromkeys("iris tips portrait seafloor attractor fractal sums brackets entities".split(), ANY),
        rates={
            "maxout": {"adam": 3e-3, "momentum": 1e-2, "sgd": 7e-2},
            "radial": {"adam": 2e-2, "momentum": 5e-2, "sgd": 3e-1},
            "sines": {"adam": 3e-3, "momentum": 1e-2, "sgd": 7e-2},
            "factorisation": {"adam": 5e-3, "momentum": 1e-2, "sgd": 5e-2},
            "inception_cnn": {"adam": 4e-3, "momentum": 1e-2, "sgd": 3e-2},
            "fourier_mixing": {"adam": 3e-3, "momentum": 5e-3, "sgd": 4e-2},
            "weight_tied": {"adam": 3e-3, "momentum": 1e-2, "sgd": 7e-2},
        },
        unstable=("maxout", "sines", "weight_tied"),
        small=0.25,
        small_validation=0.25,
        steps=600,
    ),
    "heldout6": Half(
        data=dict.fromkeys(
            "wind prices drawing emoji board hands orbits magnets spectra genes morse order".split(), ANY
        ),
        rates={
            "fourier_features": {"adam": 5e-3, "momentum": 5e-3, "sgd": 4e-2},
            "products": {"adam": 3e-3, "momentum": 5e-3, "sgd": 3e-2},
            "skips_from_zero": {"adam": 3e-3, "momentum": 1e-2, "sgd": 7e-2},
            "self_normalising": {"adam": 2e-3, "momentum": 7e-3, "sgd": 5e-2},
            "batch_normalised": {"adam": 5e-3, "momentum": 2e-2, "sgd": 1e-1},
            "local": {"adam": 4e-3, "momentum": 1e-2, "sgd": 7e-2},
            "sets": {"adam": 4e-3, "momentum": 2e-2, "sgd": 2e-1},
            "average": {"adam": 5e-3, "momentum": 3e-2, "sgd": 2e-1},
        },
        unstable=("products", "skips_from_zero", "self_normalising", "local", "average"),
        small=0.25,
        small_validation=0.25,
        steps=600,
        causes={
            "oscillating": ("full batches at the edge", "few batches at the edge", "high rate and momentum"),
            "stuck_after_first_epoch": ("rate far too high, clipped", "rate far too high, clipped, sound targets"),
        },
    ),
    "heldout7": Half(
        data=dict.fromkeys(
            "shapes cells shadows colormaps carshare identifiers locales epidemic plucked arm shock keyboard".split(),
            ANY,
        ),
        rates={
            "u_net": {"adam": 5e-3, "momentum": 2e-2, "sgd": 1e-1},
            "shuffled_cnn": {"adam": 4e-3, "momentum": 2e-2, "sgd": 1e-1},
            "attention_pool": {"adam": 4e-3, "momentum": 2e-2, "sgd": 1e-1},
            "merging": {"adam": 3e-3, "momentum": 1e-2, "sgd": 7e-2},
            "reservoir": {"adam": 3e-3, "momentum": 1e-2, "sgd": 7e-2},
            "reversible": {"adam": 2e-3, "momentum": 7e-3, "sgd": 5e-2},
            "wide_and_deep": {"adam": 2e-3, "momentum": 7e-3, "sgd": 5e-2},
            "layer_normalised": {"adam": 2e-3, "momentum": 5e-3, "sgd": 3e-2},
            "weight_normalised": {"adam": 4e-3, "momentum": 1e-2, "sgd": 5e-2},
        },
        unstable=("wide_and_deep", "reversible", "merging", "weight_normalised"),
        stuck_data=("epidemic", "carshare", "colormaps", "shock", "arm", "shadows"),
        small=0.2,
        steps=700,
        causes={
            "oscillating": ("full batches at the edge", "few batches at the edge"),
            "stuck_after_first_epoch": (
                "rate far too high, clipped",
                "rate far too high, clipped, sound targets",
            ),
            "metric_stalled": (
                "shrinking regulariser",
                "easy output dominates",
                "loss unrelated to the metric",
                "class labels shuffled",
            ),
        },
        lengths=(20, 300),
        validated=(25, 400),
        schedules=("constant", "constant", "constant", "warm-up", "cosine", "step", "one-cycle"),
        logs_vary=True,
        strict=True,
    ),
}

HALVES["heldout8"] = replace(
    HALVES["heldout7"],
    data=dict.fromkeys(
        "typefaces constants novel codepages functions strokes flood reaction rivals traffic formulas".split(), ANY
    ),
    rates={
        "additive": {"adam": 3e-3, "momentum": 8e-3, "sgd": 2e-2},
        "capsules": {"adam": 4e-3, "momentum": 2e-2, "sgd": 1e-1},
        "complex_valued": {"adam": 2e-3, "momentum": 5e-3, "sgd": 2e-2},
        "hypernetwork": {"adam": 4e-3, "momentum": 1e-2, "sgd": 5e-2},
        "key_memory": {"adam": 3e-3, "momentum": 1e-2, "sgd": 5e-2},
        "minimal_gated": {"adam": 4e-3, "momentum": 2e-2, "sgd": 7e-2},
        "tensor_train": {"adam": 2e-3, "momentum": 5e-3, "sgd": 3e-2},
        "wavelets": {"adam": 4e-3, "momentum": 2e-2, "sgd": 7e-2},
    },
    unstable=("additive", "hypernetwork", "wavelets"),
    stuck_data=("typefaces", "novel", "flood"),
    exclusive=True,
)
"""The eighth part has the settings of the seventh, other data and architectures, and no run that fits two labels."""

OF_NINTH = tuple("titanic penguins languages sundial queue ballots hulls chords bursts skyline laws folds".split())

HALVES["heldout9"] = replace(
    HALVES["heldout8"],
    data=dict.fromkeys(OF_NINTH, ANY),
    rates={
        "flow": {"adam": 3e-3, "momentum": 7e-3, "sgd": 3e-2},
        "morphological": {"adam": 5e-3, "momentum": 1e-2, "sgd": 5e-2},
        "selecting": {"adam": 4e-3, "momentum": 1e-2, "sgd": 4e-2},
        "ferns": {"adam": 1e-2, "momentum": 3e-2, "sgd": 3e-1},
        "messages": {"adam": 4e-3, "momentum": 7e-3, "sgd": 2e-2},
        "spiking": {"adam": 3e-3, "momentum": 1e-2, "sgd": 5e-2},
        "rational": {"adam": 2e-3, "momentum": 1e-2, "sgd": 5e-2},
        "quasi_recurrent": {"adam": 1e-2, "momentum": 5e-2, "sgd": 1.5e-1},
    },
    unstable=("rational",),
    stuck_data=OF_NINTH,
)
"""The ninth part has the settings of the eighth, and other data and architectures."""

OF_TENTH = tuple(
    "endgames computers roots market tides titration galaxies radar sandpile dilemma elevators bowling".split()
)

HALVES["heldout10"] = replace(
    HALVES["heldout9"],
    data=dict.fromkeys(OF_TENTH, ANY),
    rates={
        "sigmoids": {"adam": 5e-3, "momentum": 3e-2, "sgd": 2e-1},
        "bells": {"adam": 4e-3, "momentum": 1e-2, "sgd": 7e-2},
        "clamped": {"adam": 2e-3, "momentum": 1e-2, "sgd": 4e-2},
        "winners": {"adam": 2e-3, "momentum": 1e-2, "sgd": 4e-2},
        "ternary": {"adam": 3e-3, "momentum": 2e-2, "sgd": 1e-1},
        "logic": {"adam": 5e-3, "momentum": 2e-2, "sgd": 6e-2},
        "shrinkage": {"adam": 2e-3, "momentum": 4e-3, "sgd": 1.5e-2},
        "cosines": {"adam": 5e-3, "momentum": 3e-2, "sgd": 2e-1},
        "circulant": {"adam": 2e-3, "momentum": 4e-3, "sgd": 2e-2},
    },
    unstable=("bells", "clamped"),
    stuck_data=("radar", "sandpile", "galaxies", "titration"),
    legible=("not_learning", "stuck_after_first_epoch", "oscillating", "overfitting", "too_early"),
)
"""The tenth part has the settings of the ninth, other data and architectures, and logs that show their label."""

OF_ELEVENTH = tuple(
    "clocks layout knapsack circuit billiard heartbeats tomography camouflage mines families tetris ciphers".split()
)

HALVES["heldout11"] = replace(
    HALVES["heldout10"],
    data=dict.fromkeys(OF_ELEVENTH, ANY),
    rates={
        "bumps": {"adam": 5e-3, "momentum": 1e-2, "sgd": 7e-2},
        "cauchy": {"adam": 8e-3, "momentum": 2e-2, "sgd": 1e-1},
        "chebyshev": {"adam": 4e-3, "momentum": 1e-2, "sgd": 2e-2},
        "soft_maxima": {"adam": 4e-3, "momentum": 6e-3, "sgd": 2e-2},
        "competing": {"adam": 7e-3, "momentum": 2e-2, "sgd": 6e-2},
        "ellipses": {"adam": 7e-3, "momentum": 3e-2, "sgd": 1.5e-1},
        "concatenated": {"adam": 4e-3, "momentum": 7e-3, "sgd": 2e-2},
        "hashed": {"adam": 5e-3, "momentum": 1e-2, "sgd": 2.5e-2},
        "antisymmetric": {"adam": 4e-3, "momentum": 7e-3, "sgd": 2e-2},
    },
    unstable=("cauchy", "ellipses"),
    stuck_data=("clocks", "camouflage", "tomography"),
)
"""The eleventh part has the settings of the tenth, and other data and architectures."""

OF_TWELFTH = tuple(
    "glass districts cannon lenses marriages barcodes stars faces dominoes mirrors endings paths".split()
)

HALVES["heldout12"] = replace(
    HALVES["heldout11"],
    data=dict.fromkeys(OF_TWELFTH, ANY),
    rates={
        "butterflies": {"adam": 1e-2, "momentum": 1.5e-2, "sgd": 6e-2},
        "dendrites": {"adam": 5e-3, "momentum": 8e-3, "sgd": 2e-2},
        "fuzzy": {"adam": 1e-2, "momentum": 2e-2, "sgd": 1e-1},
        "gabor": {"adam": 8e-3, "momentum": 1e-2, "sgd": 7e-2},
        "lattices": {"adam": 1.2e-2, "momentum": 3e-2, "sgd": 1.5e-1},
        "oscillators": {"adam": 8e-3, "momentum": 7e-3, "sgd": 4e-2},
        "plateaus": {"adam": 1e-2, "momentum": 2e-2, "sgd": 1.5e-1},
        "quaternions": {"adam": 8e-3, "momentum": 1.2e-2, "sgd": 5e-2},
        "reflections": {"adam": 8e-3, "momentum": 1.2e-2, "sgd": 5e-2},
    },
    unstable=("gabor",),
    stuck_data=("cannon", "marriages", "stars"),
    legible=(*HALVES["heldout11"].legible, "generalization_gap", "class_loss_rising", "converged"),
)
"""The twelfth part has other data and architectures than the eleventh, and asks three more labels to be legible."""

RANDOM = "random"
DRAWN = Half(data={}, rates={}, stuck_samples=(150, 600), stuck_widths=(8, 12, 24))
"""The part whose tasks and models have no names that could be listed."""

VARIED, SEARCHED = "-varied", "-searched"
FALLING = ("constant", "cosine", "cosine", "linear", "linear", "step", "one-cycle")
WAYS = ("small", "steps", "causes", "lengths", "validated", "schedules", "logs_vary", "strict", "exclusive")
FEW_NUMBERS = {
    "dev": ("breast_cancer", "diabetes"),
    "heldout3": ("countries", "nerve"),
    "heldout4": ("wine", "colours", "brain"),
    "heldout5": ("iris", "tips", "attractor", "fractal"),
    "heldout6": ("wind", "prices", "hands", "orbits"),
}


def named(half: str) -> Half:
    """Return a part by its name.

    ``dev-varied`` and the like have the data and the models of a part, or random ones, trained, logged and checked as
    those of ``heldout8``. ``dev-searched`` and the like have those of a search: rates that are too low fall to next to
    nothing, and those that are far too high explode at once.
    """
    name, _, way = half.partition("-")
    part = HALVES.get(name, DRAWN)
    if not way:
        return part
    part = replace(part, **{key: getattr(HALVES["heldout8"], key) for key in WAYS})
    if f"-{way}" == VARIED:
        return replace(part, stuck_data=FEW_NUMBERS.get(name, ()))
    causes = {**part.causes, "diverging": ("rate far too high from the first step",)}
    legible = (*HALVES["heldout12"].legible, "diverging", "slow_convergence")
    return replace(part, schedules=FALLING, causes=causes, legible=legible, searched=True)
