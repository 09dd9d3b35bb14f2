"""The data sets of heldout8: typefaces, constants of nature, a novel, code pages, functions; boxes, masks, simulations.

The typefaces' measures ship with matplotlib, the constants with SciPy, the people of the novel with networkx, on which
torch depends; code pages and functions are Python's own. The rest is computed from seeds. ``strokes`` asks for a box,
``flood`` for a mask. Code pages are in one part each. The numbers of seven are not around 0.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations

import numpy as np
import torch

from scripts.curve_bank.data_heldout2 import matplotlib_file
from scripts.curve_bank.data_heldout5 import DEALT, SIZES, codes, dealt
from scripts.curve_bank.data_heldout6 import quantiles
from scripts.curve_bank.samples import Array, Part, as_part, standardise

N = sum(SIZES)
FACES = "pagd8a pagk8a pbkd8a pbkl8a pcrb8a pcrr8a phvb8a phvb8an phvl8a phvr8a phvr8an pncb8a pncr8a pplb8a pplr8a "
FACES += "ptmb8a ptmr8a putb8a putr8a"
"""The upright faces: a slanted one has the heights and widths of its upright twin."""

FIGURES = frozenset("zero one two three four five six seven eight nine".split())
ACCENTS = "acute breve caron cedilla circumflex dieresis dotaccent grave hungarumlaut macron ogonek ring tilde"
NAMED, ENERGIES = 20, ("J", "eV", "MeV", "E_h", "Hz", "K", "m^-1")
WAVES, NEAR = 5, 4
PAGES = (
    *(f"cp{n}" for n in (437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 874)),
    *(f"cp{n}" for n in (1006, 1125, *range(1250, 1259))),
    *(f"iso8859_{n}" for n in (*range(1, 12), *range(13, 17))),
    *"koi8_r koi8_t koi8_u kz1048 ptcp154 hp_roman8 tis_620 mac_cyrillic mac_greek mac_latin2 mac_roman".split(),
)
SOURCES = (
    "_pydecimal argparse ast base64 bdb calendar cmd codecs configparser csv dataclasses difflib dis doctest enum "
)
SOURCES += "fractions ftplib functools getopt gettext gzip heapq html.parser http.cookies imaplib inspect ipaddress "
SOURCES += (
    "logging mailbox optparse pathlib pdb pickle platform plistlib poplib pprint pydoc queue random shelve shlex "
)
SOURCES += "shutil smtplib statistics string subprocess tarfile tempfile textwrap timeit tokenize trace typing zipfile"
NODES = (
    "Return Assign AugAssign If For/While Call Attribute Subscript Compare BinOp BoolOp Constant Raise Try Tuple/List"
)
POINTS, SIDE, TIMES, CELLS, FASTEST, FORMULA = 12, 6, 16, 24, 3, 18
MASSES = {"c": 12.011, "h": 1.008, "o": 15.999, "n": 14.007, "s": 32.06}
ENDS = "ch3 oh nh2 sh cho cooh cn".split()
LINKS = "ch2 ch2 ch2 co o nh s c6h4".split()


@lru_cache
def typefaces() -> tuple[Part, ...]:
    """Say what a sign of a typeface is by the box around it: 5 kinds; z is how far it moves on."""
    boxes, kinds, far = [], [], []
    for face in FACES.split():
        lines = matplotlib_file("fonts", "afm", f"{face}.afm").read_text(encoding="latin-1").splitlines()
        for line in (line for line in lines if line.startswith("C ") and "N space" not in line):
            given = dict(field.split(maxsplit=1) for field in line.split(" ;") if len(field.split()) > 1)
            boxes.append([float(v) for v in given["B"].split()])
            kinds.append(sign(given["N"]))
            far.append(float(given["WX"]))
    left, low, right, high = np.array(boxes).T
    x = standardise(np.stack([left, low, right, high, right - left, high - low], axis=1))
    return (as_part(x, np.array(kinds, dtype=np.int64), np.array(far)[:, None] / 350),)


def sign(name: str) -> int:
    """Return what a sign is by its name: a capital, a small letter, a figure, a letter with an accent, another one."""
    if len(name) == 1:
        return 0 if name.isupper() else 1
    return 2 if name in FIGURES else 3 if name[1:] in ACCENTS.split() else 4


@lru_cache
def constants() -> tuple[Part, ...]:
    """Say what is measured by a constant of nature by its name: 5 kinds; z is its size and its name's words."""
    from scipy.constants import physical_constants

    rows = sorted((name, *found) for name, found in physical_constants.items())
    z = np.array([(np.log10(abs(value)), len(name.split())) for name, value, _, _ in rows])
    names = codes([name.lower() for name, *_ in rows], NAMED)
    kinds = torch.tensor([measured(unit) for _, _, unit, _ in rows])
    return (Part(names, kinds, torch.tensor(standardise(z), dtype=torch.float32)),)


