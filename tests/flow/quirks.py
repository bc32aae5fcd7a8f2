#!/usr/bin/env python3
# check: seconds=400
"""Each odd camera that the field knows (lab/hostile.py, kind quirk or lossy) is recorded: its pictures
arrive, none is lost where it sent all, and `camera test` names what is odd."""
import concurrent.futures
import json
import subprocess
import sys

from recorder import ROOT, Camera, Recorder

HOSTILE = ROOT / "lab/hostile.py"


def behaviours(*kinds):
    listing = subprocess.run([sys.executable, str(HOSTILE), "--list"], text=True, check=True,
                             stdout=subprocess.PIPE).stdout
    rows = [json.loads(line) for line in listing.splitlines()]
    return [row for row in rows if row["kind"] in kinds]


def check(r, row):
    name = row.get("name") or row["behaviour"]
    password = r.secret("lab-password")
    camera = Camera(program=[sys.executable, str(HOSTILE), "--behaviour", name, "--hold", "3"])
    try:
        done = subprocess.run(r.command("--json", "camera", "test", camera.url, "--user", "admin",
                                        "--password-file", password, "--for", "4s"),
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=90)
        result = json.loads(done.stdout) if done.stdout else {}
        if done.returncode != 0 or result.get("frames", 0) < 10:
            return f"{name}: {done.returncode} {done.stdout} {done.stderr}"
        if row["kind"] == "quirk" and result["lost"] > 0:
            return f"{name}: {result['lost']} packets counted as lost"
        print(f"{name}: {result['frames']} frames, odd: {', '.join(result['oddities']) or 'nothing'}")
        return None
    finally:
        camera.stop()


def main():
    with Recorder() as r, concurrent.futures.ThreadPoolExecutor(4) as pool:
        faults = [f for f in pool.map(lambda row: check(r, row), behaviours("quirk", "lossy")) if f]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
