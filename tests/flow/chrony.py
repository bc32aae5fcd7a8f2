#!/usr/bin/env python3
# check: slow seconds=480
"""chrony keeps the recorder's clock, or nothing does: both are told, and a clock that chrony sets right by
a step is a step like any other. [IPA a04-4]

chronyd and its server are Debian's, in network namespaces of their own. The clock that it keeps is not
the machine's: it lies in a file, and the recorder's programs see the same one (moved_clock.c).
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lab"))
import street_net  # noqa: E402
from clock import MovedClock, entries, record_part  # noqa: E402
from recorder import Camera, Recorder, wait_for  # noqa: E402

LIFE_S = 400  # far more than it takes
AHEAD_S = 30
PART_S = 4
UNSYNCED = 0x40  # STA_UNSYNC of adjtimex(2)
NS = 10 ** 9


class KeptClock(MovedClock):
    """With what the kernel knows of it: nothing keeps it right at first."""

    def set(self, seconds):
        self.file.write_bytes(struct.pack("=7q", int(seconds * NS), 1, UNSYNCED, 16_000_000, 16_000_000, 0, 10_000))

    def read(self):
        """Seconds that it is ahead, and whether it is kept."""
        shift, _, status, *_ = struct.unpack("=7q", self.file.read_bytes())
        return shift / NS, not status & UNSYNCED


def settings(folder, *lines):
    path = folder / "chrony.conf"
    path.write_text("\n".join(["user root", "cmdport 0", f"pidfile {folder}/pid", f"bindcmdaddress {folder}/sock",
                               *lines, ""]))
    folder.chmod(0o700)
    return path


def serve(line):
    """A server in a network of its own, that goes by the machine's clock and does not touch it (-x)."""
    host = line.add("time")
    folder = line.directory("time")
    os.chown(folder, 0, 0)
    path = settings(folder, "local stratum 3", f"allow {street_net.NETWORK}.0/24")
    plain = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    host.start(street_net.program("chronyd"), "-x", "-d", "-f", path, is_root=True, env=plain,
               stdout=open(folder / "log", "w"), stderr=subprocess.STDOUT)
    return host


def keep(line, host, clock):
    """chronyd as Debian sets it up (rtcsync, makestep), on the recorder's machine."""
    folder = line.directory("chrony")
    os.chown(folder, 0, 0)
    path = settings(folder, f"server {host.address} iburst minpoll 0 maxpoll 1", "rtcsync", "makestep 1 3", "port 0")
    process = subprocess.Popen([street_net.program("chronyd"), "-d", "-f", str(path)],
                               stdout=open(folder / "log", "w"), stderr=subprocess.STDOUT,
                               env=dict(os.environ, **clock.environment))
    line.processes.append(process)
    return folder / "log"


def drift_alarms(r):
    alarms = json.loads(r.komainu("--json", "alarm", "list", "--all"))["alarms"]
    return [alarm for alarm in alarms if alarm["kind"] == "clock_drift"]


def check(r, line, clock):
    real_us = time.time_ns() // 1000  # this process has the machine's clock
    r.wait_streaming("cam1")
    assert r.status()["clock"] == {"kept": False}, r.status()["clock"]
    assert "nothing keeps it right" in r.komainu("status", expect=None)
    wait_for("the alarm", lambda: drift_alarms(r), 90, 1)
    assert len(entries(r, 95)) == 1 and entries(r, 96) == [], entries(r, 96)
    record_part(r, PART_S)
    log = keep(line, serve(line), clock)
    try:
        wait_for("chrony keeps the clock", lambda: clock.read()[1], 40)
        wait_for("it is told", lambda: r.status()["clock"]["kept"], 30)
        wait_for("the alarm is over", lambda: drift_alarms(r)[0]["cleared_us"], 30, 1)
    except AssertionError:
        print(log.read_text(), file=sys.stderr)
        raise
    ahead, _ = clock.read()
    assert abs(ahead) < 0.05, f"chrony left the clock {ahead} s ahead"
    assert r.status()["clock"]["error_us"] < 100_000, r.status()["clock"]
    steps = [float(text.split()[1]) for text in entries(r, 20)]
    assert len(steps) == 1 and abs(steps[0] + AHEAD_S) < 0.5, steps
    record_part(r, PART_S)
    assert len(drift_alarms(r)) == 1 and len(entries(r, 96)) == 1, drift_alarms(r)
    assert entries(r, 11) == [], f"the camera was lost: {entries(r, 11)}"
    told = r.camera("cam1")
    assert told["lost"] == 0, told
    print(f"unsynced after {AHEAD_S} s ahead, alarm; chrony stepped it by {steps[0]:.1f} s, "
          f"{abs(ahead) * 1e6:.0f} us off, alarm over; {told['frames_received']} pictures, none lost "
          f"({(time.time_ns() // 1000 - real_us) / 1e6:.0f} s)")


def main():
    street_net.enter(LIFE_S)
    line = street_net.Street()
    clock = KeptClock()
    clock.set(AHEAD_S)
    os.environ.update(clock.environment)
    camera = Camera("--mount", "/cam1", "--width", 320, "--height", 240, "--fps", 15, "--gop", 15)
    try:
        with Recorder({"clock_unsynced_minutes": 1}, build=clock.directory) as r:
            r.add("cam1", camera.url)
            r.start()
            check(r, line, clock)
            assert r.stop() == 0
    finally:
        camera.stop()
        clock.remove()
        line.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
