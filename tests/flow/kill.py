#!/usr/bin/env python3
# check: slow seconds=1500
"""kill -9 of each role and of all, many times at random moments. After each: recording goes on. In
the end: every chunk readable, no orphan file, no row without a file, and never more than 2 s missing
before a kill.

tests/flow/kill.py [TIMES] [SEED]
"""
import os
import pathlib
import random
import signal
import sqlite3
import sys
import time

from recorder import Camera, Recorder, stop, wait_for

ROLES = ["receiver", "writer", "web", "guard", "all"]


def kill(r, role):
    """Returns when it was done (unix_us)."""
    if role in ("guard", "all"):
        victims = [p for name in ("receiver", "writer", "web") for p in r.roles(name)] \
            if role == "all" else []
        now = time.time_ns() // 1000
        for pid in [r.process.pid, *victims]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        r.process.wait()
        r.process.stdout.close()
        r.log.close()
        r.process = None
        r.start()
        return now
    pids = wait_for(f"a {role} to kill", lambda: r.roles(role), 20)
    now = time.time_ns() // 1000
    os.kill(random.choice(pids), signal.SIGKILL)
    return now


def stretches(state, camera):
    """What is recorded of a camera, joined where it touches."""
    with sqlite3.connect(f"file:{state}/index/index.db?mode=ro", uri=True) as index:
        rows = index.execute(
            "SELECT start_us, last_us FROM segment JOIN camera ON camera.number = segment.camera"
            " WHERE camera.id = ? ORDER BY start_us", (bytes.fromhex(camera.replace("-", "")),)).fetchall()
    return rows


def missing_before(rows, moment):
    """How much before the moment nothing is recorded any more (us)."""
    before = [last for start, last in rows if start < moment]
    assert before, "nothing at all is recorded before it"
    return max(0, moment - max(min(last, moment) for last in before))


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
    random.seed(seed)
    print(f"seed {seed}")
    kills = []
    with Recorder({"segment_seconds": 2}) as r:
        cameras = {name: Camera("--mount", f"/{name}", "--codec", "h264", "--width", 320, "--height", 240,
                                "--fps", 15, "--gop", 15) for name in ("a", "b")}
        try:
            for name, camera in cameras.items():
                r.add(name, camera.url)
            r.start()
            ids = {name: r.camera(name)["id"] for name in cameras}
            r.wait_streaming(*cameras)
            for number in range(times):
                since_us = kills[-1][0] if kills else 0
                for name in cameras:  # pictures of after the kill, not those that a ring still held
                    wait_for(f"{name} goes on being stored after kill {number} ({kills[-1:]})",
                             lambda: ((r.camera(name) or {}).get("last_us") or 0) > since_us, 30, 0.05)
                time.sleep(random.uniform(0, 0.6))
                role = random.choice(ROLES)
                kills.append((kill(r, role), role))
            r.wait_streaming(*cameras, seconds=30)
            time.sleep(3)
        finally:
            for camera in cameras.values():
                camera.stop()
        r.stop()
        worst = 0
        for name, identity in ids.items():
            rows = stretches(r.state, identity)
            for moment, role in kills:
                lost = missing_before(rows, moment)
                worst = max(worst, lost)
                assert lost <= 2_000_000, f"{name}: {lost / 1e6:.2f} s missing before kill -9 of {role}"
        check_files(r.state)
        r.komainu("verify")
        print(f"{times} kills, at most {worst / 1e6:.2f} s missing before one")
    return 0


def check_files(state):
    """No orphan file, no row without a file."""
    files = {path.stem for path in pathlib.Path(state, "recordings").rglob("*.kms")}
    with sqlite3.connect(f"file:{state}/index/index.db?mode=ro", uri=True) as index:
        rows = {row[0].hex() for row in index.execute("SELECT id FROM segment")}
        assert not index.execute("SELECT count(*) FROM garbage").fetchone()[0]
        assert not index.execute("SELECT count(*) FROM segment WHERE ended = 0").fetchone()[0]
    names = {name.replace("-", "") for name in files}
    assert names == rows, f"{len(names - rows)} files without a row, {len(rows - names)} rows without a file"


sys.exit(main())