def measured(unit: str) -> int:
    """Return what is measured in a unit: a ratio, a mass, magnetism, energy or what stands for it, another thing."""
    if "T" in unit.replace("^", " ").split():
        return 2
    return 0 if not unit else 1 if unit in ("kg", "u") else 3 if unit in ENERGIES else 4


@lru_cache
def novel() -> tuple[Part, ...]:
    """Say how far apart two people of Hugo's Les Misérables are: 4 distances; z is how many both know, how well."""
    import networkx

    graph = networkx.les_miserables_graph()
    people = sorted(graph)  # seen of each: where it stands in the slowest waves of the graph, whom it meets, how often
    meets = networkx.to_numpy_array(graph, people)
    known = (meets > 0).astype(np.float64)
    degree = known.sum(axis=1)
    waves = np.linalg.eigh(np.eye(len(people)) - known / np.sqrt(np.outer(degree, degree)))[1][:, 1 : 1 + WAVES]
    waves = waves * np.sign(waves.sum(axis=0))  # which of two signs an eigenvector has is up to the library
    seen = standardise(np.concatenate([waves, np.log(degree)[:, None], np.log(meets.sum(axis=1))[:, None]], axis=1))
    steps = dict(networkx.all_pairs_shortest_path_length(graph))
    pairs = list(combinations(range(len(people)), 2))
    y = [min(steps[people[a]][people[b]], 4) - 1 for a, b in pairs]
    z = np.array([(known[a] @ known[b], np.log1p((meets[a] * known[b]).sum())) for a, b in pairs])
    x = np.stack([np.concatenate([seen[a], seen[b]]) for a, b in pairs])
    return (as_part(x, np.array(y, dtype=np.int64), standardise(z)),)


@lru_cache
def codepages() -> tuple[Part, ...]:
    """Say which kind of sign a code page has for a byte, by its neighbours: 5 kinds; z is its case and its number."""
    rows: tuple[list[tuple[Array, int, Array]], ...] = ([], [], [])
    once = set()
    for i, page in enumerate(PAGES):
        signs = [bytes([byte]).decode(page, errors="replace") for byte in range(128, 256)]
        shown = np.array(
            [(spelt(s) == 4, (spelt(s) == 1) - (spelt(s) == 0), np.log2(min(ord(s), 9999)) / 3 - 3) for s in signs]
        )
        for at in range(NEAR, 128 - NEAR):
            near = np.concatenate([shown[at - NEAR : at], shown[at + 1 : at + NEAR + 1]]).ravel()
            if near.tobytes() not in once:  # many pages have stretches in common
                once.add(near.tobytes())
                rows[DEALT[i % 4]].append((near, spelt(signs[at]), shown[at, 1:] * [1, 1.5]))
    x, y, z = ([[row[k] for row in own] for own in rows] for k in range(3))
    return tuple(as_part(np.stack(a), np.array(b), np.stack(c)) for a, b, c in zip(x, y, z, strict=True))


def spelt(sign: str) -> int:
    """Return whether a sign is a capital, a small letter, another letter or mark, a control or none, or a symbol."""
    kind = unicodedata.category(sign)
    first = {"Lu": 0, "Ll": 1, "Cc": 3}.get(kind, 2 if kind[0] in "LM" else 4)
    return 3 if sign == "\ufffd" else first


@lru_cache
def functions() -> tuple[Part, ...]:
    """Say what a function in Python's library gives back, by what is in it: 4 kinds; z is its length and depth."""
    x, y, z = [], [], []
    for found in defined():
        inside = list(ast.walk(found))
        many = Counter(type(node).__name__ for node in inside)
        x.append([len(found.args.args), *(sum(many[k] for k in kinds.split("/")) for kinds in NODES.split())])
        y.append(gives([n.value for n in inside if isinstance(n, ast.Return) and n.value is not None]))
        deep = max(node.col_offset for node in inside if isinstance(node, ast.stmt)) - found.col_offset
        z.append([(found.end_lineno or found.lineno) - found.lineno + 1, deep / 4])
    numbers = np.array(z, dtype=np.float64)
    numbers[:, 0] = np.log(numbers[:, 0])
    return (as_part(standardise(np.log1p(np.array(x))), np.array(y, dtype=np.int64), numbers / numbers.std(axis=0)),)


