#!/usr/bin/env python3
# check: seconds=720
"""Drift and remedies against a virtual camera with ONVIF: settings that change unannounced are one
alarm, announced ones none; a password that a person brings, and that is wrong, locks no account; a
password is changed for real, the old one is refused, and the recording goes on with the new one; the
camera's answer cannot be read, or the recorder is killed while it waits for it, and still it finds out
which password holds. [IPA a12-3, h01-1]"""
import hashlib
import http.client
import json
import random
import socket
import ssl
import subprocess
import sys
import threading
import time

from device import Device
from recorder import Camera, Recorder, free_port, listen, wait_for

ADDRESS = f"127.{random.randrange(16, 250)}.{random.randrange(1, 250)}.9"
PORT = 8000  # one of the usual places of ONVIF
USER = "recorder"
RETRIED_S = 100  # a login that was refused is tried again after 60 s and up to a fifth more


class Proxy:
    """Stands before the device; can hold back or garble the answer to an operation after it was
    carried out."""

    def __init__(self, port):
        self.target = port
        self.held = None  # operation whose answer never comes
        self.garbled = None  # operation whose answer is no SOAP
        self.has_held = threading.Event()
        self.listener = listen(ADDRESS, PORT, self.carry)

    def carry(self, client):
        try:
            device = socket.create_connection((ADDRESS, self.target), timeout=20)
        except OSError:
            client.close()
            return
        seen = bytearray()

        def forward():
            try:
                while data := client.recv(65536):
                    seen.extend(data)
                    device.sendall(data)
            except OSError:
                pass
            finally:
                try:
                    device.shutdown(socket.SHUT_WR)
                except OSError:
                    pass

        threading.Thread(target=forward, daemon=True).start()
        try:
            while data := device.recv(65536):
                if self.held and self.held.encode() in seen:
                    self.has_held.set()
                    time.sleep(30)
                    return
                if self.garbled and self.garbled.encode() in seen:
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>")
                    return
                client.sendall(data)
        except OSError:
            pass
        finally:
            client.close()
            device.close()


class Page:
    """An administrator at the page: plans and their end are seen one by one."""

    PASSWORD = "lantern stone gate 4711"

    def __init__(self, r):
        r.komainu("user", "add", "boss", "--role", "administrator", "--password-file", r.secret(self.PASSWORD))
        self.r, self.headers = r, {}
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE

    def ask(self, method, path, body=None):
        link = http.client.HTTPSConnection("127.0.0.1", self.r.port, context=self.tls, timeout=60)
        link.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None,
                     {**self.headers, **({"Content-Type": "application/json"} if body is not None else {})})
        answer = link.getresponse()
        data = answer.read()
        if answer.getheader("set-cookie"):
            self.headers = {"Cookie": answer.getheader("set-cookie").split(";")[0],
                            "X-Komainu-CSRF": json.loads(data)["csrf"]}
        link.close()
        return answer.status, json.loads(data) if data else None

    def login(self):
        status, told = self.ask("POST", "/session", {"name": "boss", "password": self.PASSWORD})
        assert status == 200, told

    def plan(self, **wish):
        status, told = self.ask("POST", "/plans", {"camera": self.r.camera("gate")["id"], **wish})
        assert status == 200, told
        plan = told["plans"][0]["plan"]

        def ready():
            told = self.ask("GET", f"/plans/{plan}")[1]
            return told if told["plans"][0]["state"] == "ready" else None

        wait_for("the plan", ready, 30)
        return plan

    def run(self, plan):
        return self.ask("POST", f"/plans/{plan}/run", {"password": self.PASSWORD})


def check_changed_entry(r, page, device):
    """A login goes where the plan said, or nowhere."""
    plan = page.plan(remedy="ntp", servers="192.0.2.124")
    r.komainu("camera", "set", "gate", "--onvif", f"http://{ADDRESS}:{PORT}/onvif/device_service")
    status, told = page.run(plan)
    assert status == 409 and "changed" in told["error"]["message"], told
    assert device.settings()["ntp"] == ["192.0.2.123"]
    status, told = page.run(page.plan(remedy="ntp", servers="192.0.2.124"))
    assert status == 200, told
    wait_for("the clock", lambda: device.settings()["ntp"] == ["192.0.2.124"], 30)
    wait_for("its end", lambda: asked(r, "camera", "fixes", "gate")["remedies"][0]["state"] == "done", 30)
    count = len(asked(r, "snapshot", "list", "gate")["snapshots"])
    wait_for("the audit after it", lambda: len(asked(r, "snapshot", "list", "gate")["snapshots"]) > count, 60)


