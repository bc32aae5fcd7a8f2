#!/usr/bin/env python3
# check: seconds=480
"""The first path, from the command line: three cameras (H.264 with Digest and AAC; H.265; H.264 over
TLS) are recorded, exported frame by frame, and verified; bad input gets clear errors."""
import json
import sys
import time

from recorder import Camera, Recorder, count_frames


FPS = 15


def check_errors(r):
    """[layout 5] what is wrong is named, and what would be right."""
    for words, code, expected in [
            (("camera", "add", "Bad Name", "rtsp://127.0.0.1/x"), 1, "name:"),
            (("camera", "add", "x", "http://127.0.0.1/x"), 1, "rtsp"),
            (("camera", "add", "x", "rtsp://user:secret@127.0.0.1/x"), 1, "user"),
            (("camera", "add", "x"), 2, "missing"),
            (("camera", "add", "x", "rtsp://h/x", "--transport", "pigeon"), 1, "auto, tcp or udp"),
            (("camera", "add", "x", "rtsp://h/x", "--retain", "long"), 1, "30d"),
            (("camera", "remove", "nobody"), 1, "no camera"),
            (("export", "front", "--from", "yesterday", "--to", "@1", "-o", "/dev/null"), 2, "--from"),
            (("fly",), 2, "no such verb")]:
        import subprocess
        done = subprocess.run(r.command(*words), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == code and expected in done.stderr, (words, done)


def main():
    with Recorder({"segment_seconds": 5}) as r:
        check_errors(r)
        r.komainu("init", expect=1)
        password = r.secret()
        auth = ["--auth", "digest", "--user", "viewer", "--password-file", password]
        entry = ["--user", "viewer", "--password-file", password]
        small = ["--width", 320, "--height", 240, "--fps", FPS, "--gop", FPS]
        front = Camera("--mount", "/front", "--codec", "h264", "--audio", "aac", *auth, *small)
        back = Camera("--mount", "/back", "--codec", "h265", *small)
        safe = Camera("--mount", "/safe", "--codec", "h264", "--tls", *auth, *small)
        try:
            r.add("front", front.url, *entry)
            r.add("back", back.url)
            r.add("safe", safe.url, *entry, "--pin", safe.ready["sha256"])
            began = time.time_ns() // 1000
            r.start()
            assert r.serving["setup_token"], "a new recorder gives a set-up token"
            r.wait_streaming("front", "back", "safe")
            for name in ("front", "back", "safe"):
                r.wait_stored(name, 12 * FPS, 60)
            for name, codec, scheme in (("front", "H.264", "Digest MD5"), ("back", "H.265", "none"),
                                        ("safe", "H.264", "Digest MD5")):
                camera = r.camera(name)
                assert camera["tracks"][0]["codec"] == codec, camera
                assert camera["tracks"][0]["width"] == 320, camera
                assert camera["authentication"] == scheme, camera
                assert camera["lost"] == 0 and camera["gaps"] == 0, camera
            assert r.camera("safe")["active_transport"] == "TLS", r.camera("safe")
            assert any(t["kind"] == "audio" for t in r.camera("front")["tracks"])
            r.komainu("status")
        finally:
            sent = {name: c.stop() for name, c in (("front", front), ("back", back), ("safe", safe))}
        r.wait_all_stored(*sent)
        ended = time.time_ns() // 1000
        for name, frames in sent.items():
            camera = r.camera(name)
            # What was on its way when the camera was ended is lost: gapless.py counts exactly.
            assert camera["frames_stored"] >= frames - 4, (name, frames, camera)
            path = r.export(name, began, ended)
            assert count_frames(path) == camera["frames_stored"], (name, count_frames(path), camera)
        assert r.stop() == 0
        report = json.loads(r.komainu("verify", "--json"))
        assert report["ok"] and report["chunks"] > 20, report
        # The same again after the stop: nothing needs the running recorder.
        assert count_frames(r.export("front", began, ended)) >= sent["front"] - 4
    return 0


sys.exit(main())
