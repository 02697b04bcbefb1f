"""Measures the host beside bare numpy, Cobaya and pyarrow on the same files, prints tables, and fails above a bar.

Usage: compare.py HOST [--runs N] [--mean FILE --covariance FILE] [--supernovae TABLE COVARIANCE] [--month DBN]

CPU is user and system time of the process and of all it waited for, so a worker counts. Memory is the peak of its
largest process; the kernel counts what the launcher held at the fork as well, which is the smallest number that can
come out and is printed below the table. The fastest and the median of N runs are shown, since other work on the machine
only ever adds. Every run is a whole process from start to end, the first of each kind is not counted.

The supernovae are a table such as that of Pantheon+ with a covariance of its size, the month a file of one-second bars; they
are measured a quarter as often. A series is six months that are all that one, one after the other and two at a time.

Bars are on what a busy machine does not change much: memory, and the ratio of CPU times within one run.
"""

import argparse
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUNDLED = os.path.join(HERE, "..", "..", "plugins", "bao", "bundled")


# Starts the command in its arguments from an interpreter that holds as little as it can, and prints what it used.
LAUNCHER = """
import posix, sys, time
start = time.perf_counter()
child = posix.posix_spawn(sys.argv[1], sys.argv[1:], posix.environ)
_, status, usage = posix.wait4(child, 0)
wall = time.perf_counter() - start
sys.stderr.write(f"\\n{status} {wall} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}")
"""


class Run:
    """One process: CPU and wall-clock time in ms, peak memory in MB."""

    def __init__(self, arguments, home):
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": home, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-I", "-S", "-c", LAUNCHER, *arguments]
        output = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        status, wall, cpu, memory = map(float, output.stderr.splitlines()[-1].split())
        if status != 0:
            sys.exit(f"`{' '.join(arguments)}` failed:\n{output.stdout}{output.stderr}")
        self.wall = 1e3 * wall
        self.cpu = 1e3 * cpu
        self.memory = memory / (1e6 if sys.platform == "darwin" else 1e3)


def measured(name, runs, sandbox, arguments, fresh):
    """Runs a command N times; `fresh` names what is removed and made again before each run."""
    results = []
    for _ in range(runs + 1):
        for folder in fresh:
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder)
        results.append(Run(arguments, sandbox))
    results = results[1:]
    return (
        name,
        min(run.cpu for run in results),
        statistics.median(run.cpu for run in results),
        min(run.wall for run in results),
        max(run.memory for run in results),
    )


class Bench:
    """A folder for all runs, and what they have in common."""

    def __init__(self, sandbox, host, runs):
        self.sandbox, self.runs = sandbox, runs
        self.root, self.output, self.packages = (
            os.path.join(sandbox, name) for name in ("root", "output", "packages")
        )
        self.on_root = [host, "--data-root", self.root]

    def host(self, name, arguments, fresh=()):
        return measured(name, self.runs, self.sandbox, [*self.on_root, *arguments], fresh)

    def peer(self, script, module, files, folder):
        if importlib.util.find_spec(module) is None:
            return (f"{script}: no module {module}", *[float("nan")] * 4)
        command = [sys.executable, os.path.join(HERE, script), *files, folder]
        return measured(script, self.runs, self.sandbox, command, [folder])


def vector(bench, mean, covariance):
    """A vector of 13 numbers and its covariance."""
    # Cobaya reads no more than `z value quantity`; the bundled file names the tracer as well.
    plain = os.path.join(bench.sandbox, "mean.txt")
    with open(mean, encoding="utf-8") as source, open(plain, "w", encoding="utf-8") as copy:
        copy.writelines(" ".join(line.split()[:3]) + "\n" for line in source if not line.startswith("#"))
    prepare = ["prepare", "--plugin", "bao", "--name", "numbers"]
    prepare += ["--input", f"mean={plain}", "--input", f"covariance={covariance}"]
    export = ["export", "numbers", "--output", bench.output, "--format"]
    yield bench.host("host prepare, fresh data root", prepare, [bench.root])
    yield bench.host("host prepare, cache hit", prepare)
    yield bench.host("host export npz", [*export, "npz"], [bench.output])
    yield bench.host("host export cobaya", [*export, "cobaya"], [bench.output])
    yield bench.host("host plugin list", ["plugin", "list"])
    yield bench.peer("bare_numpy.py", "numpy", [plain, covariance], bench.output)
    yield bench.peer("bare_cobaya.py", "cobaya", [plain, covariance], bench.packages)


def supernovae(bench, table, covariance):
    """A table of supernovae and its dense covariance as text."""
    prepare = ["prepare", "--plugin", "sn", "--name", "supernovae"]
    prepare += ["--input", f"table={table}", "--input", f"covariance={covariance}"]
    yield bench.host("host prepare, fresh data root", prepare, [bench.root])
    yield bench.host("host prepare, cache hit", prepare)
    yield bench.peer("bare_numpy_sn.py", "numpy", [table, covariance], bench.output)
    yield bench.peer("bare_cobaya_sn.py", "cobaya", [table, covariance], bench.packages)


