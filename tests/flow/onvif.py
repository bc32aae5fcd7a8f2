#!/usr/bin/env python3
# check: seconds=480
"""ONVIF: what the recorder asks cameras, and what it makes of good, odd and hostile answers.

The device is lab/onvif_device.py, which npm's `onvif` and Debian's libonvif judge to be right first. Then
the stage of the audit, the changes, and the verbs `camera discover` and `camera add onvif://` run against it.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

import recorder as harness
from recorder import BUILD, ROOT, Camera, Recorder, free_port, wait_for

DEVICE = ROOT / "lab/onvif_device.py"
ASK = BUILD / "tests/flow/onvif_ask"
PASSWORD = "Correct-horse-9"
MISBEHAVIOURS = ["broken", "bomb", "deep", "endless", "slow", "silent", "other", "text", "redirect"]


class Device:
    """A virtual ONVIF device of lab/."""

    def __init__(self, *options, users=(f"admin:{PASSWORD}:Administrator", "recorder:Look-only-12:User")):
        self.log = tempfile.TemporaryFile("w+")
        words = [word for user in users for word in ("--user", user)]
        self.process = subprocess.Popen([sys.executable, str(DEVICE), *words, *map(str, options)],
                                        stdin=subprocess.PIPE, stdout=self.log, text=True)
        ready = wait_for("the device is ready", lambda: self.events("ready"), 20)[0]
        self.port, self.url, self.https_port = ready["port"], ready["url"], ready.get("https_port")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        harness.stop(self.process)

    def events(self, kind):
        os.lseek(self.log.fileno(), 0, os.SEEK_SET)
        lines = os.read(self.log.fileno(), 4 << 20).decode().splitlines()
        events = []
        for line in lines:
            try:
                events.append(json.loads(line))
            except ValueError:  # the last one may be half written
                pass
        return [event for event in events if event["event"] == kind]

    def operations(self, result=None):
        return [event["name"] for event in self.events("operation") if result in (None, event["result"])]


def run_ask(verb, url, user, password, *words, expect=0):
    host = urllib.parse.urlsplit(url).hostname
    done = subprocess.run([str(ASK), verb, host, url, user, *map(str, words)], input=password + "\n",
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == expect, f"{verb} {words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout.splitlines()


def audit(url, user="admin", password=PASSWORD, pin=None):
    """The facts, by (kind, subject); checks that no secret is among them."""
    lines = run_ask("audit", url, user, password, *([pin] if pin else []))
    assert password == "" or not any(password in line for line in lines), "a fact holds the password"
    return {(fact["kind"], fact["subject"]): fact for fact in map(json.loads, lines)}


def change(url, *words, user="admin", password=PASSWORD):
    """The preview and the outcome."""
    preview, outcome = run_ask("change", url, user, password, *words)
    return preview, json.loads(outcome)


def expect(facts, kind, value, subject=""):
    fact = facts.get((kind, subject))
    assert fact and fact["known"] and fact["value"] == value, f"{kind} [{subject}]: {fact}, not {value!r}"


def expect_unknown(facts, kind, subject="", word=""):
    fact = facts.get((kind, subject))
    assert fact and not fact["known"] and fact["detail"] and word in fact["detail"], f"{kind} [{subject}]: {fact}"


def make_certificate(directory):
    """A self-signed one with RSA 2048; returns the files and its SHA-256."""
    key, certificate = directory / "key.pem", directory / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "30", "-subj", "/CN=camera"], check=True, stderr=subprocess.DEVNULL)
    der = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "der"], check=True,
                         stdout=subprocess.PIPE).stdout
    return str(certificate), str(key), hashlib.sha256(der).hexdigest()


# --- the device is right ---

def test_others_judge_the_device(directory):
    modules = directory / "judge"
    modules.mkdir()
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(modules), "onvif@0.8.3"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    with Device("--clock-offset", 90) as device:
        def judge(password):
            done = subprocess.run(["node", str(ROOT / "tests/flow/onvif_judge.mjs"), str(modules), "127.0.0.1",
                                   str(device.port), "admin", password], text=True, stdout=subprocess.PIPE, timeout=60)
            return json.loads(done.stdout)

        found = judge(PASSWORD)
        assert found["information"]["model"] == "LC-1", found
        assert {user["username"] for user in found["users"]} == {"admin", "recorder"}
        assert [profile["token"] for profile in found["profiles"]] == ["main", "sub"]
        assert found["stream"]["uri"] == "rtsp://127.0.0.1:554/main"
        assert "NotAuthorized" in judge("wrong-password")["error"] or "wrong" in judge("wrong-password")["error"]
    print("npm's onvif connects to the device and reads it")


# --- the stage ---

def check_facts(facts, port):
    expect(facts, "maker", "Komainu Lab")
    expect(facts, "model", "LC-1")
    expect(facts, "firmware", "1.2.3")
    expect(facts, "onvif_address", f"http://127.0.0.1:{port}/onvif/device_service")
    expect(facts, "own_login", "yes")
    expect(facts, "own_level", "administrator")
    expect(facts, "account", "user", "recorder")
    expect(facts, "account", "administrator", "admin")
    expect(facts, "service_set", "80", "http")
    expect(facts, "service_set", "", "https")
    expect(facts, "filter_able", "yes")
    expect(facts, "filter_kind", "off")
    expect(facts, "log_able", "yes")
    expect(facts, "log_times", "yes")
    expect(facts, "secret_in_log", "no")
    expect(facts, "stream", "H264 1920 1080 25", "main")
    expect(facts, "stream_path", "/main", "main")
    expect(facts, "event_topic", "yes", "VideoSource/GlobalSceneChange/ImagingService")
    expect(facts, "event_topic", "yes", "Device/SecurityPolicy/AuthFailed")
    expect(facts, "ptz", "yes")
    expect(facts, "mac", "02:00:5e:10:00:01")
    expect(facts, "discoverable", "yes")
    expect(facts, "scope", "onvif://www.onvif.org/name/Lab Camera", "1")
    for operation in ("GetDeviceInformation", "GetUsers", "GetNetworkProtocols", "GetStreamUri", "GetSnapshotUri"):
        expect(facts, "open_settings", "no", operation)


def test_facts_are_right():
    with Device("--clock-offset", 400, "--screen-text", "正面玄関", "--wireless", "TKIP", "--secret-in-url",
                "--recordings") as device:
        facts = audit(device.url)
        check_facts(facts, device.port)
        expect(facts, "auth_scheme", "wsse", "onvif")
        assert abs(int(facts["clock_offset_ms", ""]["value"]) - 400_000) < 1500, facts["clock_offset_ms", ""]
        expect(facts, "screen_text", "正面玄関", "osd_0")
        expect(facts, "wireless_cipher", "tkip", "wlan0")
        expect(facts, "secret_in_url", "yes", "snapshot")
        expect(facts, "secret_in_url", "no", "stream")
        expect(facts, "picture_path", "/snapshot?user=admin&password=***", "main")
        expect(facts, "onboard_storage", "yes")
        assert all(fact["proof"] for fact in facts.values() if fact["kind"] == "stream"), "no proof is kept"
        for subject in ("picture_path", "main"), ("secret_in_url", "snapshot"), ("open_settings", "GetSnapshotUri"):
            assert not facts[subject]["proof"], f"a proof of a secret is kept: {subject}"
        written = [name for name in device.operations() if not name.startswith("Get")]
        assert not written, f"an audit sent {written}"
        assert not device.events("login"), "a login failed"


def test_digits_of_ipv6():
    with Device("--bind", "::1", "--http-auth", "md5") as device:
        facts = audit(device.url)
        expect(facts, "maker", "Komainu Lab")
        expect(facts, "own_login", "yes")
        expect(facts, "onvif_address", device.url)
        expect(facts, "onvif_elsewhere", "no")


def test_ways_to_log_in(directory):
    certificate, key, pin = make_certificate(directory)
    for kind, scheme in (("md5", "digest_md5"), ("sha256", "digest_sha256")):
        with Device("--http-auth", kind) as device:
            facts = audit(device.url)
            check_facts(facts, device.port)
            expect(facts, "auth_scheme", scheme, "onvif")
            assert not device.events("login"), "a login failed"
    with Device("--http-auth", "basic", "--https", certificate, key) as device:
        facts = audit(device.url)
        expect(facts, "basic_in_clear", "yes", "onvif")
        assert "basic" not in [event["login"] for event in device.events("operation")], "the password went readable"
        tls = f"https://127.0.0.1:{device.https_port}/onvif/device_service"
        facts = audit(tls)
        expect(facts, "onvif_transport", "unverified")
        assert "basic" not in [event["login"] for event in device.events("operation")], "it went to just anybody"
        facts = audit(tls, pin=pin)
        expect(facts, "onvif_transport", "pinned")
        expect(facts, "own_login", "yes")
        expect(facts, "basic_in_clear", "no", "onvif")
        assert "basic" in [event["login"] for event in device.events("operation")]
        before = len(device.operations())
        expect_unknown(audit(tls, pin="00" * 32), "maker", word="its entry holds")
        assert len(device.operations()) == before, "something was sent to a device with another certificate"


def test_a_wrong_password_locks_nothing():
    for options in ([], ["--http-auth", "md5"]):
        with Device("--lock-after", 3, *options) as device:
            facts = audit(device.url, password="not-this-one")
            expect(facts, "own_login", "no")
            expect_unknown(facts, "maker")
            failures = [event for event in device.events("login") if event["result"] == "wrong"]
            assert 1 <= len(failures) <= 2, failures
            assert not device.events("locked")
            run_ask("login", device.url, "admin", "not-this-one")
            again = [event for event in device.events("login") if event["result"] == "wrong"]
            assert len(again) == len(failures) + 1, "a tried login cost more than one failed one"
    for options in ([], ["--http-auth", "md5"]):
        with Device("--lock-after", 3, *options) as device:
            words = ["password", "admin", secrets.token_urlsafe(12), "readable"]
            outcome = json.loads(run_ask("guess", device.url, "admin", "not-this-one", *words)[1])
            assert outcome["err"] == "AUTH" and "SetUser" not in device.operations(), outcome
            failures = [event for event in device.events("login") if event["result"] == "wrong"]
            assert len(failures) == 1, "a password that a person brought cost more than one failed login"
            outcome = json.loads(run_ask("guess", device.url, "admin", PASSWORD, *words)[1])
            assert outcome["err"] == "OK", outcome
    with Device("--lock-after", 3) as device:
        facts = audit(device.url, user="recorder", password="Look-only-12")
        expect(facts, "own_login", "yes")
        expect(facts, "maker", "Komainu Lab")
        expect_unknown(facts, "own_level", word="NotAuthorized")
        assert not device.events("login"), "an account of a low level is no wrong password"
        facts = audit(device.url, user="", password="")
        expect_unknown(facts, "own_login", word="no account")


def test_open_and_poor_devices():
    with Device("--anonymous-ok", "all", "--no-filter", "--no-log", "--without", "media2", "--without", "security",
                "--without", "recording") as device:
        facts = audit(device.url)
        for operation in ("GetUsers", "GetStreamUri", "GetSnapshotUri", "GetNetworkProtocols"):
            expect(facts, "open_settings", "yes", operation)
        expect(facts, "filter_able", "no")
        expect(facts, "log_able", "no")
        expect_unknown(facts, "filter_kind")
        expect_unknown(facts, "onboard_storage")
        expect(facts, "stream", "H264 1920 1080 25", "main")
        expect(facts, "onvif_service", "no", "media2")
    facts = audit(f"http://127.0.0.1:{free_port()}/onvif/device_service")
    expect_unknown(facts, "maker")
    expect_unknown(facts, "open_settings", "GetUsers")


def test_hostile_answers():
    listening = socket.create_server(("127.0.0.2", 0))
    listening.settimeout(0.5)
    elsewhere = f"http://127.0.0.2:{listening.getsockname()[1]}"

    def one(kind):
        with Device("--wrong", kind, "--elsewhere", elsewhere) as device:
            began = time.monotonic()
            facts = audit(device.url)
            return kind, facts, time.monotonic() - began

    with concurrent.futures.ThreadPoolExecutor(len(MISBEHAVIOURS)) as pool:
        for kind, facts, seconds in pool.map(one, MISBEHAVIOURS):
            expect(facts, "clock_source", "manual")
            expect_unknown(facts, "maker")
            expect(facts, "open_settings", "no", "GetUsers")
            assert seconds < 50, f"{kind} held the audit up for {seconds:.0f} s"
            print(f"{kind}: {facts['maker', '']['detail']} ({seconds:.1f} s)")
    # One service that is wrong costs its own facts and no others.
    with Device("--wrong", "bomb:GetProfiles") as device:
        facts = audit(device.url)
        expect(facts, "maker", "Komainu Lab")
        expect_unknown(facts, "stream", word="document type")
        expect(facts, "event_topic", "yes", "VideoSource/SignalLoss")
    # Addresses of another host are asked for at the camera's own.
    with Device("--wrong", "elsewhere", "--elsewhere", elsewhere) as device:
        facts = audit(device.url)
        expect(facts, "onvif_elsewhere", "yes")
        expect(facts, "stream", "H264 1920 1080 25", "main")
    try:
        listening.accept()
        raise AssertionError("another host than the camera was connected to")
    except TimeoutError:
        pass


# --- changes ---

def test_a_refusal_that_repeats_the_password():
    with Device("--wrong", "repeat:SetUser,SetHostname") as device:
        new = secrets.token_urlsafe(12)
        _, outcome = change(device.url, "password", "admin", new, "readable")
        assert outcome["err"] == "STATE" and "InvalidArgVal" in outcome["text"], outcome
        assert new[:3] not in outcome["text"], outcome
        _, outcome = change(device.url, "host_name", "gate")
        assert "gate" in outcome["text"], outcome
        _, outcome = change(device.url, "host_name", PASSWORD)
        assert PASSWORD[:4] not in outcome["text"], outcome


def test_an_upload_is_asked_for_a_login(directory):
    certificate, key, pin = make_certificate(directory)
    firmware = directory / "firmware.bin"
    firmware.write_bytes(b"lab-firmware 2.0.0\n" + secrets.token_bytes(100_000))
    for url, options in (("http", []), ("https", ["--wrong", "clear"])):
        with Device("--https", certificate, key, "--http-auth", "md5", "--reboot-seconds", 1, *options) as device:
            door = device.url if url == "http" else f"https://127.0.0.1:{device.https_port}/onvif/device_service"
            _, outcome = change(door, "firmware", firmware)
            assert outcome["err"] == "OK", outcome
            assert wait_for("the firmware arrived", lambda: device.events("firmware"), 5)[0]["size"] == 100_019
            assert not device.events("login"), "a login failed"
            assert [event["is_let_in"] for event in device.events("upload")] == [False, True], "asked for no login"


def test_changes(directory):
    certificate, key, pin = make_certificate(directory)
    with Device("--https", certificate, key, "--reboot-seconds", 1) as device:
        new = secrets.token_urlsafe(12)
        preview, outcome = change(device.url, "password", "admin", new)
        assert outcome["err"] == "DENIED" and "SetUser" not in device.operations(), outcome
        assert new not in preview and "***" in preview
        _, outcome = change(device.url, "password", "admin", new, "readable")
        assert outcome["err"] == "OK", outcome
        assert json.loads(run_ask("login", device.url, "admin", PASSWORD)[0])["err"] == "AUTH"
        assert json.loads(run_ask("login", device.url, "admin", new)[0])["err"] == "OK"

        def done(*words, err="OK"):
            preview, outcome = change(device.url, *words, password=new)
            assert outcome["err"] == err, outcome
            return preview, outcome

        done("services", "RTSP")
        done("ntp", "ntp.example", "192.0.2.1")
        done("filter", "127.0.0.1", "192.0.2.7", err="DENIED")
        done("filter", "127.0.0.1", "192.0.2.7", "127.0.0.1")
        done("host_name", "gate")
        done("host_name", "not a name", err="FORMAT")
        done("scopes", "onvif://www.onvif.org/location/none")
        done("discovery")
        done("password", "nobody", "long-enough-1", "readable", err="STATE")
        facts = audit(device.url, password=new)
        expect(facts, "service_set", "", "rtsp")
        expect(facts, "ntp_server", "ntp.example", "1")
        expect(facts, "ntp_server", "192.0.2.1", "2")
        expect(facts, "clock_source", "ntp")
        expect(facts, "filter_kind", "allow")
        expect(facts, "filter_address", "127.0.0.1/32", "2")
        expect(facts, "host_name", "gate")
        expect(facts, "discoverable", "no")

        firmware = directory / "firmware.bin"
        firmware.write_bytes(b"lab-firmware 2.0.0\n" + secrets.token_bytes(300_000))
        _, outcome = done("firmware", firmware)
        assert outcome["down_time_us"] == 1_000_000, outcome
        sent = wait_for("the firmware arrived", lambda: device.events("firmware"), 20)[0]
        assert sent["sha256"] == hashlib.sha256(firmware.read_bytes()).hexdigest()
        wait_for("it restarted", lambda: device.events("restart"), 20)
        time.sleep(1.2)
        expect(audit(device.url, password=new), "firmware", "2.0.0")
        done("restart")
        wait_for("it restarted again", lambda: len(device.events("restart")) == 2, 20)
        time.sleep(1.2)
        done("factory_default", "hard")
        wait_for("its settings are the maker's", lambda: device.events("factory_default"), 20)
        time.sleep(1.7)
        assert json.loads(run_ask("login", device.url, "admin", PASSWORD)[0])["err"] == "OK"


# --- verbs ---

def test_camera_add():
    camera = Camera("--auth", "none")
    with Recorder() as keeper, Device(
            "--stream-main", camera.url.replace("rtsp://", "rtsp://admin:leak@"), "--clock-offset", 3600) as device:
        secret = keeper.secret(PASSWORD)
        url = f"onvif://127.0.0.1:{device.port}/"
        keeper.komainu("camera", "add", "gate", url, "--user", "admin", "--password-file", secret, "--profile", "none",
                       expect=1)
        keeper.komainu("camera", "add", "gate", f"onvif://127.0.0.1:{free_port()}/", expect=1)
        keeper.komainu("camera", "add", "gate", url, "--user", "admin", "--password-file", secret)
        entry = json.loads(keeper.komainu("camera", "list", "--json"))[0]
        assert entry["url"] == camera.url and "leak" not in json.dumps(entry), entry
        assert entry["onvif_url"] == device.url, entry
        keeper.start()
        keeper.wait_streaming("gate")
        keeper.komainu("audit", "gate", expect=None)
        facts = json.loads(keeper.komainu("audit", "facts", "gate", "--json"))["facts"]
        known = {fact["kind"]: fact["value"] for fact in facts if fact["source"] == "onvif" and fact["is_known"]}
        assert known["model"] == "LC-1" and known["own_level"] == "administrator", known
        assert PASSWORD not in json.dumps(facts)
        assert keeper.camera("gate")["state"] == "streaming"
    camera.stop()


def run_in_network():
    """In a network namespace of its own: this side is 10.77.0.1, the device at the other end 10.77.0.2."""
    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    ip("link", "set", "lo", "up")
    other = subprocess.Popen(["unshare", "--net", "sleep", "100"])
    try:
        wait_for("the other network", lambda: os.readlink(f"/proc/{other.pid}/ns/net") !=
                 os.readlink("/proc/self/ns/net"), 20)
        ip("link", "add", "near", "type", "veth", "peer", "name", "far")
        ip("link", "set", "far", "netns", str(other.pid))
        ip("addr", "add", "10.77.0.1/24", "dev", "near")
        ip("link", "set", "near", "up")
        ip("route", "add", "default", "dev", "near")
        inside = ["nsenter", "-t", str(other.pid), "--net"]
        for words in (["addr", "add", "10.77.0.2/24", "dev", "far"], ["link", "set", "far", "up"],
                      ["link", "set", "lo", "up"], ["route", "add", "default", "dev", "far"]):
            subprocess.run([*inside, "ip", *words], check=True)
        for wrong in ([], ["--wrong", "discovery"]):
            discover_one(inside, wrong)
    finally:
        harness.stop(other)


def discover_one(inside, wrong):
    device = subprocess.Popen(
        [*inside, sys.executable, str(DEVICE), "--bind", "10.77.0.2", "--port", "80", "--discovery", "10.77.0.2",
         "--user", f"admin:{PASSWORD}:Administrator", "--allow-replay", *wrong], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert json.loads(device.stdout.readline())["event"] == "ready"
        done = subprocess.run([str(BUILD / "src/komainu"), "--json", "camera", "discover", "--timeout", "2s"], text=True,
                              stdout=subprocess.PIPE, check=True, timeout=30)
        found = json.loads(done.stdout)
        if wrong:
            assert found["devices"] == [] and found["broken"] > 0, found
            return
        assert len(found["devices"]) == 1, found
        one = found["devices"][0]
        assert one["address"] == "10.77.0.2" and one["name"] == "Lab Camera" and one["hardware"] == "LC-1", one
        assert one["add"].startswith("komainu camera add lab-camera onvif://10.77.0.2:80/ "), one
        text = subprocess.run([str(BUILD / "src/komainu"), "camera", "discover", "--timeout", "1s", "--interface",
                               "near"], text=True, stdout=subprocess.PIPE, check=True, timeout=30).stdout
        assert "Lab Camera" in text and "komainu camera add" in text, text
        subprocess.run([str(BUILD / "src/komainu"), "camera", "discover", "--interface", "none0"], check=False,
                       stderr=subprocess.DEVNULL, timeout=30)
        judge_with_libonvif()
    finally:
        device.stdin.close()
        device.stdout.close()
        harness.stop(device)


def judge_with_libonvif():
    if not shutil.which("onvif-util"):
        print("onvif-util (Debian: onvif-tools) is not installed: libonvif has not judged the device")
        return
    # In the foreground it would wait for words; without any it says what it found and ends.
    found = subprocess.run(["timeout", "10", "onvif-util", "-a"], text=True, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, check=False).stdout
    assert "Lab Camera" in found, found
    told = subprocess.run(["timeout", "10", "onvif-util", "-u", "admin", "-p", PASSWORD, "10.77.0.2"], text=True,
                          input="get profiles\nget rtsp\nget time\nquit\n", stdout=subprocess.PIPE, check=False).stdout
    assert "main" in told and "rtsp://" in told and "ERROR" not in told, told
    print("libonvif finds the device, logs in and reads it")


def test_discover():
    command = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    subprocess.run([*command, sys.executable, __file__, "--in-network"], check=True, timeout=100)


def main():
    if "--in-network" in sys.argv:
        run_in_network()
        return
    directory = pathlib.Path(tempfile.mkdtemp(prefix="komainu-test-"))
    try:
        for test, words in ((test_others_judge_the_device, [directory]), (test_facts_are_right, []),
                            (test_digits_of_ipv6, []), (test_ways_to_log_in, [directory]),
                            (test_a_wrong_password_locks_nothing, []), (test_open_and_poor_devices, []),
                            (test_hostile_answers, []), (test_changes, [directory]), (test_discover, []),
                            (test_an_upload_is_asked_for_a_login, [directory]), (test_a_refusal_that_repeats_the_password, []), (test_camera_add, [])):
            began = time.monotonic()
            test(*words)
            print(f"ok  {test.__name__}  ({time.monotonic() - began:.1f} s)", flush=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
