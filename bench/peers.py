"""The recorders that bench/run.py compares: how each is started, stopped and checked.

A recorder is a class with start(setup) -> list of Popen, and files(setup, camera) -> its recordings
of one camera. Adding a class to ALL is the whole change.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

SEGMENT_S = 60
START_S = 60  # until all cameras are received


class Setup:
    """One recorder's run: its cameras, and a folder of its own."""

    def __init__(self, folder, port, cameras, binaries):
        self.folder = folder
        self.port = port
        self.cameras = cameras
        self.binaries = binaries
        self.all_received_s = None  # how long after the start, where it is known
        self.all_labelled_s = None
        self.log = open(os.path.join(folder, "log.txt"), "ab")

    def url(self, camera):
        return f"rtsp://127.0.0.1:{self.port or 9}/{camera}"

    def path(self, name):
        return os.path.join(self.folder, name)

    def spawn(self, command):
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log,
                                stderr=self.log, cwd=self.folder)

    def call(self, command):
        """Run a short command and return what it prints."""
        return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=self.log,
                              stdout=subprocess.PIPE, cwd=self.folder, timeout=30).stdout


class Peer:
    stop_signal = signal.SIGTERM
    ends_with_cameras = False
    cameras_max = 1024
    note = ""

    def is_there(self, binaries):
        return shutil.which(self.program) is not None

    def files(self, setup, camera):
        start = f"cam{camera}-"
        return sorted(setup.path(name) for name in os.listdir(setup.folder)
                      if name.startswith(start))

    def settle(self, setup):
        """Wait until all that was received is kept, if that can be told."""

    def kept(self, setup):
        """Frames kept as the recorder itself tells after it was stopped, or None."""
        return None


