"""What the flow tests share: a recorder in a state directory of its own, virtual cameras, and checks.

Everything that is started here is ended here, by process id; every wait has an end.
"""
import json
import os
import pathlib
import random
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("KOMAINU_BUILD", "build")


def wait_for(what, condition, seconds, step=0.1):
    """Until condition() gives something true, which is returned."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(step)


CLAIMS = []  # sockets that say to other tests which ports are ours


def free_port():
    """A port for this process alone, as long as it lives: no other test is given it, and it is none of those
    that the kernel gives to connections, so it stays free also while a server is away."""
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.SystemRandom().sample(range(20000, max(low, 21000)), 500):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0komainu-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("", port))
        except OSError:
            claim.close()
            continue
        CLAIMS.append(claim)
        return port
    raise AssertionError("no port is free")


def check_sanitizers(text):
    """What a sanitizer says is a failure, whatever becomes of the process that said it."""
    lines = text.splitlines()
    found = [i for i, line in enumerate(lines) if "runtime error:" in line or "Sanitizer" in line]
    assert not found, "\n".join(lines[max(0, found[0] - 5):found[0] + 60])


def listen(address, port, serve):
    """A listener each of whose connections serve() gets, in a thread of its own; it ends when it is closed."""
    listener = socket.create_server((address, port))

    def accept():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


def stop(process, seconds=20, with_signal=signal.SIGTERM):
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


class Camera:
    """A virtual camera of lab/; `frames` after stop() is what it sent."""

    def __init__(self, *arguments, program=None):
        self.log = tempfile.TemporaryFile("w+")
        command = program or [str(BUILD / "lab/komainu-lab-camera"), "--port", "0"]
        self.process = subprocess.Popen([*command, *map(str, arguments)], stdout=self.log,
                                        stderr=subprocess.DEVNULL)
        event = wait_for("the camera is ready", lambda: self.event("ready"), 20)
        self.url, self.ready = event["url"], event

    def events(self):
        self.log.seek(0)
        found = []
        for line in self.log.read().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                pass  # a line that is being written
        return found

    def event(self, name):
        if self.process.poll() is not None and name == "ready":
            raise AssertionError("the camera has ended")
        found = [event for event in self.events() if event.get("event") == name]
        return found[-1] if found else None

    def stop(self):
        stop(self.process)
        last = self.event("end") or {}
        # Not what it made: what its encoder still held is not sent.
        self.frames = last.get("rtp_frames", last.get("frames"))
        return self.frames


class Recorder:
    """`with Recorder() as r:`: an initialised state directory; r.start() runs it."""

    def __init__(self, settings=None, build=None, recordings=None):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="komainu-test-"))
        self.directory.chmod(0o711)  # the roles' own users must get through
        self.state = self.directory / "state"
        self.build = pathlib.Path(build) if build else BUILD
        self.process = None
        self.port = free_port()
        self.log_path = self.directory / "log"
        self.komainu("init", "--host-name", "localhost")
        wanted = {"listen_address": '"127.0.0.1"', "listen_port": self.port,
                  "free_bytes_min": 1 << 20, **(settings or {})}
        path = self.state / "komainu.yaml"
        lines = []
        for line in path.read_text().splitlines():
            key = line.split(":")[0]
            lines.append(f"{key}: {wanted[key]}" if key in wanted and not line.startswith("#") else line)
        path.write_text("\n".join(lines) + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()
        log = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        if error[0] is not None:
            print(log[-8000:], file=sys.stderr)
        shutil.rmtree(self.directory, ignore_errors=True)
        check_sanitizers(log)

    def command(self, *words):
        return [str(self.build / "src/komainu"), "--state", str(self.state), *map(str, words)]

    def komainu(self, *words, expect=0, timeout=300):
        done = subprocess.run(self.command(*words), text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout)
        check_sanitizers(done.stderr)
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"komainu {' '.join(map(str, words))}: {done.returncode}, not "
                                 f"{expect}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def secret(self, text=None):
        """A file with a password."""
        path = self.directory / f"secret-{secrets.token_hex(4)}"
        path.write_text((text or secrets.token_urlsafe(12)) + "\n")
        path.chmod(0o600)
        return path

    def add(self, name, url, *options):
        return self.komainu("camera", "add", name, url, *options)

    def start(self):
        self.log = open(self.log_path, "a")
        self.process = subprocess.Popen(self.command("--json", "run"), stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        line = self.process.stdout.readline()
        assert line, "the recorder ended: " + self.log_path.read_text()[-2000:]
        self.serving = json.loads(line)
        return self.serving

    def stop(self, with_signal=signal.SIGTERM):
        if self.process is not None:
            code = stop(self.process, 30, with_signal)
            self.process.stdout.close()
            self.log.close()
            self.process = None
            return code
        return None

    def status(self):
        done = subprocess.run(self.command("status", "--json"), text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=20)
        return json.loads(done.stdout) if done.stdout else None

    def camera(self, name):
        status = self.status()
        found = [c for c in status["cameras"] if c["name"] == name] if status else []
        return found[0] if found else None

    def roles(self, role):
        status = self.status()
        return [r["pid"] for r in status["roles"] if r["role"] == role and r["pid"]] if status else []

    def refuse(self, name, when):
        """From now on the guard's database refuses this, as on a full disk."""
        with sqlite3.connect(self.state / "guard.db", timeout=20) as database:
            database.execute(f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, 'no'); END")

    def allow(self, name):
        with sqlite3.connect(self.state / "guard.db", timeout=20) as database:
            database.execute(f"DROP TRIGGER {name}")

    def wait_streaming(self, *names, seconds=20):
        def streams():
            return all((self.camera(name) or {}).get("state") == "streaming" for name in names)
        wait_for(f"{', '.join(names)} streaming", streams, seconds)

    def wait_stored(self, name, frames, seconds=60):
        wait_for(f"{frames} frames of {name} stored",
                 lambda: (self.camera(name) or {}).get("frames_stored", 0) >= frames, seconds, 0.2)

    def wait_all_stored(self, *names, seconds=30):
        """Of cameras that have ended: the end of their streams was read, and all that came is stored."""
        def is_stored():
            cameras = [self.camera(name) or {} for name in names]
            return all(camera.get("state", "streaming") != "streaming" and
                       camera["frames_stored"] == camera["frames_received"] for camera in cameras)
        wait_for(f"all received of {', '.join(names)} is stored", is_stored, seconds)

    def export(self, name, start_us, end_us):
        path = self.directory / f"{name}-{secrets.token_hex(3)}.mp4"
        self.komainu("export", name, "--from", seconds_text(start_us), "--to", seconds_text(end_us),
                     "-o", path)
        return path


def seconds_text(unix_us):
    return f"@{unix_us // 1000000}.{unix_us % 1000000:06d}"


def count_frames(path):
    """Video packets in a file, as ffprobe counts them."""
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_packets",
                           "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", str(path)],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr
    return int(done.stdout.split()[0].strip(","))
