"""The train.py of YOLOv5 and YOLOv7 as far as a driver sees it: command line, files and their order; it trains nothing.

Like them it takes the settings from hyp.yaml, writes the row of an epoch before the checkpoint and the checkpoint in
place, does not mind SIGTERM, takes everything from opt.yaml where it resumes, and strips the checkpoint at its end.
``results.txt`` and no ``--seed`` where the file lies in a folder called yolov7, else ``results.csv``.
"""

import argparse
import json
import math
import time
import zipfile
from pathlib import Path

import yaml

V7 = Path(__file__).resolve().parent.name == "yolov7"
COLUMNS = ["train/box_loss", "train/obj_loss", "train/cls_loss", "metrics/precision", "metrics/recall"]
COLUMNS += ["metrics/mAP_0.5", "metrics/mAP_0.5:0.95", "val/box_loss", "val/obj_loss", "val/cls_loss"]
COLUMNS += ["x/lr0", "x/lr1", "x/lr2"]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ["--data", "--weights", "--cfg", "--hyp", "--project", "--name", "--resume"]:
        parser.add_argument(name, default="")
    for name in ["--batch-size", "--epochs", *([] if V7 else ["--seed", "--patience"])]:
        parser.add_argument(name, type=int)
    if V7:
        parser.add_argument("--img-size", nargs="+", type=int)
    else:
        parser.add_argument("--img", type=int)
        parser.add_argument("--optimizer", choices=["SGD", "Adam", "AdamW"], default="SGD")
    parser.add_argument("--exist-ok", action="store_true")
    return parser.parse_args()


def row(epoch: int, epochs: int, lr0: float) -> str:
    distance = abs(math.log10(lr0) + 2)  # the best rate is 0.01
    loss = 0.1 * math.exp(-epoch / 20) + 0.01 * distance
    score = (0.9 - 0.2 * distance) * (1 - math.exp(-(epoch + 1) / 4))
    train, metrics, val = [loss, loss / 2, 0.0], [score, score, score, score * 0.7], [loss, loss / 2, 0.0]
    if V7:
        numbers = [*train, sum(train), 12, 640, *metrics, *val]
        return ("%10s" * 2 + "%10.4g" * 13) % (f"{epoch}/{epochs - 1}", "1.5G", *numbers)
    return ("%20.5g," * 14 % (epoch, *train, *metrics, *val, lr0, lr0, lr0)).rstrip(",")


def save(path: Path, epoch: int) -> None:
    with path.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data.json", json.dumps({"epoch": epoch}))
        file.flush()
        time.sleep(0.1)


def main() -> None:
    opt, start = options(), 0
    if opt.resume:
        with zipfile.ZipFile(opt.resume) as archive:
            start = json.loads(archive.read("data.json"))["epoch"] + 1
        assert start > 0, "training is finished, nothing to resume"
        opt = argparse.Namespace(**yaml.safe_load((Path(opt.resume).parents[1] / "opt.yaml").read_text()))
    folder = Path(opt.project) / opt.name
    (folder / "weights").mkdir(parents=True, exist_ok=True)
    (folder / "opt.yaml").write_text(yaml.safe_dump(vars(opt)))
    hyp = yaml.safe_load(Path(opt.hyp).read_text())
    log = folder / ("results.txt" if V7 else "results.csv")
    if not V7 and not log.exists():
        log.write_text("".join(f"{name:>20}," for name in ["epoch", *COLUMNS]).rstrip(",") + "\n")
    print(f"from epoch {start}", flush=True)
    for epoch in range(start, opt.epochs):
        time.sleep(0.3)
        with log.open("a") as file:
            file.write(row(epoch, opt.epochs, hyp["lr0"]) + "\n")
        time.sleep(0.7)
        save(folder / "weights" / "last.pt", epoch)
    save(folder / "weights" / "last.pt", -1)


main()
