#!/usr/bin/env python3
"""Measure what recording costs, beside its floor and its peers, and the goals. See README.md."""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import archive
import goals
import peers
import rounds

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHORT_CAMERAS = 4
PARTS = ["peers", "live", "scale", "archive"]


def cell(value, form):
    return format(value, form) if value is not None else "-"


HEAD = ("recorder", "CPU s/cam-min", "x tick", "x arrival", "x live", "PSS MiB/cam", "sw/frame", "sent",
        "kept", "lost")


def print_rows(title, rows, name):
    for row in rows.values():
        label = f"{row['name']} {title}" if row["name"] == name else f"  ({row['name']} beside)"
        print(f"{label:<30}" + "".join(f"{text:>14}" for text in (
            cell(row["cpu_s_per_camera_minute"], ".4f"), cell(row["x_floor_tick"], ".2f"),
            cell(row["x_floor_arrival"], ".2f"), cell(row["x_floor_live"], ".2f"), cell(row["pss_mib_per_camera"], ".2f"),
            cell(row["switches_per_frame"], ".2f"), cell(row["sent"], "d"),
            cell(row["kept"], "d"), cell(row["lost"], "d"))), flush=True)


class Bench:
    """All that is measured, and what could not be."""

    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        self.rounds = []  # {"title", "name", "cameras", "rows"}
        self.archive = None
        self.failures = []
        print(("{:<30}" + "{:>14}" * 9).format(*HEAD))

    def fail(self, text):
        print(text, file=sys.stderr, flush=True)
        self.failures.append(text)

    def round(self, title, plan):
        binaries = {"komainu": self.arguments.komainu}
        peer = peers.ALL[plan.name]
        if not peer.is_there(binaries):
            self.fail(f"{plan.name}: not there")
            return
        if plan.cameras > peer.cameras_max:
            print(f"{plan.name}: for at most {peer.cameras_max} cameras, left out",
                  file=sys.stderr)
            return
        try:
            rows = rounds.run_round(plan, self.arguments, self.folder)
        except (RuntimeError, TimeoutError, OSError, subprocess.SubprocessError) as error:
            self.fail(f"{plan.name} {title}: {error}")
            return
        self.rounds.append({"title": title, "name": plan.name, "cameras": plan.cameras,
                            "viewers": plan.viewers, "load": os.getloadavg()[0], "rows": rows})
        print_rows(title, rows, plan.name)
        own = rows[plan.name]
        if plan.name == "komainu" and own["lost"] != 0:
            self.fail(f"komainu {title}: {own['lost']} pictures lost")
        if own.get("live") and (own["live"]["closed"] or
                                own["live"]["with_pictures"] != plan.viewers):
            self.fail(f"komainu {title}: not all viewers saw pictures: {own['live']}")

    def measure_archive(self, cameras, days, spots, requests):
        folder = os.path.join(self.folder, "archive")
        try:
            self.archive = archive.run(self.arguments, folder, cameras, days, spots, requests)
        except (RuntimeError, OSError, KeyError, StopIteration, ValueError,
                subprocess.SubprocessError) as error:
            self.fail(f"archive: {error!r}")
        finally:
            if not self.arguments.keep:
                shutil.rmtree(folder, ignore_errors=True)


def run_short(bench):
    """Whether everything works: ratios of so short a time say little."""
    count = SHORT_CAMERAS
    for name in ("komainu", "ffmpeg"):
        bench.round(f"{count}", rounds.Plan(name, count, 6, 1, verify=True))
    bench.round(f"{count}, watched",
                rounds.Plan("komainu", count, 4, 1, viewers=count, floors=False))
    bench.measure_archive(2, 2, 2, 20)


