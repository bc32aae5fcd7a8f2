#!/usr/bin/env python3
# check: seconds=480
"""A camera that may be taken over is brought back, step by step, against a virtual ONVIF device: isolated, set back,
given a new password, updated from a file, audited; the incident ticks each step off, and nothing that the recorder
did itself is an alarm. Services and a restart beside it. [ONVIF Core 8.2, 8.3; IPA a12-3]"""
import hashlib
import json
import random
import secrets
import subprocess
import sys

from device import Device
from recorder import Camera, Recorder, free_port, wait_for

ADDRESS = f"127.{random.randrange(16, 250)}.{random.randrange(1, 250)}.11"
PORT = 8000  # one of the usual places of ONVIF
ACCOUNT, DOCUMENTED, OWN = "admin", "as-delivered-1", "our-own-password-1"


class Gate:
    """The camera in the recorder: its web services and its pictures."""

    def __init__(self, r):
        self.r = r
        self.device = Device(r.directory, ADDRESS, [f"{ACCOUNT}:{DOCUMENTED}:Administrator"],
                             "--firmware", "1.0.0", "--reboot-seconds", 1, port=PORT)
        factory = {"users": {ACCOUNT: {"password": DOCUMENTED, "level": "Administrator"}}}
        self.device.state.write_text(json.dumps(self.as_found(factory)))
        self.device.stop()
        self.device.start()
        self.lab = ["--mount", "/gate", "--address", ADDRESS, "--auth", "digest", "--user", ACCOUNT, "--fps", 10,
                    "--port", free_port()]
        self.pictures = Camera(*self.lab, "--password-file", r.secret(OWN))

    @staticmethod
    def as_found(settings):
        settings["users"][ACCOUNT]["password"] = OWN
        return {"protocols": {"HTTP": [True, [80]], "HTTPS": [True, [443]], "RTSP": [True, [554]]}, "ntp": [],
                "ntp_from_dhcp": False, "filter": ["Allow", []], "host_name": "camera-1", "discovery": "Discoverable",
                "scopes": ["onvif://www.onvif.org/name/Lab%20Camera"], "firmware": "1.0.0", **settings}

    def stop(self):
        self.device.stop()
        self.pictures.stop()

    def serve_with(self, password):
        """The pictures of a camera have the accounts of its web services."""
        self.pictures.stop()
        self.pictures = Camera(*self.lab, "--password-file", self.r.secret(password))

    def asked(self, *words):
        return json.loads(self.r.komainu(*words, "--json"))

    def fix(self, *words):
        done = self.asked("camera", "fix", "gate", *words, "--yes")["remedies"][0]
        assert done["state"] == "done", done
        return done

    def refused(self, *words):
        done = subprocess.run(self.r.command("camera", "fix", "gate", *words, "--yes"), text=True, capture_output=True,
                              timeout=120)
        assert done.returncode in (1, 4), done
        return done.stderr

    def fact(self, kind):
        return [fact["value"] for fact in self.asked("audit", "facts", "gate", "--kind", kind)["facts"]]

    def audits(self):
        return len([one for one in self.asked("journal", "show", "--event", "audit_ended")["entries"]])

    def audited_after(self, change):
        """What is put right is looked at again by itself."""
        before = self.audits()
        result = change()
        wait_for("the audit after it", lambda: self.audits() > before, 60)
        return result


def check_services(gate):
    gate.r.komainu("audit", "gate")
    assert "rtsp" in gate.refused("services", "--services", "rtsp")
    gate.audited_after(lambda: gate.fix("services", "--services", "https,discovery"))
    settings = gate.device.settings()
    assert settings["protocols"]["HTTPS"] == [False, [443]] and settings["discovery"] == "NonDiscoverable", settings
    assert settings["protocols"]["HTTP"][0] and settings["protocols"]["RTSP"][0], settings
    assert "without https" in gate.refused("services", "--services", "http")


def check_restart(gate):
    stored = gate.r.camera("gate")["frames_stored"]
    gate.fix("reboot")
    gate.device.wait_restarted(1)
    gate.r.wait_stored("gate", stored + 20)


