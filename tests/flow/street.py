#!/usr/bin/env python3
# check: alone seconds=300
"""A street of cameras is audited while it is recorded: every weakness is found, nothing is found that
is not there, no account is locked, no device falls over, and no picture is lost. [IPA a02, a03, a11, a12]

What is wrong with each camera: lab/street_cameras.py; that it is so: street_seeds.py.
"""
import json
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lab"))
import street  # noqa: E402
import street_cameras  # noqa: E402
import street_net  # noqa: E402
import street_services  # noqa: E402
import street_watch  # noqa: E402
from recorder import BUILD, Recorder, stop  # noqa: E402

LIFE_S = 290
AUDIT_S = 60  # one audit at the default pace
PACE = 40  # packets a second to one camera
LATE = 4  # packets that a busy machine holds back and lets go together
TRIES = 2  # logins with one account
SETTINGS = {"audit_jobs": 8, "audit_hours": 0, "audit_second_source": f'"{street_net.SECOND}"'}


class Score:
    """What an audit found of one camera, against what is wrong with it."""

    def __init__(self, camera, host, facts, audit):
        self.camera, self.host = camera, host
        self.facts = [fact for fact in facts if fact["is_known"] and fact["source"] in ("probe", "onvif")]
        self.seconds = (audit["ended_us"] - audit["began_us"]) / 1e6
        self.state, self.text = audit["state"], audit["text"]
        self.faults = []
        seeds = camera.expected(host)
        self.missed = [str(seed) for seed in seeds if not any(seed.fits(fact) for fact in self.facts)]
        self.found = len(seeds) - len(self.missed)
        self.false = [f"{fact['kind']} [{fact['subject']}] {fact['value']} ({fact['detail']})"
                      for fact in self.facts if any(alarm.fits(fact) for alarm in street_cameras.ALARMING)
                      and not any(seed.fits(fact) for seed in seeds)]
        self.ports()

    def ports(self):
        told = {fact["subject"]: fact["value"] for fact in self.facts if fact["kind"] == "port_open"}
        for port, protocol in self.camera.ports.items():
            if told.get(port) == protocol:
                self.found += 1
            else:
                self.missed.append(f"port_open [{port}] {protocol}, not {told.get(port)}")
        self.false += [f"port_open [{port}] {protocol}" for port, protocol in told.items()
                       if port not in self.camera.ports and port not in self.camera.ports_too]

    def answers(self, r):
        """What the checklist says of this camera."""
        told = json.loads(r.komainu("--json", "checklist", "--camera", self.camera.name))["answers"]
        states = {answer["requirement"]: answer["state"] for answer in told if not answer["is_audit_point"]}
        judged = self.camera.judged()
        for requirement, state in judged.items():
            if states.get(requirement) == state:
                self.found += 1
            else:
                self.missed.append(f"{requirement} {state}, not {states.get(requirement)}")
        if not self.camera.seeds:
            self.false += [f"{requirement} not met" for requirement, state in states.items()
                           if state == "not_met" and judged.get(requirement) != state]

    def pace(self, sent):
        self.asked, self.all = sent.most(sent.asked), sent.most(sent.all)
        self.connections, self.packets = sent.most(sent.connections), len(sent.all)
        if self.packets == 0:
            self.faults.append("no packet to it was seen")
        if self.asked > PACE + LATE:
            self.faults.append(f"{self.asked} packets asked within a second")
        if sent.most(sent.asked, 10.0) > 10 * PACE:
            self.faults.append(f"{sent.most(sent.asked, 10.0)} packets asked within 10 s")

    def manners(self):
        """No lock, no guessing, no reboot."""
        events = [event for name in ("door", "video", "onvif")
                  if (street_services.directory(self.host) / f"{name}.log").exists()
                  for event in street_services.events(self.host, name)]
        if any(event["event"] == "locked" or event.get("result") == "locked" for event in events):
            self.faults.append("an account was locked")
        # Of a door, and of an ONVIF device, which tells of logins that failed only.
        failed = [event["account"] if "account" in event else event["user"] for event in events
                  if event["event"] == "login" and not event.get("good", False)]
        for account in set(failed):
            if failed.count(account) > TRIES:
                self.faults.append(f"{failed.count(account)} failed logins as {account}")
        if street_services.USER in failed:
            self.faults.append("the recorder's own login failed")
        if self.camera.name == "frail" and street_services.reboots(self.host) > 0:
            self.faults.append("it rebooted")

    def judge(self):
        if self.state != "done":
            self.faults.append(f"the audit is {self.state}: {self.text}")
        if self.seconds > AUDIT_S:
            self.faults.append(f"it took {self.seconds:.0f} s")

    def show(self):
        print(f"{self.camera.name:10} found {self.found:2}  missed {len(self.missed):2}  "
              f"false {len(self.false):2}  {self.seconds:4.0f} s  {self.packets:5} packets, within a second "
              f"{self.asked:2} asked, {self.all:2} sent, {self.connections:2} connections")
        for kind in ("missed", "false", "faults"):
            for text in getattr(self, kind):
                print(f"           {kind}: {text}")

    def is_good(self):
        return not (self.missed or self.false or self.faults)


