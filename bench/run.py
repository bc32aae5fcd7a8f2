#!/usr/bin/env python3
"""Compare recorders on equal cameras, with the floor beside each of them. See README.md."""
import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import meter
import peers

FPS, GOP, CLIP_S, KBIT = 15, 30, 20, 2000
START_S = 30  # until all cameras play
WARM_S = 12
DRAIN_S = 1.5
END_S = 5
FLOORS = {"floor-tick": ["--mode", "tick"], "floor-arrival": ["--mode", "arrival"]}


def make_clip(path):
    """1080p with noise, so that the bitrate is used; 8 s of CPU, once."""
    if os.path.exists(path):
        return
    part = path + ".part"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i",
         f"testsrc2=size=1920x1080:rate={FPS}:duration={CLIP_S},noise=alls=14:allf=t",
         "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main",
         "-bf", "0", "-g", str(GOP), "-b:v", f"{KBIT}k", "-maxrate", f"{KBIT}k",
         "-bufsize", f"{KBIT}k", "-x264-params",
         f"threads=1:sliced-threads=0:scenecut=0:min-keyint={GOP}:rc-lookahead=10",
         "-f", "h264", part], check=True, timeout=300)
    os.replace(part, path)


class Replay:
    """A replay server of its own for each recorder, so that counts are apart."""

    def __init__(self, arguments, folder, stack):
        self.report_path = os.path.join(folder, "replay.json")
        self.log_path = os.path.join(folder, "replay.log")
        command = [os.path.join(arguments.binaries, "komainu-bench-replay"), "--clip",
                   arguments.clip, "--cameras", str(arguments.cameras), "--fps", str(FPS),
                   "--burst", str(arguments.burst), "--report", self.report_path]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log)
        stack.callback(peers.stop, [self.process], signal.SIGTERM)
        self.port = wait_for(lambda: self.events("ready"), 10, "the replay server")[0]["port"]

    def events(self, name):
        with open(self.log_path, encoding="utf-8") as log:
            return [event for line in log if line.endswith("\n")
                    and (event := json.loads(line))["event"] == name]

    def playing(self):
        return len({event["camera"] for event in self.events("play")})

    def pause(self):
        self.process.send_signal(signal.SIGUSR1)

    def finish(self):
        peers.stop([self.process], signal.SIGTERM)
        with open(self.report_path, encoding="utf-8") as file:
            return json.load(file)


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} was not ready within {seconds} s")
        time.sleep(0.05)
    return result


class Subject:
    """One recorder or floor with its own cameras, from start to counts."""

    def __init__(self, name, arguments, folder, stack):
        self.name = name
        self.arguments = arguments
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.peer = peers.ALL.get(name)
        self.processes = []
        self.row = {"name": name, "note": self.peer.note if self.peer else "encrypts, syncs"}
        stack.callback(self.end)
        self.replay = Replay(arguments, self.folder, stack)
        self.setup = peers.Setup(self.folder, self.replay.port, arguments.cameras,
                                 {"komainu": arguments.komainu})

    def start(self):
        if self.peer:
            self.processes = self.peer.start(self.setup)
            return
        command = [os.path.join(self.arguments.binaries, "komainu-bench-floor"), "--port",
                   str(self.replay.port), "--cameras", str(self.arguments.cameras), "--dir",
                   self.folder, *FLOORS[self.name]]
        with open(self.setup.path("floor.json"), "wb") as out:
            self.processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out)]

    def is_playing(self):
        if dead := [process for process in self.processes if process.poll() is not None]:
            raise RuntimeError(f"{self.name} ended with {dead[0].returncode}; see {self.folder}")
        return self.replay.playing() == self.arguments.cameras

    def sample(self):
        return meter.Sample([process.pid for process in self.processes])

    def measure(self, before, after, seconds):
        camera_minutes = self.arguments.cameras * seconds / 60
        frames = self.arguments.cameras * seconds * FPS
        cpu_s = meter.cpu_seconds(before, after)
        self.row |= {
            "cpu_s": cpu_s,
            "cpu_s_per_camera_minute": cpu_s / camera_minutes,
            "pss_mib_per_camera": after.pss_bytes() / 2**20 / self.arguments.cameras,
            "switches_per_frame": meter.voluntary_switches(before, after) / frames,
            "processes": len(after.pids),
        }

    def end(self):
        peers.stop(self.processes, self.peer.stop_signal if self.peer else signal.SIGTERM)

    def count(self):
        """Stop the recorder after its cameras have been silent for a while, and compare."""
        kept = self.peer.kept(self.setup) if self.peer else None
        if self.peer and self.peer.ends_with_cameras:
            self.replay.finish()
            peers.wait_for_end(self.processes, END_S)
        self.end()
        sent = self.replay.finish()
        self.row["sent"] = sum(camera["frames"] for camera in sent["cameras"])
        self.row["plays"] = sum(camera["plays"] for camera in sent["cameras"])
        self.row["late_ms"] = max(camera["late_ms"] for camera in sent["cameras"])
        if not self.peer:
            with open(self.setup.path("floor.json"), encoding="utf-8") as out:
                kept = json.loads(out.readlines()[-1])["frames"]
        elif kept is None and self.arguments.verify:
            kept = sum(peers.count_frames(path) for camera in range(self.arguments.cameras)
                       for path in self.peer.files(self.setup, camera))
        self.row["kept"] = kept
        self.row["lost"] = None if kept is None else self.row["sent"] - kept


