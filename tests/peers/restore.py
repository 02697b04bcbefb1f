"""Measures how long a snapshot takes, and how long it takes to come back, beside restic on the same files.

Usage: restore.py HOST [--mebibytes N] [--runs N] [--restic PROGRAM]

A data root with one dataset and N MiB of fetched files, half of them noise and half columns of numbers, is saved into a new
repository, and the snapshot is brought back to a place where there is nothing; both check what they bring back. Sizes are
scaled to the 10 GiB of the objective: restored in less than 10 minutes. CPU is that of the process and all it waited for.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile

from compare import Run

OBJECTIVE_GIBIBYTES = 10
OBJECTIVE_SECONDS = 600
FILE_MEBIBYTES = 32


def fill(folder, mebibytes):
    """Writes the files: every second is as hard to compress as anything, the others as catalogues are."""
    source = random.Random(7)
    os.makedirs(folder)
    for number in range(mebibytes // FILE_MEBIBYTES):
        with open(os.path.join(folder, f"{number:04}.dat"), "wb") as file:
            if number % 2:
                file.write(source.randbytes(FILE_MEBIBYTES << 20))
                continue
            block = "".join(f"{source.random():.6f} {source.random():.4f}\n" for _ in range(40000)).encode()
            for _ in range((FILE_MEBIBYTES << 20) // len(block)):
                # No block is like another.
                file.write(source.randbytes(64) + block[64:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("host")
    parser.add_argument("--mebibytes", type=int, default=512)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--restic")
    options = parser.parse_args()
    host = os.path.abspath(options.host)
    sandbox = tempfile.mkdtemp()
    try:
        root, saved, back, foreign = (os.path.join(sandbox, name) for name in ("root", "saved", "back", "foreign"))
        on_root = [host, "--data-root", root]
        Run([*on_root, "prepare", "--plugin", "bao"], sandbox)
        fill(os.path.join(root, "raw", "bench"), options.mebibytes)
        tools = {
            "host": (
                [*on_root, "backup", "init", "--repository", saved],
                [*on_root, "backup", "create", "--repository", saved, "--include", "raw,derived,registry"],
                [*on_root, "backup", "restore", "latest", "--repository", saved, "--target", back],
                saved,
            )
        }
        if options.restic:
            password = os.path.join(sandbox, "password")
            with open(password, "w", encoding="ascii") as file:
                file.write("a word")
            restic = [os.path.abspath(options.restic), "-q", "--no-cache", "-r", foreign, "--password-file", password]
            tools["restic"] = (
                [*restic, "init"],
                [*restic, "backup", root],
                [*restic, "restore", "latest", "--target", back, "--verify"],
                foreign,
            )
        print(f"{'':8}{'':9}{'s':>8}{'CPU s':>8}{'MB':>8}{'MiB/s':>8}{'10 GiB, s':>11}")
        for name, (init, create, restore, repository) in tools.items():
            steps = {"save": [], "restore": []}
            for _ in range(options.runs):
                shutil.rmtree(repository, ignore_errors=True)
                shutil.rmtree(back, ignore_errors=True)
                Run(init, sandbox)
                steps["save"].append(Run(create, sandbox))
                steps["restore"].append(Run(restore, sandbox))
            for step, runs in steps.items():
                best = min(runs, key=lambda run: run.wall)
                rate = options.mebibytes / (best.wall / 1e3)
                scaled = OBJECTIVE_GIBIBYTES * 1024 / rate
                memory = max(run.memory for run in runs)
                print(f"{name:8}{step:9}{best.wall / 1e3:8.2f}{best.cpu / 1e3:8.2f}{memory:8.0f}{rate:8.0f}{scaled:11.0f}")
                if name == "host" and step == "restore" and scaled > OBJECTIVE_SECONDS:
                    sys.exit(f"{OBJECTIVE_GIBIBYTES} GiB would take {scaled:.0f} s, the objective is {OBJECTIVE_SECONDS} s")
    finally:
        shutil.rmtree(sandbox, ignore_errors=True)


if __name__ == "__main__":
    main()
