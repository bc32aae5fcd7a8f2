"""One round: a recorder and, beside it, the floors, each with cameras of its own."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

import meter
import peers
import web

FPS, GOP, CLIP_S, KBIT = 15, 30, 20, 2000
START_S = 60  # until all cameras play
DRAIN_S = 1.5
END_S = 5
FLOORS = {"floor-tick": ["--mode", "tick"], "floor-arrival": ["--mode", "arrival"]}
FLOOR_LIVE = {"floor-live": ["--mode", "live"]}  # beside rounds with viewers


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


class Plan:
    """What a round is to be."""

    def __init__(self, name, cameras, seconds, warm_s, viewers=0, floors=True, verify=False):
        self.name = name
        self.cameras = cameras
        self.seconds = seconds
        self.warm_s = warm_s
        self.viewers = viewers  # live, on so many of komainu's cameras
        self.floors = floors
        self.verify = verify


class Replay:
    """A replay server of its own for each recorder, so that counts are apart."""

    def __init__(self, arguments, plan, folder, stack, has_stamps):
        self.report_path = os.path.join(folder, "replay.json")
        self.log_path = os.path.join(folder, "replay.log")
        command = [os.path.join(arguments.binaries, "komainu-bench-replay"), "--clip",
                   arguments.clip, "--cameras", str(plan.cameras), "--fps", str(FPS),
                   "--burst", str(arguments.burst), "--report", self.report_path]
        if has_stamps:
            command.append("--stamp")
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

    def __init__(self, name, arguments, plan, folder, stack):
        self.name = name
        self.arguments = arguments
        self.plan = plan
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.peer = peers.ALL.get(name)
        self.processes = []
        self.viewers = None
        self.row = {"name": name, "note": self.peer.note if self.peer else "encrypts, syncs"}
        stack.callback(self.end)
        self.replay = Replay(arguments, plan, self.folder, stack,
                             bool(self.peer and plan.viewers))
        self.setup = peers.Setup(self.folder, self.replay.port, plan.cameras,
                                 {"komainu": arguments.komainu})

    def start(self):
        if self.peer:
            self.processes = self.peer.start(self.setup)
            return
        command = [os.path.join(self.arguments.binaries, "komainu-bench-floor"), "--port",
                   str(self.replay.port), "--cameras", str(self.plan.cameras), "--dir",
                   self.folder, *(FLOORS | FLOOR_LIVE)[self.name]]
        with open(self.setup.path("floor.json"), "wb") as out:
            self.processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out)]

    def is_playing(self):
        if dead := [process for process in self.processes if process.poll() is not None]:
            raise RuntimeError(f"{self.name} ended with {dead[0].returncode}; see {self.folder}")
        return self.replay.playing() == self.plan.cameras

    def watch(self):
        """Viewers on some of the cameras, if the plan wants them."""
        if self.peer and self.plan.viewers:
            session = web.Session(*self.peer.serving(self.setup, self.processes[0]))
            self.viewers = web.Viewers(
                os.path.join(self.arguments.binaries, "komainu-bench-viewer"), session,
                session.cameras()[:self.plan.viewers], self.folder)

    def sample(self):
        return meter.Sample([process.pid for process in self.processes])

    def measure(self, before, after, seconds):
        camera_minutes = self.plan.cameras * seconds / 60
        frames = self.plan.cameras * seconds * FPS
        cpu_s = meter.cpu_seconds(before, after)
        by_name = meter.cpu_by_name(before, after)
        self.row |= {
            "cpu_s": cpu_s,
            "cpu_s_per_camera_minute": cpu_s / camera_minutes,
            "cpu_s_per_camera_minute_by_role": {
                name: value / camera_minutes for name, value in by_name.items()},
            "pss_mib_per_camera": after.pss_bytes() / 2**20 / self.plan.cameras,
            "switches_per_frame": meter.voluntary_switches(before, after) / frames,
            "processes": len(after.pids),
        }

    def end(self):
        if self.viewers:
            self.row["live"] = self.viewers.end()
            self.viewers = None
        peers.stop(self.processes, self.peer.stop_signal if self.peer else signal.SIGTERM)

    def count(self):
        """Stop the recorder after its cameras have been silent for a while, and compare."""
        if self.peer:
            self.peer.settle(self.setup)
        if self.peer and self.peer.ends_with_cameras:
            self.replay.finish()
            peers.wait_for_end(self.processes, END_S)
        self.end()
        sent = self.replay.finish()
        self.row["sent"] = sum(camera["frames"] for camera in sent["cameras"])
        self.row["plays"] = sum(camera["plays"] for camera in sent["cameras"])
        self.row["late_ms"] = max(camera["late_ms"] for camera in sent["cameras"])
        kept = self.kept()
        self.row["kept"] = kept
        self.row["lost"] = None if kept is None else self.row["sent"] - kept
        self.row["received_after_s"] = self.setup.all_received_s
        self.row["recorded_after_s"] = self.setup.all_labelled_s

    def kept(self):
        if not self.peer:
            with open(self.setup.path("floor.json"), encoding="utf-8") as out:
                return json.loads(out.readlines()[-1])["frames"]
        kept = self.peer.kept(self.setup)
        if kept is None and self.plan.verify:
            kept = sum(peers.count_frames(path) for camera in range(self.plan.cameras)
                       for path in self.peer.files(self.setup, camera))
        return kept


def add_ratios(rows):
    for row in rows.values():
        for floor in FLOORS | FLOOR_LIVE:
            least = rows[floor]["cpu_s_per_camera_minute"] if floor in rows else 0
            row["x_" + floor.replace("-", "_")] = (
                row["cpu_s_per_camera_minute"] / least if least > 0 else None)


def run_stages(subjects, plan):
    for subject in subjects:
        subject.start()
    for subject in subjects:
        wait_for(subject.is_playing, START_S, f"{subject.name} with all cameras")
    for subject in subjects:
        subject.watch()
    time.sleep(plan.warm_s)
    start = time.monotonic()
    before = [subject.sample() for subject in subjects]
    time.sleep(plan.seconds)
    after = [subject.sample() for subject in subjects]
    seconds = time.monotonic() - start
    for subject, first, last in zip(subjects, before, after):
        subject.measure(first, last, seconds)
    for subject in subjects:
        subject.replay.pause()
    time.sleep(DRAIN_S)
    for subject in subjects:
        subject.count()


def run_round(plan, arguments, folder):
    """The recorder, and the floors in the same window. Returns their rows."""
    folder = tempfile.mkdtemp(prefix=f"{plan.name}-", dir=folder)
    os.chmod(folder, 0o755)
    try:
        with contextlib.ExitStack() as stack:
            floors = FLOORS | (FLOOR_LIVE if plan.viewers else {}) if plan.floors else {}
            subjects = [Subject(each, arguments, plan, folder, stack)
                        for each in [*floors, plan.name]]
            run_stages(subjects, plan)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    rows = {subject.name: subject.row for subject in subjects}
    add_ratios(rows)
    return rows
