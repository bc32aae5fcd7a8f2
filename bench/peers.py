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
import subprocess
import time

SEGMENT_S = 60


class Setup:
    """One recorder's run: its cameras, and a folder of its own."""

    def __init__(self, folder, port, cameras, binaries):
        self.folder = folder
        self.port = port
        self.cameras = cameras
        self.binaries = binaries
        self.log = open(os.path.join(folder, "log.txt"), "ab")

    def url(self, camera):
        return f"rtsp://127.0.0.1:{self.port}/{camera}"

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

    def kept(self, setup):
        """Frames kept as the recorder itself says before it is stopped, or None."""
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

    def choose_port(self, setup):
        """Any free port for its web server: the default one may be taken here."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = pathlib.Path(setup.path("state"), "komainu.yaml")
        settings.write_text(re.sub(r"(?m)^listen_port:.*$", f"listen_port: {port}",
                                   settings.read_text(encoding="utf-8")), encoding="utf-8")

    def start(self, setup):
        setup.call(self.command(setup, "init", "--host-name", "localhost"))
        self.choose_port(setup)
        for camera in range(setup.cameras):
            setup.call(self.command(setup, "camera", "add", f"cam{camera}", setup.url(camera)))
        return [setup.spawn(self.command(setup, "run"))]

    def kept(self, setup):
        status = json.loads(setup.call(self.command(setup, "status", "--json")))
        return sum(camera.get("frames_stored", 0) for camera in status["cameras"])

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
