"""How soon the first picture of a moment in an archive of a month is there.

The archive is made by komainu-bench-month. Each request is what the page does when somebody clicks
into the timeline: the list of the ten minutes around the moment, the init segment, and the bytes
from the key frame before the moment to the end of the chunk that has it. One connection is kept.
"""
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import time

import peers
import web

BLOCK_US = 600 * 10**6
MAKE_S = 600


def make(setup, program, days, spots):
    """A state directory with an archive. Returns the moments at which there are pictures."""
    began = time.monotonic()
    peer = peers.ALL["komainu"]
    peer.prepare(setup, {"retain_days": 10 * days, "free_bytes_min": 1 << 20})
    # It runs once, so that the writer makes the index and owns the folders.
    first = peer.run(setup)
    index = pathlib.Path(setup.path("state"), "index/index.db")
    try:
        peer.serving(setup, first)
        end = time.monotonic() + 10
        while not index.exists() and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        peers.stop([first], signal.SIGTERM)
    done = subprocess.run([program, setup.path("state"), str(days), str(spots)], check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=setup.log,
                          timeout=MAKE_S)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    state = pathlib.Path(setup.path("state"))
    for folder in ("recordings", "index"):
        owner = (state / folder).stat()
        for path in (state / folder).rglob("*"):
            os.chown(path, owner.st_uid, owner.st_gid)
            path.chmod(0o750 if path.is_dir() else 0o640)
    return ([event for event in events if event["event"] == "spot"],
            {"rows": events[-1]["rows"], "made_s": time.monotonic() - began,
             "index_bytes": (state / "index/index.db").stat().st_size,
             "bytes": sum(path.stat().st_size for path in state.rglob("*") if path.is_file())})


def forget_pages(folder):
    """Ask the kernel to drop what it keeps of these files, so that the first look is a cold one."""
    os.sync()
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            fd = os.open(path, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def first_picture(session, spot):
    """Milliseconds of the three requests: the list, the init segment, the media."""
    times = [time.monotonic()]
    moment = spot["moment_us"]
    block = spot["block_us"]
    listing = json.loads(session.get(
        f"/cameras/{spot['camera']}/segments?from={block}&to={block + BLOCK_US}"))
    times.append(time.monotonic())
    segment = next(segment for segment in listing["segments"]
                   if segment["start_us"] <= moment < segment["end_us"])
    session.get(f"/segments/{segment['id']}/init.mp4")
    times.append(time.monotonic())
    before = [chunk for chunk in segment["chunks"] if chunk[2] <= moment]
    start = max(chunk[0] for chunk in before if chunk[4])
    end = before[-1][0] + before[-1][1]
    media = session.get(f"/segments/{segment['id']}/media.m4s",
                        {"Range": f"bytes={start}-{end - 1}"})
    times.append(time.monotonic())
    if len(media) != end - start or len(media) < 60000:
        raise RuntimeError(f"{len(media)} bytes of media instead of {end - start}")
    return [1000 * (b - a) for a, b in zip(times, times[1:])]


def quantile(values, part):
    return sorted(values)[round(part * (len(values) - 1))]


def summary(rows):
    totals = [sum(row) for row in rows]
    result = {"requests": len(rows)}
    if rows:
        result |= {"p50_ms": quantile(totals, 0.5), "p99_ms": quantile(totals, 0.99),
                   "max_ms": max(totals)}
        for name, part in zip(("list", "init", "media"), zip(*rows)):
            result[f"{name}_p50_ms"] = quantile(part, 0.5)
            result[f"{name}_p99_ms"] = quantile(part, 0.99)
    return result


def count_rows(setup):
    with sqlite3.connect(f"file:{setup.path('state/index/index.db')}?mode=ro", uri=True) as index:
        return index.execute("SELECT count(*) FROM segment").fetchone()[0]


def run(arguments, folder, cameras, days, spots, requests):
    os.makedirs(folder)
    setup = peers.Setup(folder, None, cameras, {"komainu": arguments.komainu})
    program = os.path.join(arguments.binaries, "komainu-bench-month")
    places, result = make(setup, program, days, spots)
    result["cameras"], result["days"] = cameras, days
    forget_pages(setup.path("state"))
    began = time.monotonic()
    process = peers.ALL["komainu"].run(setup)
    try:
        session = web.Session(*peers.ALL["komainu"].serving(setup, process))
        result["started_s"] = time.monotonic() - began
        session.get("/hello")
        forget_pages(setup.path("state"))
        random.shuffle(places)
        rows = [first_picture(session, places[i % len(places)]) for i in range(requests)]
    finally:
        peers.stop([process], signal.SIGTERM)
    # Files are read for the first time in the first ones.
    result |= summary(rows)
    result["cold"] = summary(rows[:len(places)])
    result["warm"] = summary(rows[len(places):])
    result["rows_left"] = count_rows(setup)
    return result