def defined() -> Iterator[ast.FunctionDef]:
    for name in SOURCES.split():
        tree = ast.parse(inspect.getsource(importlib.import_module(name)))
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def gives(values: list[ast.expr]) -> int:
    """Return what is given back: nothing, what a call gives, a name or a part of it, or something worked out."""
    if not values:
        return 0
    return 1 if isinstance(values[-1], ast.Call) else 2 if isinstance(values[-1], ast.Name | ast.Attribute) else 3


@lru_cache
def strokes() -> tuple[Part, ...]:
    """Say which of five forms a pen draws, by its steps; z is the box around it: its centre, width and height."""
    rng = np.random.default_rng(80)
    t, bend = np.linspace(0, 1, POINTS), rng.uniform(0.6, 1.3, size=(N, 1)) * np.pi
    forms = np.array(
        [
            t + 0j * bend,
            (np.sin(bend * t) + 1j * (1 - np.cos(bend * t))) / 1.5,
            t + 0.5j * np.abs((1.5 * bend * t) % 2 - 1),
            t * np.exp(3j * bend * t) / 1.2,
            (np.sin(2 * np.pi * t + bend) + 1j * np.sin(4 * np.pi * t + bend)) / 2,
        ]
    )
    kind, turn = rng.integers(len(forms), size=N), rng.uniform(0, 2 * np.pi, size=(N, 1))
    drawn = rng.uniform(0.8, 2.0, size=(N, 1)) * np.exp(1j * turn) * forms[kind, np.arange(N)]
    path = np.stack([drawn.real, drawn.imag], axis=2) + 0.04 * rng.normal(size=(N, POINTS, 2))
    path += rng.uniform(1.5, 2.5, size=(N, 1, 2)) - path.mean(axis=1, keepdims=True)
    low, high = path.min(axis=1), path.max(axis=1)
    steps = np.concatenate([(path[:, :1] - 2) / 2, np.diff(path, axis=1)], axis=1) * 2
    box = np.concatenate([(low + high) / 2, high - low], axis=1)
    return dealt(torch.tensor(steps.reshape(N, 1, -1), dtype=torch.float32), kind, box)


@lru_cache
def flood() -> tuple[Part, ...]:
    """Say how much of a land is under water that comes from its left: 4 classes; z is a mask of 6 x 6: where it is."""
    rng = np.random.default_rng(81)
    rough = rng.normal(size=(N, SIDE + 1, SIDE + 1))
    smooth = sum(rough[:, a : a + SIDE, b : b + SIDE] for a in range(2) for b in range(2))
    heights = np.asarray(smooth) / 2 + rng.normal(size=(N, 1, 1)) / 2 - 0.4
    wet = np.zeros((N, SIDE + 2, SIDE + 2), dtype=bool)
    wet[:, 1:-1, 0] = True
    for _ in range(SIDE**2):
        near = wet[:, :-2, 1:-1] | wet[:, 2:, 1:-1] | wet[:, 1:-1, :-2] | wet[:, 1:-1, 2:]
        wet[:, 1:-1, 1:-1] |= near & (heights < 0)
    mask = wet[:, 1:-1, 1:-1].reshape(N, -1).astype(np.float64)
    seen = torch.tensor(heights[:, None] + 0.1 * rng.normal(size=(N, 1, SIDE, SIDE)), dtype=torch.float32)
    return dealt(seen, quantiles(mask.sum(axis=1), 4), mask)


