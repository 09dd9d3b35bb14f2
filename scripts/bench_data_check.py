r"""Plant damage into sound data sets, and count what the data check finds and what it says of sound ones.

    python scripts/bench_data_check.py --json results/data_check/planted.json
    python scripts/bench_data_check.py --ssdd data/ssdd --json results/data_check/planted.json

Sound are made-up ships (``tuner data synthetic-ships``, several seeds) and, where given, SSDD as ``tuner data ssdd``
leaves it. Every kind of damage is planted at several rates with several seeds; it counts as found where the finding
meant for it names it. Of the sound sets every finding above a note counts as a false alarm, but for those that are
true of them (SSDD has copies across its splits; a small validation set is a small validation set). It also says how
often a random split is called shifted.

    python scripts/bench_data_check.py --many 100000
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml
from PIL import Image, ImageEnhance

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.outcomes import markdown
from tuner.data import prepare, ships
from tuner.data.doctor.dataset import DataSet
from tuner.data.doctor.examine import examine
from tuner.data.doctor.finding import Level
from tuner.data.doctor.looks import look
from tuner.data.doctor.shift import check as shifted
from tuner.data.source import split

RATES = (0.0, 0.01, 0.05, 0.2)  # the lowest means one image
TRUE_OF_THEM = {"val_small", "leaked_copies", "leaked_look_alikes", "copies_labelled_otherwise"}
Files = list[Path]


def label_of(image: Path) -> Path:
    return Path(str(image).replace("/images/", "/labels/")).with_suffix(".txt")


def truncated(image: Path, pick: random.Random, others: Files) -> None:
    data = image.read_bytes()
    image.write_bytes(data[: len(data) // 2])


def empty_file(image: Path, pick: random.Random, others: Files) -> None:
    image.write_bytes(b"")


def outside(image: Path, pick: random.Random, others: Files) -> None:
    label_of(image).write_text("0 1.3 0.5 0.1 0.1\n")


def wrong_class(image: Path, pick: random.Random, others: Files) -> None:
    label_of(image).write_text("7 0.5 0.5 0.1 0.1\n")


def no_number(image: Path, pick: random.Random, others: Files) -> None:
    label_of(image).write_text("ship 0.5 0.5 0.1 0.1\n")


def flat(image: Path, pick: random.Random, others: Files) -> None:
    label_of(image).write_text("0 0.5 0.5 0.1 0\n")


def repeated(image: Path, pick: random.Random, others: Files) -> None:
    label_of(image).write_text("0 0.5 0.5 0.1 0.1\n" * 2)


def tiny(image: Path, pick: random.Random, others: Files) -> None:
    label_of(image).write_text("0 0.5 0.5 0.001 0.1\n")


def huge(image: Path, pick: random.Random, others: Files) -> None:
    label_of(image).write_text("0 0.5 0.5 0.99 0.99\n")


def unlabelled(image: Path, pick: random.Random, others: Files) -> None:
    label_of(image).unlink()


def copied(image: Path, pick: random.Random, others: Files) -> None:
    place = pick.choice(others).parent
    shutil.copyfile(image, place / f"copy_{image.name}")
    shutil.copyfile(label_of(image), label_of(place / f"copy_{image.name}"))


def saved_anew(image: Path, pick: random.Random, others: Files) -> None:
    place = pick.choice(others).parent / f"again_{image.stem}.jpg"
    with Image.open(image) as picture:
        anew = ImageEnhance.Brightness(picture.convert("RGB")).enhance(pick.uniform(0.85, 1.15))
        anew.resize((anew.width * 3 // 4, anew.height * 3 // 4)).save(place, quality=pick.randint(60, 90))
    shutil.copyfile(label_of(image), label_of(place))


def brighter(image: Path, pick: random.Random, others: Files) -> None:
    for path in others:  # all of val: a shift is one of the whole split
        with Image.open(path) as picture:
            lighter = ImageEnhance.Brightness(picture.convert("RGB")).enhance(1.4)
        lighter.save(path)


DAMAGE: dict[Callable[[Path, random.Random, Files], None], str] = {
    truncated: "unreadable_images",
    empty_file: "unreadable_images",
    outside: "bad_labels",
    wrong_class: "bad_labels",
    no_number: "bad_labels",
    flat: "flat_boxes",
    repeated: "repeated_boxes",
    tiny: "tiny_boxes",
    huge: "huge_boxes",
    unlabelled: "background",
    copied: "leaked_copies",
    saved_anew: "leaked_look_alikes",
    brighter: "shift",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--ssdd", type=Path, help="a folder that tuner data ssdd made")
    parser.add_argument("--many", type=int, metavar="N", help="only measure time and memory on so many small images")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.many:
        print(measured(args.many))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        sound = {f"ships {seed}": made(Path(scratch) / f"s{seed}", args.images, seed) for seed in range(args.seeds)}
        if args.ssdd:
            sound["ssdd"] = args.ssdd
        alarms = {name: false_alarms(folder) for name, folder in sound.items()}
        found = [
            planted(name, folder, damage, meant, rate, Path(scratch) / "damaged")
            for name, folder in sound.items()
            for damage, meant in DAMAGE.items()
            for rate in (RATES if meant != "shift" else (1.0,))
        ]
        rates = {name: called_shifted(folder) for name, folder in sound.items()}
    print(table(found))
    print(f"\nfalse alarms on {len(sound)} sound sets: {sum(map(len, alarms.values()))} {alarms}")
    print(f"random splits called shifted: {rates}")
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps({"planted": found, "alarms": alarms, "shifted": rates}, indent=1) + "\n")
    return 0


def measured(count: int) -> str:
    """Return what a check of ``count`` JPEGs of 64 pixels takes, in a process of its own."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as scratch:
        folder = Path(scratch)
        for split, share in (("train", 0.8), ("val", 0.2)):
            for kind in ("images", "labels"):
                (folder / kind / split).mkdir(parents=True)
            for number in range(round(count * share)):
                random_image(folder / "images" / split / f"{number}.jpg", number + count * (split == "val"))
                (folder / "labels" / split / f"{number}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
        document = {"path": scratch, "train": "images/train", "val": "images/val", "names": ["a"]}
        (folder / "data.yaml").write_text(yaml.safe_dump(document))
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-m", "tuner", "data", "check", folder / "data.yaml"], check=False)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = time.monotonic() - began
    cpu, gigabytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
    return f"rc {done.returncode}: {count:,} images in {seconds:.0f} s ({cpu:.0f} s of CPU time), {gigabytes:.2f} GiB"


def random_image(path: Path, seed: int) -> None:
    """Write a picture of soft blobs."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)
    Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC).save(path)


def made(folder: Path, images: int, seed: int) -> Path:
    """Make a sound data set and return its folder."""
    options = {"images": images, "size": 96, "val_share": 0.2, "test_share": 0.0, "seed": seed}
    source = ships.read(images, 96, seed)
    splits, how = split(source, val_share=0.2, test_share=0.0, seed=seed)
    prepare.prepare(prepare.Asked(folder, "tuner data synthetic-ships", options), source, splits, how, [ships.NAME])
    return folder


def false_alarms(folder: Path) -> list[str]:
    found = examine(folder / "data.yaml").findings
    return [one.name for one in found if one.level is not Level.NOTE and one.name not in TRUE_OF_THEM]


def planted(
    name: str, sound: Path, damage: Callable[[Path, random.Random, Files], None], meant: str, rate: float, place: Path
) -> dict[str, object]:
    """Return what was found of one kind of damage at one rate."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(sound, place)
    document = yaml.safe_load((place / "data.yaml").read_text())
    moved = {key: str(place / "images" / key) for key in ("train", "val", "test") if document.get(key)}
    (place / "data.yaml").write_text(yaml.safe_dump({**document, **moved, "path": str(place)}))
    before = counted(place)
    pick = random.Random(f"{name}{damage.__name__}{rate}")
    train, val = (sorted((place / "images" / part).iterdir()) for part in ("train", "val"))
    train = [image for image in train if label_of(image).read_text().strip()]
    count = 1 if meant == "shift" else max(1, round(rate * len(train)))
    for image in pick.sample(train, count):
        damage(image, pick, val)
    after = counted(place)
    listed = after.get(meant, 0) - before.get(meant, 0)
    hit = (meant in after and meant not in before) if meant == "shift" else listed
    others = sorted(set(after) - set(before) - {meant})
    return {"set": name, "damage": damage.__name__, "rate": rate, "planted": count, "found": int(hit), "others": others}


def counted(folder: Path) -> Counter[str]:
    """Return how many files, or groups of them, each finding names."""
    found: Counter[str] = Counter()
    for one in examine(folder / "data.yaml").findings:
        found[one.name] += one.count
    return found


def called_shifted(folder: Path, draws: int = 200) -> float:
    """Return the share of random splits of a set's training images that are called shifted."""
    data = examine(folder / "data.yaml").data
    samples = np.array(data.splits["train"], dtype=object)
    looks = look(list(samples))
    called = 0
    for seed in range(draws):
        order = np.random.default_rng(seed).permutation(len(samples))
        cut = len(samples) // 4
        drawn = DataSet(
            data.where,
            data.task,
            data.names,
            {"val": tuple(samples[order[:cut]]), "train": tuple(samples[order[cut:]])},
        )
        rows = replace(looks, statistics=looks.statistics[order])
        called += any(True for _ in shifted(drawn, rows))
    return called / draws


def table(found: Sequence[dict[str, object]]) -> str:
    lines = []
    for damage, meant in DAMAGE.items():
        own = [row for row in found if row["damage"] == damage.__name__]
        of_rates = []
        for rate in RATES if meant != "shift" else (1.0, "", "", ""):
            some = [row for row in own if row["rate"] == rate]
            of_rates.append(
                f"{sum(int(str(r['found'])) for r in some)} of {sum(int(str(r['planted'])) for r in some)}"
                if some
                else ""
            )
        lines.append([damage.__name__.replace("_", " "), meant, *of_rates])
    return markdown(["damage", "finding", "one image", "1 %", "5 %", "20 %"], lines)


if __name__ == "__main__":
    sys.exit(main())