def month(bench, bars):
    """A month of one-second bars; the peer reads and writes the finished table and does nothing else."""
    prepare = ["prepare", "--plugin", "futures", "--name", "month", "--input", f"bars={bars}", "--param"]
    yield bench.host("host prepare, mode=strict", [*prepare, "mode=strict"], [bench.root])
    yield bench.host("host prepare, mode=compat", [*prepare, "mode=compat"], [bench.root])
    where = subprocess.run([*bench.on_root, "path", "month"], capture_output=True, text=True, check=True)
    table = os.path.join(where.stdout.strip(), "data.parquet")
    yield bench.peer("bare_pyarrow_month.py", "pyarrow", [table], bench.output)


def series(bench, bars):
    """Six months, with one and with two jobs."""
    folder = os.path.join(bench.sandbox, "months")
    os.mkdir(folder)
    for number in range(1, 7):
        os.symlink(os.path.abspath(bars), os.path.join(folder, f"2025-{number:02}.dbn.zst"))
    prepare = ["prepare", "--plugin", "futures", "--partition", "2025-01..2025-06", "--name", "m_{partition}"]
    prepare += ["--input", f"bars={folder}/{{partition}}.dbn.zst", "--param", "mode=compat", "--jobs"]
    for jobs in ("1", "2"):
        yield bench.host(f"host prepare --jobs {jobs}", [*prepare, jobs], [bench.root])


def show(title, runs, table):
    """Prints a table as it comes, and gives its rows."""
    print(f"{title + ', best of ' + str(runs):32} {'CPU ms':>9} {'median':>9} {'wall ms':>9} {'peak MB':>9}")
    rows = {}
    for name, *numbers in table:
        print(f"{name:32}", *(f"{number:9.1f}" for number in numbers), flush=True)
        rows[name] = dict(zip(("cpu", "median", "wall", "memory"), numbers))
    print()
    return rows


def demand(bars):
    """Ends with 1 when something is above its bar. What was not measured is above it."""
    broken = [f"{what}: {found:.2f}, at most {bar}" for what, found, bar in bars if not found <= bar]
    if broken:
        sys.exit("above its bar:\n" + "\n".join(broken))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("host", help="the host, built with --release")
    parser.add_argument("--runs", type=int, default=20, help="runs of each kind")
    parser.add_argument("--mean", default=os.path.join(BUNDLED, "desi_dr2_mean.txt"))
    parser.add_argument("--covariance", default=os.path.join(BUNDLED, "desi_dr2_covariance.txt"))
    parser.add_argument("--supernovae", nargs=2, metavar=("TABLE", "COVARIANCE"))
    parser.add_argument("--month", metavar="DBN")
    options = parser.parse_args()
    host = os.path.abspath(options.host)
    if not os.access(host, os.X_OK):
        parser.error(f"`{host}` is no program")

    bars = []
    with tempfile.TemporaryDirectory() as sandbox:
        bench = Bench(sandbox, host, options.runs)
        rows = show("13 numbers", bench.runs, vector(bench, options.mean, options.covariance))
        ours = rows["host prepare, fresh data root"]["cpu"]
        bars.append(("13 numbers, CPU over numpy's", ours / rows["bare_numpy.py"]["cpu"], 0.5))
        if options.supernovae:
            bench.runs = max(1, options.runs // 4)
            rows = show("supernovae", bench.runs, supernovae(bench, *options.supernovae))
            ours = rows["host prepare, fresh data root"]
            bars.append(("supernovae, CPU over numpy's", ours["cpu"] / rows["bare_numpy_sn.py"]["cpu"], 1.0))
            bars.append(("supernovae, MB", ours["memory"], 150))
        if options.month:
            bench.runs = max(1, options.runs // 4)
            rows = show("a month", bench.runs, month(bench, options.month))
            ours, peer = rows["host prepare, mode=compat"], rows["bare_pyarrow_month.py"]
            bars.append(("a month, CPU over pyarrow's", ours["cpu"] / peer["cpu"], 1.5))
            bars.append(("a month, MB", ours["memory"], 350))
            bench.runs = 1
            rows = show("six months", bench.runs, series(bench, options.month))
            one, two = (rows[f"host prepare --jobs {jobs}"]["wall"] for jobs in (1, 2))
            print(f"two jobs are {one / two:.2f} times as fast as one\n")
        floor = measured("true", 3, sandbox, [shutil.which("true")], [])
    print(f"a process that does nothing: {floor[1]:.1f} ms CPU, {floor[4]:.1f} MB")
    demand(bars)


if __name__ == "__main__":
    main()