@lru_cache
def reaction() -> tuple[Part, ...]:
    """Say how a substance is made, by how much of it there is over time: 4 ways; z is how fast, how much at last."""
    # The ways: by one reaction, back and forth, over a substance between, and by one that it speeds up itself.
    rng = np.random.default_rng(82)
    way, speed, other = rng.integers(4, size=N), np.exp(rng.uniform(-0.7, 1.2, size=N)), rng.uniform(0.2, 0.8, size=N)
    left, between, made = np.ones(N), np.zeros(N), np.where(way == 3, 0.03, 0.0)
    seen = []
    for step in range(TIMES * 10):
        onward = np.select([way == 2, way == 3], [2 * speed * left, 3 * speed * left * made], speed * left)
        last = np.where(way == 2, 2 * other * speed * between, onward)
        back = np.where(way == 1, other * speed * made, 0.0)
        left, between = left - 0.02 * (onward - back), between + 0.02 * np.where(way == 2, onward - last, 0.0)
        made = made + 0.02 * (last - back)
        if step % 10 == 9:
            seen.append(made)
    noisy = np.stack(seen, axis=1) * rng.uniform(0.7, 1.0, size=(N, 1)) + 0.03 * rng.normal(size=(N, TIMES))
    z = np.stack([np.log(speed), 2 * made], axis=1)
    return dealt(torch.tensor((noisy[:, None] - 0.4) * 3, dtype=torch.float32), way.astype(np.int64), z)


@lru_cache
def rivals() -> tuple[Part, ...]:
    """Say which of two species that compete is left after a while, or leads: 4 classes; z is how many there are."""
    rng = np.random.default_rng(83)
    grows, harms = rng.uniform(0.3, 1.2, size=(N, 2)), rng.uniform(0.3, 1.8, size=(N, 2))
    first = there = rng.uniform(0.05, 0.6, size=(N, 2))
    for _ in range(300):
        room = 1 - there - harms * there[:, ::-1]
        there = there * np.exp(0.1 * grows * room + 0.05 * rng.normal(size=(N, 2)))
    y = np.select([there[:, 0] < 0.1, there[:, 1] < 0.1], [0, 3], 1 + (there[:, 0] > there[:, 1]))
    x = standardise(np.concatenate([grows, harms, first], axis=1))
    return dealt(torch.tensor(x, dtype=torch.float32), y.astype(np.int64), 1.5 * there)


@lru_cache
def traffic() -> tuple[Part, ...]:
    """Say how many cars on a ring stand, by where they are and how fast: 4 classes; z is that, and how far all get."""
    # The cars speed up, keep their distance and dawdle now and then (Nagel and Schreckenberg's model).
    rng = np.random.default_rng(84)
    shown, flows, stand = np.zeros((N, CELLS)), np.zeros(N), np.zeros(N)
    for i, many in enumerate(rng.integers(3, 17, size=N).tolist()):
        at, speed = np.sort(rng.choice(CELLS, size=many, replace=False)), rng.integers(0, FASTEST + 1, size=many)
        for step in range(10):
            if step == 4:
                shown[i, at] = 0.5 * (speed + 1)
            speed = np.minimum(np.minimum(speed + 1, FASTEST), (np.roll(at, -1) - at - 1) % CELLS)
            speed = np.maximum(speed - (rng.random(many) < 0.15), 0)
            at = (at + speed) % CELLS
            if step >= 4:
                flows[i] += speed.sum() / 6
                stand[i] += (speed == 0).sum() / 6
    x = torch.tensor(shown[:, None], dtype=torch.float32)
    return dealt(x, quantiles(stand, 4), np.stack([stand / 3, flows / 5], axis=1))


@lru_cache
def formulas() -> tuple[Part, ...]:
    """Say how heavy a molecule is by its formula: 5 ranges; z is how heavy, and how many atoms of hydrogen it has."""
    rng = np.random.default_rng(85)
    written: dict[str, tuple[float, float]] = {}  # each formula is there once
    while len(written) < N:
        chain = [*rng.choice(ENDS, size=2), *rng.choice(LINKS, size=int(rng.integers(0, 6)))]
        text = "".join([*chain[1:], chain[0]])
        if len(text) <= FORMULA:
            atoms = counted(text)
            written[text] = sum(MASSES[kind] * many for kind, many in atoms.items()) / 70, atoms["h"] / 4
    z = np.array(list(written.values()))
    return dealt(codes(list(written), FORMULA), quantiles(z[:, 0], 5), z)


def counted(text: str) -> Counter[str]:
    """Return how many atoms of each kind a formula has; a figure belongs to the letter before it."""
    many: Counter[str] = Counter()
    for kind, figure in re.findall(r"([a-z])(\d?)", text):
        many[kind] += int(figure or 1)
    return many


DATA_SETS = (typefaces, constants, novel, codepages, functions, strokes, flood, reaction, rivals, traffic, formulas)
BOXES, MASKS = frozenset({"strokes"}), frozenset({"flood"})