def run_full(bench):
    arguments = bench.arguments
    cameras, seconds = arguments.cameras, arguments.seconds
    names = arguments.only.split(",")
    for repeat in range(arguments.repeats):
        # Those of a goal each time, with the floors beside them; the others once.
        for name in names:
            if "peers" in arguments.parts and (repeat == 0 or name in goals.RECORDERS):
                bench.round(f"{cameras}", rounds.Plan(name, cameras, seconds, arguments.warm,
                                                      verify=arguments.verify))
        if "live" in arguments.parts:
            bench.round(f"{cameras}, watched", rounds.Plan(
                "komainu", cameras, seconds, arguments.warm, viewers=cameras))
        if "scale" in arguments.parts:
            for count in (16, 256):
                bench.round(f"{count} alone", rounds.Plan(
                    "komainu", count, min(seconds, 20), arguments.warm, floors=False))
    if "archive" in arguments.parts:
        bench.measure_archive(64, 30, 4, 500)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build"), help="the build folder")
    parser.add_argument("--binaries", help="folder of komainu-bench-* (BUILD/bench)")
    parser.add_argument("--komainu", help="path of the komainu binary (BUILD/src/komainu)")
    parser.add_argument("--cameras", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=25, help="of the measured window")
    parser.add_argument("--warm", type=float, default=12, help="seconds before the window: rings "
                        "grow and are touched for the first time")
    parser.add_argument("--repeats", type=int, default=3, help="medians are of so many rounds")
    parser.add_argument("--parts", default=",".join(PARTS), help="with commas")
    parser.add_argument("--only", default="komainu,ffmpeg,gstreamer,motion",
                        help="recorders of the part `peers`, with commas")
    parser.add_argument("--short", action="store_true", help="does everything work? Under 60 s")
    parser.add_argument("--verify", action="store_true", help="count peers' frames with ffprobe")
    parser.add_argument("--burst", type=int, default=0, help="slow link: bytes per send")
    parser.add_argument("--work", help="folder for recordings (a temporary one)")
    parser.add_argument("--keep", action="store_true", help="keep the recordings and logs")
    parser.add_argument("--json", help="write the results there (BUILD/bench.json)")
    arguments = parser.parse_args()
    arguments.parts = arguments.parts.split(",")
    if unknown := set(arguments.only.split(",")) - set(peers.ALL):
        parser.error(f"--only: {', '.join(unknown)} unknown; use {', '.join(peers.ALL)}")
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"--parts: {', '.join(unknown)} unknown; use {', '.join(PARTS)}")
    build = os.path.abspath(arguments.build)
    arguments.binaries = os.path.abspath(arguments.binaries or os.path.join(build, "bench"))
    arguments.komainu = os.path.abspath(
        arguments.komainu or os.path.join(build, "src", "komainu"))
    arguments.json = arguments.json or os.path.join(build, "bench.json")
    name = f"clip-{rounds.FPS}-{rounds.GOP}-{rounds.KBIT}-{rounds.CLIP_S}.h264"
    arguments.clip = os.path.join(arguments.binaries, name)
    return arguments


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all is ended on the way out
    began = time.time()
    with contextlib.ExitStack() as stack:
        # Not below /tmp, which may be memory: what is measured ends on a disk.
        work = arguments.work or stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp"))
        os.makedirs(work, exist_ok=True)
        rounds.make_clip(arguments.clip)
        folder = tempfile.mkdtemp(prefix="run-", dir=work)
        for path in (folder,) if arguments.work else (work, folder):
            os.chmod(path, 0o755)  # komainu's roles run as other users and must get through
        bench = Bench(arguments, folder)
        (run_short if arguments.short else run_full)(bench)
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    cameras = SHORT_CAMERAS if arguments.short else arguments.cameras
    table = goals.judge(bench.rounds, bench.archive, cameras, statistics.median)
    goals.print_table(table, arguments.short)
    with open(arguments.json, "w", encoding="utf-8") as file:
        json.dump({"began": began, "seconds": time.time() - began, "cpus": os.cpu_count(),
                   "short": arguments.short, "load": os.getloadavg(), "goals": table,
                   "rounds": bench.rounds, "archive": bench.archive,
                   "failures": bench.failures}, file, indent=1)
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
