"""The images of a set for classification, dealt out to training, validation and test."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuner.data import pictures, summary
from tuner.data.doctor import classified
from tuner.data.doctor.dataset import DataSet, Sample
from tuner.data.doctor.finding import Level
from tuner.errors import ConfigError

Places = list[int]


@dataclass(frozen=True)
class Portions:
    """The samples of a set with a class each, and the places in them of ``train``, ``val`` and ``test``.

    ``test`` has no places where the set came with other splits and none was asked for. ``train`` is in a random order,
    so that its first so many are a fair draw.
    """

    names: tuple[str, ...]
    samples: tuple[Sample, ...]
    labels: tuple[int, ...]
    parts: Mapping[str, Places]

    def counts(self, part: str) -> Counter[int]:
        """Return how many images of each class a part has."""
        return Counter(self.labels[i] for i in self.parts[part])


def read(path: Path, *, val_share: float, test_share: float, seed: int) -> Portions:
    """Return the set at ``path``; what it is not split into is drawn from the rest, class by class.

    Byte-identical images go to one side. Splits that the set has stay as they are; ``test_share`` counts where all
    images are for training. Raises ConfigError where there is nothing to learn from.
    """
    data = _opened(path)
    samples = tuple(sample for _, sample in data.samples())
    labels = tuple(int(sample.objects[0, 0]) for sample in samples)
    _check_classes(data, labels)
    parts = _as_they_came(data)
    whole = len(parts) == 1
    rest = parts.pop(data.training)
    missing = {"test": test_share, "val": val_share} if whole else {"val": val_share}
    wanted = {name: share for name, share in missing.items() if share > 0 and name not in parts}
    drawn = _drawn(rest, samples, labels, data.names, wanted, f"{path}", seed)
    return Portions(data.names, samples, labels, {"val": [], "test": [], **parts, **drawn})


def check_images(portions: Portions) -> None:
    """Raise ConfigError where an image cannot be read, with how many there are; or where an array is no image."""
    for sample in portions.samples:
        if sample.pixels is not None and sample.pixels.ndim == 3 and sample.pixels.shape[-1] not in (1, 3):
            shape = "(height, width), (height, width, 1) or (height, width, 3)"
            raise ConfigError(sample.path, "", f"expected {shape}, but got {sample.pixels.shape}")
    files = [sample.path for sample in portions.samples if sample.pixels is None]
    summary.all_of(lambda file: pictures.size(file, smallest=1), files, "images")


def _opened(path: Path) -> DataSet:
    if not path.exists():
        raise ConfigError(str(path), "", f"expected {classified.KINDS}; but there is nothing")
    found = classified.opened(path)
    if found is None:
        raise ConfigError(str(path), "", f"expected {classified.KINDS}; but found no such set")
    data, problems = found
    for problem in (one for one in problems if one.level is Level.MISTAKE):
        raise ConfigError("", "", problem.text)
    if not any(data.splits.values()):
        raise ConfigError(str(path), "", "expected images in its folders, but there are none")
    if empty := [name for name, of_split in data.splits.items() if not of_split]:
        raise ConfigError(str(path), "", f"expected images in {empty[0]}, but there are none")
    return data


def _check_classes(data: DataSet, labels: Sequence[int]) -> None:
    if len(data.names) < 2:
        found = f"one class only ({data.names[0]})" if data.names else "none"
        raise ConfigError(data.where, "", f"expected two classes or more, but got {found}")
    trained = data.classes(data.training)
    if missing := [name for number, name in enumerate(data.names) if not trained[number]]:
        problem = f"expected images of every class, but {data.training} has none of '{missing[0]}'"
        raise ConfigError(data.where, "", problem)


def _as_they_came(data: DataSet) -> dict[str, Places]:
    """Return the places of each split; what is for the test is not for choosing as well."""
    parts: dict[str, Places] = {}
    begin = 0
    for name, samples in data.splits.items():
        parts[name] = list(range(begin, begin + len(samples)))
        begin += len(samples)
    if "test" in parts and [s.path for s in data.splits.get("val", ())] == [s.path for s in data.splits["test"]]:
        del parts["val"]  # Ultralytics takes the test images for validation where there are no others
    return parts


def _drawn(
    places: Places,
    samples: Sequence[Sample],
    labels: Sequence[int],
    names: Sequence[str],
    shares: Mapping[str, float],
    where: str,
    seed: int,
) -> dict[str, Places]:
    """Deal ``places`` out to the parts of ``shares`` and to ``train``."""
    groups = sorted(_same(places, samples).items(), key=lambda item: _rank(seed, item[0]))
    dealt: dict[str, Places] = {name: [] for name in (*shares, "train")}
    for number, name in enumerate(names):
        # Copies with different labels count for the class of the first of them.
        of_class = [group for _, group in groups if labels[group[0]] == number]
        if len(of_class) < len(dealt):
            copies = " that differ" if sum(map(len, of_class)) > len(of_class) else ""
            problem = f"expected {len(dealt)} images or more of every class, one for each of {', '.join(dealt)}"
            raise ConfigError(where, "", f"{problem}; but '{name}' has {len(of_class)}{copies}")
        for part, taken in _deal(of_class, shares).items():
            dealt[part] += taken
    position = {place: i for i, place in enumerate(place for _, group in groups for place in group)}
    return {part: sorted(taken, key=position.__getitem__) for part, taken in dealt.items()}


def _deal(groups: Sequence[Places], shares: Mapping[str, float]) -> dict[str, Places]:
    """Return what each part gets of one class: its share, at least one group, and one is left for the training."""
    left, total = list(groups), sum(map(len, groups))
    dealt: dict[str, Places] = {}
    for i, (part, share) in enumerate(shares.items()):
        spare = len(left) - (len(shares) - i)
        taken: list[Places] = []
        for group in left:
            if len(taken) < spare and sum(map(len, taken)) + len(group) <= round(share * total):
                taken.append(group)
        taken = taken or [min(left, key=len)]
        left = [group for group in left if group not in taken]
        dealt[part] = [place for group in taken for place in group]
    return {**dealt, "train": [place for group in left for place in group]}


def _same(places: Places, samples: Sequence[Sample]) -> dict[str, Places]:
    """Return the places by the content of their images; a set that was moved elsewhere has the same groups."""
    sizes = Counter(_size(samples[place]) for place in places)
    root = os.path.commonpath({os.path.dirname(os.path.abspath(sample.path)) for sample in samples})
    groups: dict[str, Places] = {}
    for place in places:
        sample = samples[place]
        # Only files of the same length can be the same, and reading them all would take minutes for a large set.
        alone = sizes[_size(sample)] == 1
        groups.setdefault(os.path.relpath(sample.path, root) if alone else _digest(sample), []).append(place)
    return groups


def _size(sample: Sample) -> int:
    return os.path.getsize(sample.path) if sample.pixels is None else sample.pixels.nbytes


def _digest(sample: Sample) -> str:
    if sample.pixels is None:
        return pictures.digest(Path(sample.path))
    return hashlib.sha256(sample.pixels.tobytes()).hexdigest()


def _rank(seed: int, key: str) -> bytes:
    """Return the place of a group in a random order."""
    return hashlib.sha256(f"{seed}:{key}".encode()).digest()
