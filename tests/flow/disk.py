#!/usr/bin/env python3
# check: seconds=300
"""A disk that fills up ends in early retention, never in a silent stop; a disk that is full of other
things, or refuses writing, ends in an alarm, and recording resumes by itself. (I/O errors at each single
call are tests/unit/test_recorder_faults.c.)

Needs root, for a small tmpfs of its own.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from recorder import Camera, Recorder, wait_for

DISK_MIB = 24


def mount():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="komainu-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0711", "tmpfs", directory], check=True)
    (directory / "recordings").mkdir(mode=0o750)
    return directory


def storage(r):
    status = r.status()
    return status["storage"]["state"] if status else None


def stored(r):
    return r.camera("a")["frames_stored"]


def goes_on(r, what):
    before = stored(r)
    wait_for(what, lambda: stored(r) > before + 10, 30)


def main():
    if os.geteuid() != 0:
        print("root is needed to mount a small tmpfs", file=sys.stderr)
        return 1
    disk = mount()
    camera = Camera("--mount", "/a", "--codec", "h264", "--width", 1280, "--height", 720, "--fps", 15,
                    "--gop", 15, "--bitrate", 6000, "--pattern", "noise")
    try:
        with Recorder({"recordings": f'"{disk}/recordings"', "segment_seconds": 4,
                       "free_bytes_min": 4 << 20}) as r:
            r.add("a", camera.url)
            r.start()
            r.wait_streaming("a")
            goes_on(r, "recording begins")

            # The disk fills: the oldest segments go, recording never stops.
            first = r.camera("a")["oldest_us"]
            wait_for("the oldest recordings are deleted", lambda: r.camera("a")["oldest_us"] > first + 4_000_000,
                     180, 0.5)
            goes_on(r, "recording goes on while the oldest is deleted")
            camera_now = r.camera("a")
            assert camera_now["gaps"] == 0, camera_now

            # Somebody else fills it: nothing of ours is left to delete, an alarm, and back.
            foreign = disk / "foreign"
            with open(foreign, "wb") as file:
                try:
                    for _ in range(DISK_MIB):
                        file.write(b"x" * (1 << 20))
                        file.flush()
                        time.sleep(0.2)
                except OSError:
                    pass
            wait_for("the full disk is told", lambda: storage(r) in ("full", "tight", "failed"), 60)
            foreign.unlink()
            wait_for("the disk is fine again", lambda: storage(r) in ("ok", "tight"), 60)
            goes_on(r, "recording resumes")

            # Writing is refused.
            for path in [disk / "recordings", *(disk / "recordings").rglob("*")]:
                if path.is_dir():
                    path.chmod(0o550)
            wait_for("the refusal is told", lambda: storage(r) == "failed", 60)
            for path in [disk / "recordings", *(disk / "recordings").rglob("*")]:
                if path.is_dir():
                    path.chmod(0o750)
            wait_for("the disk is fine again", lambda: storage(r) in ("ok", "tight"), 60)
            goes_on(r, "recording resumes")
            r.stop()
            r.komainu("verify")
    finally:
        camera.stop()
        subprocess.run(["umount", disk], check=False)
        disk.rmdir()
    return 0


sys.exit(main())