class Komainu(Peer):
    """The only place that knows komainu's command line."""

    name = "komainu"
    note = "encrypts, syncs"
    program = "komainu"

    def is_there(self, binaries):
        return os.access(binaries["komainu"], os.X_OK)

    def command(self, setup, *words):
        return [setup.binaries["komainu"], "--state", setup.path("state"), *words]

    def prepare(self, setup, settings=None):
        """A state directory with all cameras, and any free port for its web server."""
        setup.call(self.command(setup, "init", "--host-name", "localhost"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            wanted = {"listen_port": free.getsockname()[1], **(settings or {})}
        path = pathlib.Path(setup.path("state"), "komainu.yaml")
        text = path.read_text(encoding="utf-8")
        for name, value in wanted.items():
            text = re.sub(rf"(?m)^{name}:.*$", f"{name}: {value}", text)
        path.write_text(text, encoding="utf-8")
        for camera in range(setup.cameras):
            setup.call(self.command(setup, "camera", "add", f"cam{camera}", setup.url(camera)))

    def run(self, setup):
        setup.started_us = time.time_ns() // 1000
        with open(setup.path("serving.json"), "wb") as out:
            return subprocess.Popen(self.command(setup, "--json", "run"), stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=setup.log, cwd=setup.folder)

    def start(self, setup):
        self.prepare(setup)
        process = self.run(setup)
        self.time_start(setup, process)
        return [process]

    def serving(self, setup, process, patience_s=30):
        """Port and set-up token, when it serves."""
        path = pathlib.Path(setup.path("serving.json"))
        end = time.monotonic() + patience_s
        while not (text := path.read_text(encoding="utf-8")).endswith("\n"):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"komainu does not serve; see {setup.folder}")
            time.sleep(0.02)
        event = json.loads(text.splitlines()[0])
        return event["port"], event["setup_token"]

    def status(self, setup):
        """None while nobody answers."""
        done = subprocess.run(self.command(setup, "status", "--json"), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout else None

    def time_start(self, setup, process):
        """Poll until pictures of all cameras have come in; setup.all_received_s tells when."""
        end = time.monotonic() + START_S
        while time.monotonic() < end and process.poll() is None:
            status = self.status(setup)
            now_us = time.time_ns() // 1000
            received = [camera["frames_received"] for camera in (status or {}).get("cameras", [])]
            if len(received) == setup.cameras and min(received) > 0:
                setup.all_received_s = (now_us - setup.started_us) / 1e6
                return
            time.sleep(0.02)

    def settle(self, setup, patience_s=8):
        """Cameras are silent: wait until all that was received is stored."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            cameras = (self.status(setup) or {}).get("cameras", [])
            if cameras and all(camera["frames_stored"] == camera["frames_received"]
                               for camera in cameras):
                return
            time.sleep(0.1)

    def kept(self, setup):
        """After the stop, from the index: each picture that is surely on the disk."""
        with sqlite3.connect(f"file:{setup.path('state/index/index.db')}?mode=ro",
                             uri=True) as index:
            frames, = index.execute("SELECT sum(video_samples) FROM segment").fetchone()
            last, = index.execute("SELECT max(start_us) FROM (SELECT min(start_us) AS start_us"
                                  " FROM segment GROUP BY camera)").fetchone()
        if last is not None:
            setup.all_labelled_s = (last - setup.started_us) / 1e6
        return frames or 0

    def files(self, setup, camera):
        return None  # encrypted: `kept` counts


class Ffmpeg(Peer):
    name = "ffmpeg"
    note = "a process per camera, -c copy -f segment"
    ends_with_cameras = True  # SIGTERM while it waits for a silent camera spoils its files
    program = "ffmpeg"

    def start(self, setup):
        return [setup.spawn(["ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp",
                             "-i", setup.url(camera), "-c", "copy", "-f", "segment",
                             "-segment_time", str(SEGMENT_S), "-segment_format", "mp4",
                             "-reset_timestamps", "1", f"cam{camera}-%03d.mp4"])
                for camera in range(setup.cameras)]


class Gstreamer(Peer):
    name = "gstreamer"
    note = "one process, rtspsrc to splitmuxsink"
    program = "gst-launch-1.0"
    stop_signal = signal.SIGINT  # with -e: end of stream, so that files are closed

    def start(self, setup):
        command = ["gst-launch-1.0", "-q", "-e"]
        for camera in range(setup.cameras):
            command += ["rtspsrc", "protocols=tcp", f"location={setup.url(camera)}", "!",
                        "rtph264depay", "!", "h264parse", "!", "splitmuxsink",
                        f"max-size-time={SEGMENT_S * 10**9}", f"location=cam{camera}-%03d.mp4"]
        return [setup.spawn(command)]


class Motion(Peer):
    name = "motion"
    note = "movie_passthrough, emulate_motion (decodes)"
    program = "motion"
    cameras_max = 8

    def start(self, setup):
        with open(setup.path("motion.conf"), "w", encoding="utf-8") as file:
            file.write("daemon off\nlog_level 4\nwebcontrol_port 0\npicture_output off\n"
                       "movie_output on\nmovie_passthrough on\nemulate_motion on\n"
                       f"movie_max_time {SEGMENT_S}\nmovie_codec mp4\n"
                       "width 1920\nheight 1080\nframerate 15\n"
                       f"target_dir {setup.folder}\n")
            for camera in range(setup.cameras):
                file.write(f"camera {setup.path(f'motion-{camera}.conf')}\n")
        for camera in range(setup.cameras):
            with open(setup.path(f"motion-{camera}.conf"), "w", encoding="utf-8") as file:
                file.write(f"camera_id {camera + 1}\nnetcam_url {setup.url(camera)}\n"
                           f"movie_filename cam{camera}-%v\n")
        return [setup.spawn(["motion", "-n", "-c", setup.path("motion.conf")])]


ALL = {peer.name: peer for peer in (Komainu(), Ffmpeg(), Gstreamer(), Motion())}


def wait_for_end(processes, seconds):
    """Wait until all have ended by themselves, at most so long."""
    end = time.monotonic() + seconds
    while any(process.poll() is None for process in processes) and time.monotonic() < end:
        time.sleep(0.05)


def stop(processes, number, patience_s=15):
    """End exactly these processes: politely, then by SIGKILL."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(number)
    end = time.monotonic() + patience_s
    for process in processes:
        try:
            process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def count_frames(path):
    """Video packets in a file, by ffprobe; 0 for one that cannot be read."""
    done = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-select_streams", "v",
                           "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", path],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120)
    text = done.stdout.decode().strip().rstrip(",")
    return int(text) if text.isdigit() else 0
