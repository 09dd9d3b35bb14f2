"""The commands of ``tuner data``: their words and options, and what each puts together."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tuner.data.prepare import Asked
    from tuner.data.source import Source

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Prepare and check data sets in the YOLO layout.")

Dest = Annotated[Path, typer.Argument(help="the folder to make, such as data/ssdd", metavar="DEST")]
ValShare = Annotated[
    float, typer.Option("--val-share", help="the share of the training images to validate on", min=0.001, max=0.9)
]
TestShare = Annotated[
    float,
    typer.Option("--test-share", help="the share to test on, where no test images are given", min=0, max=0.9),
]
Seed = Annotated[int, typer.Option("--seed", help="which images are drawn; the same seed draws the same", min=0)]
Names = Annotated[
    str | None, typer.Option("--names", metavar="A,B,...", help="keep these classes only, numbered in this order")
]


@app.command()
def ssdd(
    source: Annotated[Path, typer.Argument(help="SSDD in its VOC layout, or a folder above it", metavar="SOURCE")],
    dest: Dest,
    val_share: ValShare = 0.2,
    seed: Seed = 0,
) -> None:
    """Bring SSDD (ships in SAR images) into the YOLO layout, with its official test images and a validation share."""
    from tuner.data import ssdd

    asked = _asked(dest, "ssdd", val_share=val_share, seed=seed)
    _make(asked, ssdd.read(source))


@app.command()
def voc(
    source: Annotated[Path, typer.Argument(help="a folder with JPEGImages and Annotations", metavar="SOURCE")],
    dest: Dest,
    names: Names = None,
    val_share: ValShare = 0.2,
    test_share: TestShare = 0.2,
    seed: Seed = 0,
    keep_difficult: Annotated[
        bool, typer.Option("--keep-difficult", help="keep the objects that are marked as difficult")
    ] = False,
) -> None:
    """Bring a data set in the style of Pascal VOC into the YOLO layout.

    Its ImageSets/Main are taken where they are a split; what they lack is drawn.
    """
    from tuner.data import voc

    options = {"val_share": val_share, "test_share": test_share, "seed": seed}
    asked = _asked(dest, "voc", names=names, **options, keep_difficult=keep_difficult)
    _make(asked, voc.read(source, keep_difficult=keep_difficult))


@app.command()
def coco(
    images: Annotated[Path, typer.Argument(help="the folder of the images", metavar="IMAGES")],
    annotations: Annotated[
        Path, typer.Argument(help="a JSON of instances, or a folder with one for each split", metavar="ANNOTATIONS")
    ],
    dest: Dest,
    names: Names = None,
    val_share: ValShare = 0.2,
    test_share: TestShare = 0.2,
    seed: Seed = 0,
) -> None:
    """Bring the boxes of a data set in the style of COCO into the YOLO layout; crowds are skipped."""
    from tuner.data import coco

    asked = _asked(dest, "coco", names=names, val_share=val_share, test_share=test_share, seed=seed)
    _make(asked, *coco.read(images, annotations))


@app.command()
def synthetic_ships(
    dest: Dest,
    images: Annotated[int, typer.Option("--images", help="how many images to make", min=3)] = 400,
    size: Annotated[int, typer.Option("--size", help="the side of the images in pixels", min=48, max=4096)] = 160,
    val_share: ValShare = 0.2,
    test_share: TestShare = 0.2,
    seed: Seed = 0,
) -> None:
    """Make up SAR images of ships with their labels, to try things without any download."""
    from tuner.data import ships

    options = {"val_share": val_share, "test_share": test_share, "seed": seed}
    asked = _asked(dest, "synthetic-ships", images=images, size=size, **options)
    _make(asked, ships.read(images, size, seed), [ships.NAME])


@app.command()
def check(
    data: Annotated[
        Path, typer.Argument(help="a data.yaml, VOC, COCO JSON, classes as folders or list, an .npz", metavar="DATA")
    ],
    task: Annotated[
        str, typer.Option("--task", help="of a data.yaml: detect, segment, obb or pose", metavar="TASK")
    ] = "detect",
    images: Annotated[
        Path | None, typer.Option("--images", metavar="DIR", help="the images of a COCO JSON, if not beside it")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="write a page with pictures of what was found")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FILE", help="name labels that look wrong to a trained model: its best.pt"),
    ] = None,
) -> None:
    """Examine a data set before anything is trained on it: every image, every label, the splits and what they share.

    Exit code: 0 nothing that matters, 1 warnings, 2 mistakes that a training would stumble over.
    """
    from tuner.data.doctor import examine, page, said

    found = examine.examine(data, task, images, _progress(), weights)
    if html is not None:
        page.write(found, html)
    _say([json.dumps(said.as_object(found), ensure_ascii=False)] if as_json else said.lines(found))
    raise typer.Exit({"mistake": 2, "warning": 1, "note": 0}[found.worst()])


def _progress() -> Callable[[int], None]:
    """Return what says on a terminal how many images were looked at, where that takes long."""
    began = last = time.monotonic()

    def told(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if sys.stderr.isatty() and now - began > 2 and now - last > 0.5:
            last = now
            print(f"\r{done:,} images looked at", end="\r", file=sys.stderr, flush=True)

    return told


def _asked(dest: Path, made_by: str, **options: Any) -> Asked:
    """Return what is asked for; refuses a folder made from other options at once, before anything is read."""
    from tuner.data import prepare

    asked = prepare.Asked(dest, f"tuner data {made_by}", options)
    prepare.refuse_other_options(asked)
    return asked


def _make(asked: Asked, source: Source, classes: Sequence[str] = ()) -> None:
    """Split a data set, write it and print what was found; ``classes`` are those it has, where not all have boxes."""
    from tuner.data import told
    from tuner.data.prepare import only, prepare
    from tuner.data.source import split

    options = asked.options
    shares = {key: options.get(key, 0.0) for key in ("val_share", "test_share")}
    splits, how = split(source, **shares, seed=options["seed"])
    names = [*classes] or sorted({box.name for picture in source.pictures.values() for box in picture.boxes})
    if wanted := options.get("names"):
        names = [name.strip() for name in wanted.split(",")]
        splits = only(names, splits, source)
    report, written = prepare(asked, source, splits, how, names)
    _say(told.preparation(report, asked.dest, written))


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)
