"""A training that knows nothing of tuner: it takes its settings from the command line and appends a row per epoch."""

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--out", type=Path, default=Path("."))
args = parser.parse_args()

rng = np.random.default_rng(args.seed)
images, labels = load_digits(return_X_y=True)
images, targets = images / 16, np.eye(10)[labels]
train, val = np.arange(200), np.arange(200, 1200)
first = rng.normal(0, 0.2, (64, args.hidden))
second = rng.normal(0, 0.2, (args.hidden, 10))


def forward(rows):
    hidden = np.maximum(images[rows] @ first, 0)
    scores = np.exp(hidden @ second - (hidden @ second).max(1, keepdims=True))
    return hidden, scores / scores.sum(1, keepdims=True)


def evaluate(rows):
    guess = forward(rows)[1]
    loss = -np.log(guess[np.arange(len(rows)), labels[rows]] + 1e-12).mean()
    return loss, (guess.argmax(1) == labels[rows]).mean()


with open(args.out / "results.csv", "w", buffering=1) as log:
    print("epoch,train_loss,val_loss,accuracy", file=log)
    for epoch in range(1, args.epochs + 1):
        for batch in np.array_split(rng.permutation(train), 20):
            hidden, guess = forward(batch)
            error = (guess - targets[batch]) / len(batch)
            back = (error @ second.T) * (hidden > 0)
            second -= args.lr * hidden.T @ error
            first -= args.lr * images[batch].T @ back
        (train_loss, _), (val_loss, accuracy) = evaluate(train), evaluate(val)
        print(f"{epoch},{train_loss:.5f},{val_loss:.5f},{accuracy:.4f}", file=log)
