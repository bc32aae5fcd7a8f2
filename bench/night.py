#!/usr/bin/env python3
"""How long it takes to audit many cameras at the default pace: 500 must be done in one night.

bench/night.py [--cameras N] [--jobs N] [--hours H]

Every camera is an address of its own in 127.0.0.0/8 with the same virtual camera behind it; their entries
are disabled, so that nothing but the audits is measured. Prints the time of an audit, of all, and
what the guard and the auditor needed for it, and for the checklist afterwards. Exit status 1 if one fails, or
the night is too short.
"""
import argparse
import json
import pathlib
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/flow"))
from recorder import Camera, Recorder  # noqa: E402

PATIENCE_S = 60  # one audit at the default pace
CHECKLIST_S = 0.5  # of the guard's loop, for the answers of all cameras; nobody else is served meanwhile


def cpu_seconds(pid):
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / 100


def memory_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0


def measure(arguments):
    settings = {"audit_hours": 0, "audit_jobs": arguments.jobs}
    with Recorder(settings) as r:
        camera = Camera("--address", "0.0.0.0", "--auth", "digest", "--password-file", r.secret("night-1-lab"),
                        "--width", 320, "--height", 240)
        port = camera.url.split(":")[2].split("/")[0]
        try:
            for number in range(arguments.cameras):
                address = f"127.1.{number // 250}.{number % 250 + 1}"
                r.add(f"n{number}", f"rtsp://{address}:{port}/cam1", "--disable")
            r.start()
            began = time.monotonic()
            r.komainu("audit", "--all", "--json", timeout=arguments.hours * 3600)
            seconds = time.monotonic() - began
            audits = json.loads(r.komainu("audit", "list", "--json", timeout=60))["audits"]
            pids = {"guard": r.process.pid, "auditor": r.roles("auditor")[0]}
            used = {role: (cpu_seconds(pid), memory_mib(pid)) for role, pid in pids.items()}
            r.komainu("checklist", "--json", timeout=60)
            checklist = cpu_seconds(r.process.pid) - used["guard"][0]
        finally:
            camera.stop()
    return seconds, audits, used, checklist


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cameras", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--hours", type=float, default=8)
    arguments = parser.parse_args()
    seconds, audits, used, checklist = measure(arguments)
    each = [(audit["ended_us"] - audit["began_us"]) / 1e6 for audit in audits]
    failed = [audit for audit in audits if audit["state"] != "done"]
    print(f"{len(audits)} cameras, {arguments.jobs} at a time: {seconds:.0f} s; each {statistics.median(each):.1f} s "
          f"(at most {max(each):.1f}), {statistics.median(audit['packets'] for audit in audits):.0f} packets, "
          f"{statistics.median(audit['facts'] for audit in audits):.0f} facts")
    for role, (cpu, memory) in used.items():
        print(f"  {role}: {cpu / len(audits) * 1000:.0f} ms of CPU for each, {memory:.0f} MiB at most")
    print(f"the checklist of all: {checklist:.2f} s of the guard's CPU")
    print(f"500 cameras: {500 * seconds / len(audits) / 3600:.2f} h")
    assert len(audits) == arguments.cameras and not failed, failed[:3]
    assert max(each) < PATIENCE_S, f"an audit took {max(each):.0f} s"
    assert 500 * seconds / len(audits) < arguments.hours * 3600, "longer than a night"
    assert checklist < CHECKLIST_S, "the guard serves nobody else for too long"
    return 0


if __name__ == "__main__":
    sys.exit(main())