def check_firmware(r, page, device):
    """The plan names the file; one that is changed afterwards is not sent."""
    folder = r.state / "firmware"
    folder.mkdir(exist_ok=True)
    file = folder / "new.bin"
    wish = {"remedy": "firmware", "file": "new.bin"}
    file.write_bytes(b"lab-firmware 2.0.0\n" + bytes(300_000))
    plan = page.plan(**wish)
    steps = page.ask("GET", f"/plans/{plan}")[1]["steps"]
    text = next(step["parameters"] for step in steps if step["operation"] == "file")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert text == f"new.bin: {300_019} bytes, SHA-256 {digest}", text
    file.write_bytes(b"lab-firmware 6.6.6\n" + bytes(300_000))
    status, told = page.run(plan)
    assert status == 409 and "file" in told["error"]["message"], told
    assert device.settings()["firmware"] == "1.2.3", device.settings()["firmware"]
    status, told = page.run(page.plan(**wish))
    assert status == 200, told
    wait_for("the firmware", lambda: device.settings()["firmware"] == "6.6.6", 60)
    last = wait_for("its end", lambda: next((one for one in asked(r, "camera", "fixes", "gate")["remedies"][:1]
                                             if one["state"] != "running"), None), 60)
    assert last["state"] == "done" and last["remedy"] == "firmware", last
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert any(digest in entry["text"] for entry in entries(r, "remedy_began")), digest


def asked(r, *words):
    return json.loads(r.komainu(*words, "--json"))


def alarms(r):
    return [alarm for alarm in asked(r, "alarm", "list")["alarms"] if alarm["kind"] == "settings_changed"]


def entries(r, event):
    return [entry for entry in asked(r, "journal", "show", "--event", event)["entries"]]


def audit(r):
    r.komainu("audit", "gate")


