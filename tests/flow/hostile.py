#!/usr/bin/env python3
# check: seconds=400
"""A hostile camera costs nothing but its own stream: beside all hostile ones at once, a healthy camera
of the same receiver process loses no frame, the receiver does not die, and its memory stays bounded."""
import json
import subprocess
import sys
import time

from recorder import Camera, Recorder, wait_for
from quirks import HOSTILE, behaviours

SECONDS = 40
RECONNECTS = 10000
STORM_CAMERAS = 24
MEMORY_MIB = 96  # private memory of the receiver with a dozen cameras, rings included


def receiver_memory_mib(pid):
    lines = open(f"/proc/{pid}/smaps_rollup").read().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024



def count_connections(cameras):
    return sum(len([e for e in camera.events() if e["event"] == "connected"]) for camera in cameras)


def storm():
    """10,000 connections to cameras that drop each of them."""
    with Recorder({"reconnect_ms": 1, "drain_ms": 20}) as r:
        healthy = Camera("--mount", "/healthy", "--codec", "h264", "--width", 320, "--height", 240,
                         "--fps", 15, "--gop", 15)
        dropping = [Camera(program=[sys.executable, str(HOSTILE), "--behaviour", "reconnect-storm"])
                    for _ in range(STORM_CAMERAS)]
        try:
            r.add("healthy", healthy.url)
            r.start()
            r.wait_streaming("healthy")
            pids = r.roles("receiver")
            for number, camera in enumerate(dropping):
                r.add(f"drops-{number}", camera.url)
            wait_for(f"{RECONNECTS} connections", lambda: count_connections(dropping) >= RECONNECTS, 200, 1)
            assert r.roles("receiver") == pids, "the receiver died"
            memory = max(receiver_memory_mib(pid) for pid in pids)
        finally:
            sent = healthy.stop()
            for camera in dropping:
                camera.stop()
        r.wait_all_stored("healthy")
        camera = r.camera("healthy")
        assert camera["frames_received"] >= sent - 4 and camera["lost"] + camera["gaps"] == 0, (sent, camera)
        assert memory < MEMORY_MIB, f"{memory:.0f} MiB"
        assert r.stop() == 0
        print(f"{count_connections(dropping)} connections dropped; healthy: {camera['frames_received']} of "
              f"{sent} frames; receiver {memory:.0f} MiB")


def main():
    storm()
    with Recorder({"drain_ms": 100}) as r:
        healthy = Camera("--mount", "/healthy", "--codec", "h264", "--width", 320, "--height", 240,
                         "--fps", 15, "--gop", 15)
        names = [row["behaviour"] for row in behaviours("hostile")]
        hostile = {name: Camera(program=[sys.executable, str(HOSTILE), "--behaviour", name]) for name in names}
        try:
            r.add("healthy", healthy.url)
            password = r.secret("lab-password")
            r.start()
            r.wait_streaming("healthy")
            for name, camera in hostile.items():
                r.add(f"h-{name}", camera.url, "--user", "admin", "--password-file", password)
            pids = r.roles("receiver")
            worst = 0
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                worst = max([worst, *(receiver_memory_mib(pid) for pid in r.roles("receiver"))])
                time.sleep(1)
            assert r.roles("receiver") == pids, "the receiver died"
            status = r.status()
            tries = len([e for e in hostile["401-forever"].events() if e["event"] == "connected"])
            assert tries <= 6, f"{tries} connections to a camera that refuses the login"
            refused = [c for c in status["cameras"] if c["name"] == "h-401-forever"][0]
            assert refused["state"] == "refused" and refused["error"], refused
            for camera in status["cameras"]:
                print(f"{camera['name']}: {camera['state']}, {camera['frames_received']} frames, "
                      f"{camera['reconnects']} reconnects, {camera['error']}")
        finally:
            sent = healthy.stop()
            for camera in hostile.values():
                camera.stop()
        r.wait_all_stored("healthy")
        camera = r.camera("healthy")
        assert camera["frames_received"] >= sent - 4 and camera["lost"] + camera["gaps"] == 0, (sent, camera)
        assert worst < MEMORY_MIB, f"{worst:.0f} MiB"
        assert r.stop() == 0
        r.komainu("verify")
        print(f"healthy: {camera['frames_received']} of {sent} frames; receiver {worst:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
