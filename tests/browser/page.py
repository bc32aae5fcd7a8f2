#!/usr/bin/env python3
"""The page against the real recorder in Chromium: real.mjs, with a virtual camera before it. The
screenshots of every screen are kept in build/screenshots."""
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from recorder import BUILD, ROOT, Camera, Recorder  # noqa: E402

FPS = 15


def main():
    shots = BUILD / "screenshots"
    shots.mkdir(exist_ok=True)
    picture = ["--width", 640, "--height", 360, "--fps", FPS, "--gop", 30]
    with Recorder() as r:
        password = r.secret()
        auth = ["--auth", "digest", "--user", "viewer", "--password-file", password]
        entrance = Camera("--mount", "/entrance", "--codec", "h264", "--audio", "aac", *auth, *picture)
        parking = Camera("--mount", "/parking", "--codec", "h265", *picture)
        office = Camera("--mount", "/office", "--codec", "h264", "--tls", *auth, *picture)
        try:
            entry = ["--user", "viewer", "--password-file", password]
            r.add("entrance", entrance.url, *entry)
            r.add("parking", parking.url)
            r.add("office", office.url, *entry, "--pin", office.ready["sha256"])
            serving = r.start()
            # The label of a moment is learnt from the least delayed pictures of a run's first seconds.
            # A browser that starts in them, on two cores, delays them all.
            r.wait_streaming("entrance", "parking", "office")
            time.sleep(4)
            environment = dict(os.environ, KOMAINU_ADDRESS=f"https://localhost:{r.port}",
                               KOMAINU_TOKEN=serving["setup_token"], KOMAINU_FPS=str(FPS),
                               KOMAINU_RECORDED_S="30", KOMAINU_SHOTS=str(shots))
            done = subprocess.run(["node", str(ROOT / "tests/browser/real.mjs")], env=environment,
                                  timeout=400, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            print(done.stdout)
            passed = sum(line.startswith("ok ") for line in done.stdout.splitlines())
            failed = sum(line.startswith("not ok ") for line in done.stdout.splitlines())
            assert done.returncode == 0 and failed == 0 and passed > 5, f"{passed} passed, {failed} failed"
        finally:
            for camera in (entrance, parking, office):
                camera.stop()
    return 0


sys.exit(main())
