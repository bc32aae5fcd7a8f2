#!/usr/bin/env python3
"""The demonstration: three virtual cameras and the recorder, until Ctrl-C.

lab/demo.py [--build DIR] [--state DIR] [--port N]

The state directory (default ./demo-state) is made on the first run and kept, so that recordings
grow from run to run; remove it to begin anew.
"""
import argparse
import json
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PASSWORD_BYTES = 12


def start_camera(build, arguments, environment=None):
    process = subprocess.Popen([str(build / "lab/komainu-lab-camera"), *arguments],
                               stdout=subprocess.PIPE, text=True, env=environment,
                               start_new_session=True)
    for line in process.stdout:
        event = json.loads(line)
        if event.get("event") == "ready":
            return process, event
    raise SystemExit("a virtual camera ended before it was ready")


def cameras(build, directory):
    """H.264 with Digest, H.265, and H.264 over TLS: (name, process, event, extra options)."""
    password = directory / "camera-password"
    if not password.exists():
        password.write_text(secrets.token_urlsafe(PASSWORD_BYTES) + "\n")
        password.chmod(0o600)
    picture = ["--width", "640", "--height", "360", "--fps", "15", "--gop", "30"]
    credentials = ["--auth", "digest", "--user", "komainu", "--password-file", str(password)]
    entry = ["--user", "komainu", "--password-file", str(password)]
    process, event = start_camera(build, ["--port", "0", "--mount", "/entrance", "--codec", "h264",
                                          "--audio", "aac", *credentials, *picture])
    yield "entrance", process, event, entry
    process, event = start_camera(build, ["--port", "0", "--mount", "/car-park", "--codec", "h265",
                                          *credentials, *picture])
    yield "car-park", process, event, entry
    process, event = start_camera(build, ["--port", "0", "--mount", "/office", "--codec", "h264",
                                          "--tls", *credentials, *picture])
    yield "office", process, event, [*entry, "--pin", event["sha256"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--state", default="demo-state")
    parser.add_argument("--port", type=int, default=8443)
    args = parser.parse_args()
    build = (ROOT / args.build).resolve()
    state = pathlib.Path(args.state).resolve()
    if os.geteuid() == 0 and any(not parent.stat().st_mode & 1 for parent in state.parents):
        # The roles' own users could not get there.
        state = pathlib.Path("/var/tmp/komainu-demo")
        print(f"The recordings are in {state}", flush=True)
    komainu = [str(build / "src/komainu"), "--state", str(state)]
    state.parent.mkdir(parents=True, exist_ok=True)

    running = []
    try:
        if not (state / "guard.db").exists():
            subprocess.run([*komainu, "init", "--host-name", "localhost"], check=True)
        known = {entry["name"] for entry in json.loads(subprocess.run(
            [*komainu, "--json", "camera", "list"], check=True, stdout=subprocess.PIPE).stdout)}
        settings = state / "komainu.yaml"
        lines = [f"listen_port: {args.port}" if line.startswith("listen_port:") else line
                 for line in settings.read_text().splitlines()]
        settings.write_text("\n".join(lines) + "\n")
        for name, process, event, options in cameras(build, state):
            running.append(process)
            words = ["set", name, "--url", event["url"]] if name in known else \
                ["add", name, event["url"]]
            subprocess.run([*komainu, "camera", *words, *options], check=True)
        recorder = subprocess.Popen([*komainu, "run"], start_new_session=True)
        running.append(recorder)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        while recorder.poll() is None:
            time.sleep(0.5)
        return recorder.returncode
    except KeyboardInterrupt:
        return 0
    finally:
        for process in reversed(running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    os.kill(process.pid, signal.SIGKILL)
                    process.wait()


if __name__ == "__main__":
    sys.exit(main())