def check_firmware(gate, folder):
    """An administrator of the machine lays the file there; nothing else is ever sent."""
    assert "file" in gate.refused("firmware", "--file", "../komainu.yaml")
    assert "file" in gate.refused("firmware", "--file", "absent.bin")
    folder.mkdir(mode=0o755, exist_ok=True)
    (folder / "wrong.bin").write_bytes(b"for another model\n" + secrets.token_bytes(5000))
    gate.refused("firmware", "--file", "wrong.bin")
    assert gate.device.settings()["firmware"] == "1.0.0"
    data = b"lab-firmware 2.0.0\n" + secrets.token_bytes(3_000_000)
    (folder / "right.bin").write_bytes(data)
    gate.fix("firmware", "--file", "right.bin")
    taken = [one for one in gate.device.events if one["event"] == "firmware"][-1]
    assert taken["size"] == len(data) and taken["sha256"] == hashlib.sha256(data).hexdigest(), taken
    assert gate.device.settings()["firmware"] == "2.0.0"


def steps_done(gate, number):
    """The numbers of those that are."""
    bits = gate.asked("incident", "show", number)["incidents"][0]["steps_done"]
    return {step for step in range(1, 6) if bits & 1 << (step - 1)}


def check_password_is_told(gate, name):
    """On the recorder's own machine, never over another file, and the journal says so before."""
    told = gate.r.directory / name
    before = len(gate.asked("journal", "show", "--event", "camera_password_read")["entries"])
    gate.r.komainu("camera", "password", "gate", "-o", told)
    assert told.read_text() == gate.device.password(ACCOUNT) + "\n" and told.stat().st_mode & 0o777 == 0o600
    assert gate.asked("camera", "password", "gate")["password"] == gate.device.password(ACCOUNT)
    gate.r.komainu("camera", "password", "gate", "-o", told, expect=1)
    entries = gate.asked("journal", "show", "--event", "camera_password_read")["entries"]
    assert len(entries) == before + 3 and all("gate" in entry["text"] for entry in entries), entries
    return told


def check_first_aid(gate):
    number = gate.asked("camera", "aid", "gate")["incidents"][0]["number"]
    gate.audited_after(lambda: gate.fix("filter"))
    assert gate.device.settings()["filter"][1], gate.device.settings()
    gate.fix("reset")
    assert gate.device.count("factory_default") == 1
    assert gate.device.password(ACCOUNT) == DOCUMENTED
    gate.device.wait_restarted(2)

    documented = gate.r.secret(DOCUMENTED)
    gate.audited_after(lambda: gate.fix("password", "--account", ACCOUNT, "--password-file", documented,
                                        "--allow-clear"))
    first = gate.device.password(ACCOUNT)
    assert first not in (DOCUMENTED, OWN) and len(first) == 16
    # Once more at once, with what the recorder made as what a person brings: nobody guessed.
    for name in ("first", "second"):
        told = check_password_is_told(gate, name)
        gate.fix("password", "--account", ACCOUNT, "--password-file", told, "--allow-clear")
    new = gate.device.password(ACCOUNT)
    gate.serve_with(new)
    gate.r.wait_streaming("gate", seconds=90)
    assert steps_done(gate, number) >= {1, 2, 3}, steps_done(gate, number)

    check_firmware(gate, gate.r.state / "firmware")
    gate.device.wait_restarted(3)
    gate.r.komainu("audit", "gate")
    assert "2.0.0" in gate.fact("firmware"), gate.fact("firmware")
    assert steps_done(gate, number) == {1, 2, 3, 4, 5}, gate.asked("incident", "show", number)
    assert "yes" in gate.fact("own_login"), gate.fact("own_login")
    for text in (gate.r.log_path.read_text(), json.dumps(gate.asked("journal", "show"))):
        assert not any(secret in text for secret in (new, first, DOCUMENTED, OWN))


def main():
    with Recorder({"audit_hours": 0}) as r:
        gate = Gate(r)
        try:
            r.add("gate", gate.pictures.url, "--user", ACCOUNT, "--password-file", r.secret(OWN))
            r.start()
            r.wait_streaming("gate")
            check_services(gate)
            check_restart(gate)
            check_first_aid(gate)
            changed = [one for one in gate.asked("alarm", "list")["alarms"] if one["kind"] == "settings_changed"]
            assert not changed, changed
            print("first aid: isolated, set back, new password, updated, audited; services and a restart beside it")
        finally:
            gate.stop()
    return 0


sys.exit(main())
