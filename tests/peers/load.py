"""Asks `host serve` for datasets while derivations run, and prints answers a second, percentiles and memory.

Usage: load.py HOST DATA_ROOT [--seconds 300] [--rate 1000] [--connections 16] [--derivations 2] [-- PREPARE...]

DATA_ROOT must hold at least one dataset. What follows `--` is what `host prepare` is given for each derivation, which
is repeated with `--force` for as long as the load lasts. Requests are begun at even distances whether or not earlier
ones were answered, so a wait of the service is seen by every request that falls into it. Resident memory is read once a
second; its growth counts from the end of the first tenth.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time

from service import serving

# 95 of 100 answers come within so much.
BAR_MILLISECONDS = 20

PATHS = ["/api/v1/datasets", "/api/v1/status", "/api/v1/plugins", "/api/v1/audit", "/api/v1/datasets/{name}"]


def resident_bytes(process):
    with open(f"/proc/{process}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def ask(reader, writer, path):
    """One request on a kept connection; the status."""
    writer.write(f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
    await reader.readexactly(length)
    return int(lines[0].split()[1])


async def connection(port, due, paths, seconds, failures):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    while True:
        start = await due.get()
        if start is None:
            break
        number += 1
        status = await ask(reader, writer, paths[number % len(paths)])
        seconds.append(time.perf_counter() - start)
        if status != 200:
            failures[status] = failures.get(status, 0) + 1
    writer.close()


async def load(port, name, service, arguments):
    paths = [path.replace("{name}", name) for path in PATHS]
    due, seconds, failures, memory = asyncio.Queue(), [], {}, []
    clients = [connection(port, due, paths, seconds, failures) for _ in range(arguments.connections)]
    clients = [asyncio.create_task(client) for client in clients]
    begin = time.perf_counter()
    for number in range(int(arguments.seconds * arguments.rate)):
        start = begin + number / arguments.rate
        wait = start - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        due.put_nowait(start)
        if number % arguments.rate == 0:
            memory.append(resident_bytes(service))
    for _ in clients:
        due.put_nowait(None)
    await asyncio.gather(*clients)
    return seconds, failures, memory, time.perf_counter() - begin


def main():
    own, prepare = sys.argv[1:], []
    if "--" in own:
        own, prepare = own[: own.index("--")], own[own.index("--") + 1 :]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("host")
    parser.add_argument("data_root")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--derivations", type=int, default=2)
    arguments = parser.parse_args(own)
    command = [arguments.host, "--data-root", arguments.data_root]
    listed = json.loads(subprocess.check_output(command + ["list", "--json"]))
    name = listed["data"]["datasets"][0]["name"]
    jobs = []
    script = 'while [ "$(cut -d. -f1 /proc/uptime)" -lt "$0" ]; do "$@" >/dev/null 2>&1; done'
    until = str(int(float(open("/proc/uptime").read().split()[0]) + arguments.seconds))
    for number in range(arguments.derivations if prepare else 0):
        derivation = command + ["prepare", "--force", "--name", f"load_{number}"] + prepare
        jobs.append(subprocess.Popen(["sh", "-c", script, until] + derivation))
    with serving(arguments.host, arguments.data_root) as (service, port):
        try:
            seconds, failures, memory, took = asyncio.run(load(port, name, service, arguments))
        finally:
            for job in jobs:
                job.wait()
    seconds.sort()
    of = lambda part: 1000 * seconds[min(len(seconds) - 1, int(part * len(seconds)))]
    early = memory[max(1, len(memory) // 10) - 1]
    print(f"answers    {len(seconds)} in {took:.1f} s, {len(seconds) / took:.0f}/s, not 200: {failures or 'none'}")
    print(f"time       mean {1000 * statistics.fmean(seconds):.2f} ms, p50 {of(0.5):.2f}, p95 {of(0.95):.2f}, p99 {of(0.99):.2f}")
    print(f"memory     {early / 2**20:.1f} MiB early, {memory[-1] / 2**20:.1f} MiB at the end, {100 * (memory[-1] / early - 1):+.1f} %")
    tenths = [memory[min(len(memory) - 1, len(memory) * tenth // 10)] for tenth in range(11)]
    print("by tenths ", " ".join(f"{tenth / 2**20:.1f}" for tenth in tenths), "MiB")
    # Times are those of the machine and of whatever else it does: they are shown, and the bar beside them.
    print(f"bar        95 of 100 within {BAR_MILLISECONDS} ms: {'held' if of(0.95) < BAR_MILLISECONDS else 'not held'}")
    if failures:
        sys.exit("every answer must be 200")
    # In less time memory has not settled.
    if arguments.seconds >= 300 and memory[-1] > 1.05 * early:
        sys.exit("memory grew by more than 5 %")


main()
