"""Somebody's own training program: a line fitted by gradient descent, of the standard library only.

It knows nothing of tuner, and `tuner init` has to find out what it takes and writes by reading it.
"""

import argparse
import csv
import json
import os
import random

DEFAULT_RATE = 0.01


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("-l", "--learning-rate", "--lr", type=float, default=DEFAULT_RATE)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument("--optimizer", default="sgd")
    parser.add_argument("--hidden-size", type=int, default=32, help="changes nothing")
    parser.add_argument("--dropout", type=float, default=0.1, help="changes nothing")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out-dir", default="runs")
    parser.add_argument("--patience", type=int, default=5)
    parser.add_argument("--resume", action="store_true")
    return parser.parse_args()


def main() -> None:
    args = options()
    os.makedirs(args.out_dir, exist_ok=True)
    log, last = os.path.join(args.out_dir, "log.csv"), os.path.join(args.out_dir, "last.json")
    draw = random.Random(args.seed)
    points = [(x, 2 * x + 1 + draw.gauss(0, 0.1)) for x in (draw.gauss(0, 1) for _ in range(200))]
    train, val = points[:150], points[150:]
    mean = sum(y for _, y in val) / len(val)
    spread = sum((y - mean) ** 2 for _, y in val) / len(val)
    slope = offset = fast = 0.0
    done = 0
    if args.resume:
        with open(last) as file:
            slope, offset, fast, done = json.load(file)
    else:
        with open(log, "w", newline="") as file:
            csv.writer(file).writerow(["epoch", "train_loss", "val_loss", "val_r2"])
    for epoch in range(done + 1, args.epochs + 1):
        for i in range(0, len(train), args.batch_size):
            part = train[i : i + args.batch_size]
            errors = [(slope * x + offset - y, x) for x, y in part]
            turn = 2 * sum(e * x for e, x in errors) / len(part) + args.weight_decay * slope
            if args.optimizer == "momentum":
                fast = 0.5 * fast + turn
                slope -= args.learning_rate * fast
            elif args.optimizer.lower() == "sgd":
                slope -= args.learning_rate * turn
            offset -= args.learning_rate * 2 * sum(e for e, _ in errors) / len(part)
        losses = [sum((slope * x + offset - y) ** 2 for x, y in part) / len(part) for part in (train, val)]
        with open(last + ".part", "w") as file:
            json.dump([slope, offset, fast, epoch], file)
        os.replace(last + ".part", last)
        with open(log, "a", newline="") as file:
            csv.writer(file).writerow([epoch, *losses, 1 - losses[1] / spread])


if __name__ == "__main__":
    main()