def main():
    with Recorder({"audit_hours": 0}) as r:
        old = r.secret("an-old-password-1")
        device = Device(r.directory, ADDRESS, [f"{USER}:an-old-password-1:Administrator", "viewer:look-at-it:User"])
        proxy = Proxy(device.port)
        port = free_port()  # the camera comes back there
        lab = ["--address", ADDRESS, "--port", port, "--auth", "digest", "--user", USER, "--fps", 10]
        camera = Camera("--mount", "/gate", *lab, "--password-file", old)
        streams = [camera]
        try:
            page = Page(r)
            r.add("gate", camera.url, "--user", USER, "--password-file", old)
            r.start()
            r.wait_streaming("gate")

            def restart_device(change):
                device.change(change)
                proxy.target = device.port

            # --- drift ---
            audit(r)
            first = asked(r, "snapshot", "list", "gate")["snapshots"]
            assert len(first) == 1 and first[0]["changes"] == 0, first
            r.komainu("camera", "fix", "gate", "ntp", "--servers", "192.0.2.123", "--yes")
            wait_for("the audit after it", lambda: len(asked(r, "snapshot", "list", "gate")["snapshots"]) > 1, 60)
            snapshots = asked(r, "snapshot", "list", "gate")["snapshots"]
            assert snapshots[0]["unannounced"] == 0 and snapshots[0]["announced_by"] == "remedy", snapshots
            assert not alarms(r), alarms(r)
            changed = asked(r, "diff", "gate")["differences"]
            assert any(one["kind"] == "clock_source" and one["after"] == "ntp" for one in changed), changed
            assert device.settings()["ntp"] == ["192.0.2.123"]

            restart_device(lambda settings: settings["users"].update(
                intruder={"password": "let-me-in-1", "level": "Administrator"}))
            audit(r)
            audit(r)
            found = wait_for("the alarm", lambda: alarms(r), 20)
            assert len(found) == 1 and found[0]["count"] == 1, found
            assert "intruder" in found[0]["text"] and found[0]["camera_name"] == "gate", found

            page.login()
            check_changed_entry(r, page, device)

            # --- announced work is no alarm, and is checked afterwards ---
            r.komainu("alarm", "acknowledge", found[0]["number"])
            work = asked(r, "maintenance", "begin", "gate", "--for", "2h")["maintenances"][0]["number"]
            restart_device(lambda settings: settings["users"].pop("intruder"))
            audit(r)
            r.komainu("maintenance", "end", work)
            audit(r)
            listed = asked(r, "snapshot", "list", "gate")
            assert listed["snapshots"][0]["announced_by"] == "maintenance", listed
            assert listed["checks"][0]["maintenance"] == work and listed["checks"][0]["changes"] == 1, listed
            assert not alarms(r), alarms(r)

            # --- a password, in the clear only if somebody says so ---
            refused = subprocess.run(r.command("camera", "fix", "gate", "password", "--yes"), text=True,
                                     capture_output=True, timeout=120)
            assert refused.returncode == 1, refused
            assert device.password(USER) == "an-old-password-1"
            plan = asked(r, "camera", "fix", "gate", "password", "--allow-clear", "--plan")
            text = json.dumps(plan)
            assert "SetUser" in text and "an-old" not in text and "***" in text, plan
            assert [step["does"] for step in plan["steps"]] == ["send", "try", "try", "keep", "look"], plan
            assert device.password(USER) == "an-old-password-1"

            # --- a wrong one that a person brings: two failed logins, and then the ledger is full ---
            wrong = ["--account", "viewer", "--password-file", r.secret("not-this-one-1"), "--allow-clear", "--yes"]
            for failures in (1, 2, 2):
                done = subprocess.run(r.command("camera", "fix", "gate", "password", *wrong), text=True,
                                      capture_output=True, timeout=120)
                assert done.returncode == 1, done
                assert device.count("login") == failures, device.events
                assert len(entries(r, "login_tried")) == failures, entries(r, "login_tried")
            assert "used up" in asked(r, "camera", "fixes", "gate")["remedies"][0]["text"]
            assert device.password("viewer") == "look-at-it"

            def change_stream_password(before):
                """The camera's RTSP has the same accounts as its ONVIF."""
                wait_for("the new password", lambda: device.password(USER) != before, 60)
                streams[-1].stop()
                streams.append(Camera("--mount", "/gate", *lab, "--password-file",
                                      r.secret(device.password(USER))))

            def fix_password():
                """As the person sees it, and the new password."""
                restarted = threading.Thread(target=change_stream_password, args=(device.password(USER),))
                restarted.start()
                done = asked(r, "camera", "fix", "gate", "password", "--allow-clear", "--yes")["remedies"][0]
                restarted.join()
                return done, device.password(USER)

            done, new = fix_password()
            assert done["state"] == "done" and "the old one is refused" in done["text"], done
            assert len(new) == 16 and new != "an-old-password-1"
            r.wait_streaming("gate", seconds=RETRIED_S)
            before = r.camera("gate")["frames_stored"]
            wait_for("recording with the new password",
                     lambda: r.camera("gate")["frames_stored"] > before + 20, 30)
            journal = json.dumps(asked(r, "journal", "show"))
            log = r.log_path.read_text()
            for text in (journal, log, json.dumps(asked(r, "camera", "fixes"))):
                assert new not in text and "an-old-password-1" not in text
            for event in ("remedy_began", "remedy_step", "remedy_ended"):
                assert f'"{event}"' in journal, event

            # --- the camera took it, and answers nonsense: only a login tells ---
            before, proxy.garbled = new, "SetUser"
            done, new = fix_password()
            proxy.garbled = None
            assert done["state"] == "done" and new != before, done
            r.wait_streaming("gate", seconds=RETRIED_S)

            # --- killed between send and verify: the camera has taken it, the recorder does not know ---
            proxy.held = "SetUser"
            waiting = subprocess.Popen(
                r.command("camera", "fix", "gate", "password", "--allow-clear", "--yes"),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            assert proxy.has_held.wait(60), "SetUser never came"
            wait_for("the camera has taken it", lambda: device.password(USER) != new, 20)
            r.process.kill()
            r.process.wait(20)
            waiting.wait(60)
            proxy.held = None
            r.start()

            def settled():
                last = asked(r, "camera", "fixes", "gate")["remedies"][0]
                return last if last["state"] == "done" else None

            last = wait_for("it is known which password holds", settled, 90)
            change_stream_password(new)
            r.wait_streaming("gate", seconds=RETRIED_S)
            audit(r)
            facts = asked(r, "audit", "facts", "gate", "--kind", "own_login")["facts"]
            assert any(fact["value"] == "yes" for fact in facts), (last, facts)

            # --- its end cannot be stored: it is over all the same as soon as it can ---
            r.refuse("no_end", "UPDATE OF ended_us ON remedy WHEN NEW.ended_us <> 0")
            command = r.command("camera", "fix", "gate", "ntp", "--servers", "192.0.2.124", "--yes")
            waiting = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_for("an end that is not stored", lambda: "its end is not stored" in r.log_path.read_text(), 60)
            ends = len(entries(r, "remedy_ended"))
            assert asked(r, "camera", "fixes", "gate")["remedies"][0]["state"] == "running"
            r.allow("no_end")
            last = wait_for("its end", lambda: [one for one in asked(r, "camera", "fixes", "gate")["remedies"][:1]
                                                if one["state"] == "failed"], 20)[0]
            assert "could not store" in last["text"], last
            assert len(entries(r, "remedy_ended")) == ends + 1
            waiting.wait(60)

            # --- first aid ---
            incident = asked(r, "camera", "aid", "gate")["incidents"][0]
            assert incident["kind"] == "takeover" and incident["title"] == "takeover gate", incident
            r.komainu("camera", "fix", "gate", "filter", "--yes")
            shown = asked(r, "incident", "show", incident["number"])["incidents"][0]
            assert shown["steps_done"] == 1, shown
            assert device.settings()["filter"][1], device.settings()
            page.login()  # sessions do not outlive the recorder
            check_firmware(r, page, device)
        finally:
            device.stop()
            proxy.listener.close()
            streams[-1].stop()
    return 0


sys.exit(main())
