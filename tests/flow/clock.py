#!/usr/bin/env python3
# check: seconds=480
"""Somebody sets the recorder's clock an hour forward, and back: it is noted and raises an alarm, each
step begins a new run, both hours play, and no picture is lost. [IPA a04-3, a04-4]

The clock that moves is that of the recorder's processes (moved_clock.c), not the machine's.
"""
import json
import os
import pathlib
import shutil
import sqlite3
import struct
import sys
import tempfile
import time

from recorder import BUILD, Camera, Recorder, count_frames, wait_for

HOUR_S = 3600
PART_S = 8
FPS = 15
PICTURES = FPS * (3 * PART_S + 20)  # the camera ends by itself after exactly so many


class MovedClock:
    """Programs whose wall clock is set by set()."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="komainu-clock-"))
        self.directory.chmod(0o755)
        self.file = self.directory / "shift"
        self.set(0)
        self.file.chmod(0o644)
        self.programs = self.directory / "src"
        self.programs.mkdir()
        shutil.copy(BUILD / "src/komainu", self.programs)
        library = self.directory / "moved_clock.so"
        shutil.copy(BUILD / "tests/flow/moved_clock.so", library)
        self.environment = {"LD_PRELOAD": str(library), "KOMAINU_TEST_CLOCK": str(self.file)}
        words = " ".join(f"{name}={value}" for name, value in self.environment.items())
        for role in (BUILD / "src").glob("komainu-*"):
            if role.is_file():
                path = self.programs / role.name
                path.write_text(f'#!/bin/sh\n{words} exec {role} "$@"\n')
                path.chmod(0o755)

    def set(self, seconds):
        with open(self.file, "r+b" if self.file.exists() else "wb") as file:
            file.write(struct.pack("=q", int(seconds * 1e9)))

    def remove(self):
        shutil.rmtree(self.directory)


def entries(r, event):
    database = sqlite3.connect(f"file:{r.state}/guard.db?mode=ro", uri=True)
    rows = database.execute("SELECT text FROM journal WHERE event = ? ORDER BY number", (event,)).fetchall()
    database.close()
    return [text for text, in rows]


def runs(r):
    """Starts of the segments, and reasons of the gaps."""
    database = sqlite3.connect(f"file:{r.state}/recordings/index.db?mode=ro", uri=True)
    starts = [start for start, in database.execute("SELECT start_us FROM segment ORDER BY start_us")]
    database.close()
    return starts


def record_part(r, seconds):
    before = r.camera("cam1")["frames_stored"]
    wait_for("pictures are stored", lambda: r.camera("cam1")["frames_stored"] > before + FPS * seconds, 60)


def main():
    clock = MovedClock()
    os.environ.update(clock.environment)
    camera = Camera("--mount", "/cam1", "--width", 320, "--height", 240, "--fps", FPS, "--gop", FPS,
                    "--frames", PICTURES)
    try:
        with Recorder(build=clock.directory) as r:
            r.add("cam1", camera.url)
            r.start()
            begin_us = int(time.time() * 1e6)
            r.wait_streaming("cam1")
            for shift in (0, HOUR_S, 0):
                clock.set(shift)
                record_part(r, PART_S)
            assert entries(r, 11) == [], f"the camera was lost: {entries(r, 11)}"
            wait_for("the last pictures", lambda: r.camera("cam1")["frames_stored"] >= PICTURES, 90)
            steps = [float(text.split()[1]) for text in entries(r, 20)]
            assert len(steps) == 2, f"steps noted: {steps}"
            assert abs(steps[0] - HOUR_S) < 0.5 and abs(steps[1] + HOUR_S) < 0.5, steps
            alarms = json.loads(r.komainu("--json", "alarm", "list", "--all"))["alarms"]
            stepped = [alarm for alarm in alarms if alarm["kind"] == "clock_step"]
            assert len(stepped) == 1 and stepped[0]["count"] == 2, alarms
            now = r.export("cam1", begin_us - 1_000_000, begin_us + 30 * 60_000_000)
            later = r.export("cam1", begin_us + 30 * 60_000_000, begin_us + 90 * 60_000_000)
            frames = count_frames(now), count_frames(later)
            print(f"{PICTURES} pictures sent, {frames} recorded in this hour and the next")
            assert frames[1] > PART_S * FPS - 5, "the hour to come does not play"
            assert sum(frames) == PICTURES, "pictures were lost"
            r.komainu("verify")
    finally:
        camera.stop()
        clock.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