def run_round(name, arguments, folder):
    """One recorder and both floors in the same window. Returns their rows."""
    with contextlib.ExitStack() as stack:
        subjects = [Subject(each, arguments, folder, stack) for each in [*FLOORS, name]]
        for subject in subjects:
            subject.start()
        for subject in subjects:
            wait_for(subject.is_playing, START_S, f"{subject.name} with all cameras")
        time.sleep(WARM_S)
        start = time.monotonic()
        before = [subject.sample() for subject in subjects]
        time.sleep(arguments.seconds)
        after = [subject.sample() for subject in subjects]
        seconds = time.monotonic() - start
        for subject, first, last in zip(subjects, before, after):
            subject.measure(first, last, seconds)
        for subject in subjects:
            subject.replay.pause()
        time.sleep(DRAIN_S)
        for subject in subjects:
            subject.count()
    rows = {subject.name: subject.row for subject in subjects}
    for row in rows.values():
        for floor in FLOORS:
            least = rows[floor]["cpu_s_per_camera_minute"]
            row["x_" + floor.replace("-", "_")] = (
                row["cpu_s_per_camera_minute"] / least if least > 0 else None)
    return rows


def cell(value, form):
    return format(value, form) if value is not None else "-"


def print_table(rounds):
    head = ("recorder", "CPU s/cam-min", "x tick", "x arrival", "PSS MiB/cam", "sw/frame",
            "sent", "kept", "lost")
    print(("{:<24}" + "{:>14}" * 8).format(*head))
    for name, rows in rounds.items():
        for row in rows.values():
            label = row["name"] if row["name"] == name else f"  ({row['name']} beside)"
            print(f"{label:<24}" + "".join(f"{text:>14}" for text in (
                cell(row["cpu_s_per_camera_minute"], ".4f"), cell(row["x_floor_tick"], ".2f"),
                cell(row["x_floor_arrival"], ".2f"), cell(row["pss_mib_per_camera"], ".2f"),
                cell(row["switches_per_frame"], ".2f"), cell(row["sent"], "d"),
                cell(row["kept"], "d"), cell(row["lost"], "d"))))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", required=True, help="folder of komainu-bench-replay, -floor")
    parser.add_argument("--komainu", default="", help="path of the komainu binary")
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=45, help="of the measured window")
    parser.add_argument("--only", default=",".join(peers.ALL), help="recorders, with commas")
    parser.add_argument("--short", action="store_true", help="for CI: 4 cameras, 10 s, "
                        "komainu and ffmpeg, verified; under 60 s")
    parser.add_argument("--verify", action="store_true", help="count kept frames with ffprobe")
    parser.add_argument("--burst", type=int, default=0, help="slow link: bytes per send")
    parser.add_argument("--work", help="folder for the clip and recordings (a temporary one)")
    parser.add_argument("--keep", action="store_true", help="keep the recordings and logs")
    parser.add_argument("--json", help="write the results there")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.cameras, arguments.seconds, arguments.verify = 4, 10, True
        arguments.only = "komainu,ffmpeg"
    unknown = set(arguments.only.split(",")) - set(peers.ALL)
    if unknown:
        parser.error(f"--only: {', '.join(unknown)} unknown; use {', '.join(peers.ALL)}")
    arguments.binaries = os.path.abspath(arguments.binaries)
    arguments.komainu = os.path.abspath(arguments.komainu) if arguments.komainu else ""
    return arguments


def run_all(arguments, folder):
    rounds, failures = {}, 0
    for name in arguments.only.split(","):
        peer = peers.ALL[name]
        if not peer.is_there({"komainu": arguments.komainu}):
            print(f"{name}: not there, left out", file=sys.stderr)
            continue
        if arguments.cameras > peer.cameras_max:
            print(f"{name}: for at most {peer.cameras_max} cameras, left out", file=sys.stderr)
            continue
        try:
            rounds[name] = run_round(name, arguments, os.path.join(folder, name))
        except (RuntimeError, TimeoutError, OSError, subprocess.SubprocessError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failures += 1
        if not arguments.keep:
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
    return rounds, failures


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all is ended on the way out
    with contextlib.ExitStack() as stack:
        work = arguments.work or stack.enter_context(tempfile.TemporaryDirectory())
        os.makedirs(work, exist_ok=True)
        arguments.clip = os.path.join(work, f"clip-{FPS}-{GOP}-{KBIT}-{CLIP_S}.h264")
        make_clip(arguments.clip)
        folder = tempfile.mkdtemp(prefix="run-", dir=work)
        for path in (folder,) if arguments.work else (work, folder):
            os.chmod(path, 0o755)  # komainu's roles run as other users and must get through
        rounds, failures = run_all(arguments, folder)
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print_table(rounds)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"cameras": arguments.cameras, "seconds": arguments.seconds,
                       "rounds": rounds}, file, indent=1)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
