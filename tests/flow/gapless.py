#!/usr/bin/env python3
# check: slow seconds=1200
"""Gapless: for ten minutes of three cameras, frames recorded = frames sent, also across segments.

tests/flow/gapless.py [SECONDS]
"""
import sys
import time

from recorder import Camera, Recorder, count_frames, wait_for


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    fps = 15
    # The last second is not sent to its end: the cameras stop by themselves after exactly so many.
    frames = (seconds - 2) * fps
    with Recorder({"segment_seconds": 20}) as r:
        cameras = {name: Camera("--mount", f"/{name}", "--codec", codec, "--frames", frames, "--width", 320,
                                "--height", 240, "--fps", fps, "--gop", 30)
                   for name, codec in (("a", "h264"), ("b", "h264"), ("c", "h265"))}
        try:
            for name, camera in cameras.items():
                r.add(name, camera.url)
            began = time.time_ns() // 1000
            r.start()
            r.wait_streaming(*cameras)
            for name in cameras:
                r.wait_stored(name, frames, seconds + 60)
            wait_for("all received is stored", lambda: all(
                r.camera(n)["frames_stored"] == r.camera(n)["frames_received"] for n in cameras), 30)
            status = {name: r.camera(name) for name in cameras}
        finally:
            sent = {name: camera.stop() for name, camera in cameras.items()}
        ended = time.time_ns() // 1000
        r.stop()
        for name in cameras:
            assert status[name]["frames_stored"] == frames, (sent, status[name])
            assert status[name]["lost"] == 0, status[name]
            kept = count_frames(r.export(name, began, ended))
            assert kept == frames, f"{name}: {kept} of {frames} frames"
        r.komainu("verify")
        print(f"{len(cameras)} cameras, {frames} frames each: all recorded")
    return 0


sys.exit(main())
