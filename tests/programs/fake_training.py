"""A training program of the standard library only: starts in milliseconds, logs a curve that depends on its rate.

It behaves like a real trainer where that matters: one row per epoch in results.csv, a checkpoint before each row, a
continuation from it, an end at the next epoch after SIGTERM. ``--behaviour`` makes it misbehave, with ``--first N``
only in the first N trials of a study.
"""

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--folder", required=True)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--momentum", type=float, default=0.0)
parser.add_argument("--size", default="s")
parser.add_argument("--batch", type=int, help="changes nothing")
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--seconds", type=float, default=0.0, help="of one epoch")
parser.add_argument("--padding", type=int, default=0, help="bytes more in every checkpoint")
parser.add_argument("--behaviour", default="train")
parser.add_argument("--first", type=int, default=10**6, help="so many trials of a study misbehave")
parser.add_argument("--diary", action="store_true", help="write down every epoch that was trained, also those lost")
parser.add_argument("--filled", default="", help="file that stands for a full disk")
parser.add_argument("--until", type=int, default=0, help="end after this epoch; 0: after the last")
parser.add_argument("--resume", action="store_true")
args = parser.parse_args()
if args.first < 10**6 and int(os.path.basename(args.folder)) >= args.first:
    args.behaviour = "train"

LOG, LAST = os.path.join(args.folder, "results.csv"), os.path.join(args.folder, "last.json")
stopped = False


def stop(*_: object) -> None:
    global stopped
    stopped = args.behaviour != "stubborn"


def row(epoch: int) -> str:
    distance = abs(math.log10(args.lr) + 1)  # the best rate is 0.1
    noise = 0.002 * math.sin(epoch * 12.9898 + args.seed * 78.233 + len(args.size))
    if args.lr >= 3:
        return f"{epoch},nan,nan,0.1"
    train = 2.3 * math.exp(-epoch / (3 + 6 * distance)) + 0.05 + noise
    rise = 0.03 * max(0, epoch - 6) if args.size == "l" else 0.0
    val = train + 0.1 + rise
    accuracy = 1 - 0.05 * distance - 0.9 * math.exp(-epoch / (2 + 4 * distance)) - rise / 3 + noise
    return f"{epoch},{train:.6f},{val:.6f},{accuracy:.6f}"


def once() -> bool:
    """Return whether it is the first time that this trial asks."""
    try:
        os.close(os.open(os.path.join(args.folder, "was_here"), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def fill_the_disk() -> None:
    """Write until nothing more can be written, and stay."""
    with open(os.path.join(args.folder, "dump"), "wb", buffering=0) as dump:
        try:
            while True:
                dump.write(bytes(2**20))
        except OSError:
            time.sleep(300)


def take_all_memory() -> None:
    """Ask for more memory than there is, which ends in a MemoryError."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))
    taken = []
    while True:
        taken.append(bytearray(2**24))


def main() -> int:
    done = 0
    if args.behaviour == "hang_at_start" and once():
        time.sleep(300)
    if args.behaviour == "crash":
        print("Traceback: the images are in the other folder", file=sys.stderr)
        return 1
    if args.behaviour == "no_memory":
        print("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB", file=sys.stderr)
        return 1
    if args.behaviour == "no_log":
        return 0
    if args.behaviour == "garbage":
        with open(LOG, "wb") as log:
            log.write(bytes(range(256)) * 8 + b"\n")
        time.sleep(60)
    if args.resume:
        with open(LAST) as last:
            done = json.load(last)["epoch"]
        print(f"continues after epoch {done}")
        with open(LOG) as log:
            rows = [line for line in log.read().split("\n")[1:] if line and int(line.split(",")[0]) <= done]
        if len(rows) < done:
            rows.append(row(done))
        with open(LOG, "w") as log:
            log.write("epoch,train/loss,val/loss,val/accuracy\n" + "".join(f"{r}\n" for r in rows))
    else:
        with open(LOG, "w") as log:
            log.write("epoch,train/loss,val/loss,val/accuracy\n")
    if args.behaviour == "children":
        subprocess.Popen([sys.executable, "-S", "-c", "import os, time; os.setsid(); time.sleep(300)"])
    for epoch in range(done + 1, (args.until or args.epochs) + 1):
        time.sleep(args.seconds)
        if stopped:
            return 143
        if args.behaviour == "hang" and epoch == 3:
            time.sleep(300)
        if args.behaviour == "hang_once" and epoch == 3 and once():
            time.sleep(300)
        if args.behaviour == "memory" and epoch == 3:
            take_all_memory()
        if args.behaviour == "memory_once" and epoch == 3 and once():
            taken = [b"x" * 2**24 for _ in range(10**6)]
            print(len(taken))
        if args.behaviour == "fill" and epoch == 3:
            fill_the_disk()
        if args.behaviour == "spam":
            for _ in range(2**30 // 2**16 // args.epochs):
                print("x" * (2**16 - 1))
        if args.behaviour == "killed" and epoch == 3 and not args.resume:
            os.kill(os.getpid(), signal.SIGKILL)
        if args.behaviour == "no_space" and epoch == 3 and not args.resume:
            open(args.filled, "w").close()
            print("OSError: [Errno 28] No space left on device", file=sys.stderr)
            return 1
        with open(LAST + ".part", "w") as last:
            json.dump({"epoch": epoch, "process": os.getpid(), "padding": " " * args.padding}, last)
        os.replace(LAST + ".part", LAST)
        with open(LOG, "a") as log:
            log.write(row(epoch) + "\n")
        if args.diary:
            with open(os.path.join(args.folder, "diary.txt"), "a") as diary:
                diary.write(f"{epoch}\n")
    if args.behaviour == "hang_at_end":
        time.sleep(300)
    return 0


signal.signal(signal.SIGTERM, stop)
sys.exit(main())