def add_cameras(r, lived):
    for camera, host in lived.values():
        login = ["--user", street_services.USER, "--password-file", street_services.PASSWORD] \
            if camera.has_login else []
        pin = ["--pin", street_services.events(host, "rtsp")[0]["sha256"]] if camera.scheme == "rtsps" else []
        r.add(camera.name, street_cameras.url(camera, host), *login, *pin, *camera.options,
              *([] if camera.is_recorded else ["--disable"]))


def audit(r):
    """All of them; seconds that it took together."""
    began = time.monotonic()
    r.komainu("--json", "audit", "--all", expect=None)
    audits = {row["camera_name"]: row for row in json.loads(r.komainu("--json", "audit", "list"))["audits"]}
    facts = json.loads(r.komainu("--json", "audit", "facts", "--all"))["facts"]
    return audits, facts, time.monotonic() - began


def check_pictures(r, lived):
    """Faults: pictures that were sent and are not recorded."""
    faults, total = [], 0
    for camera, host in lived.values():
        if not camera.is_recorded:
            continue
        stop(host.stream)
        sent = street_services.events(host, "rtsp")[-1]["rtp_frames"]
        # A stream that ends may hold back its last pictures.
        r.wait_all_stored(camera.name)
        told = r.camera(camera.name)
        total += told["frames_received"]
        if told["frames_received"] < sent - 4 or told["lost"] != 0:
            faults.append(f"{camera.name}: {told['frames_received']} of {sent} pictures, {told['lost']} lost")
        if told["gaps"] != 0:
            faults.append(f"{camera.name}: {told['gaps']} gaps")
    return faults, total


def check_elsewhere(sent, lived):
    """Faults: packets to anybody who is not registered."""
    known = {host.address for _, host in lived.values()}
    return [f"{len(what.all)} packets to {address}" for address, what in sent.items() if address not in known]


def main():
    street_net.enter(LIFE_S)
    line, lived = street.make(BUILD, sys.argv[1:] or None)  # all cameras, or those that are named
    line.add("neighbour", number=street_net.NEIGHBOUR)
    try:
        with Recorder(SETTINGS) as r:
            add_cameras(r, lived)
            r.start()
            recorded = [camera.name for camera, _ in lived.values() if camera.is_recorded]
            r.wait_streaming(*recorded, seconds=40)
            watch = street_watch.Watch()
            watch.start()
            audits, facts, seconds = audit(r)
            sent = watch.stop()
            faults, pictures = check_pictures(r, lived)
            faults += check_elsewhere(sent, lived)
            scores = []
            for name, (camera, host) in lived.items():
                score = Score(camera, host, [fact for fact in facts if fact["camera_name"] == name], audits[name])
                score.pace(sent[host.address])
                score.answers(r)
                score.manners()
                score.judge()
                score.show()
                scores.append(score)
            assert r.stop() == 0
        for fault in faults:
            print(f"fault: {fault}")
        print(f"{len(scores)} cameras in {seconds:.0f} s: {sum(s.found for s in scores)} found, "
              f"{sum(len(s.missed) for s in scores)} missed, {sum(len(s.false) for s in scores)} false; "
              f"{pictures} pictures recorded meanwhile")
        return 0 if all(score.is_good() for score in scores) and not faults else 1
    finally:
        line.finish()


if __name__ == "__main__":
    sys.exit(main())
