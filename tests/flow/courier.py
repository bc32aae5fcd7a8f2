#!/usr/bin/env python3
# check: seconds=480
"""Messages to outside, against real peers over TLS: aiosmtpd, mosquitto, rsyslog, and an HTTPS server.

Each is also away for a while, with the recorder restarted in between: nothing is lost, order is kept,
and people get a digest instead of a flood. A peer that the private authority does not vouch for gets
nothing.
"""
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import secrets
import sqlite3
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request

from peers import Controller, Mailbox, make_authority, server_tls
from recorder import Recorder, free_port, stop, wait_for

# --- the peers ---


class Hook:
    """An HTTPS server that checks each signature."""

    def __init__(self, directory, key):
        self.directory, self.key, self.port = directory, key, free_port()
        self.bodies, self.faults, self.status, self.server = [], [], 204, None
        self.start()

    def start(self):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signed = self.headers["X-Komainu-Timestamp"].encode() + b"." + body
                right = "sha256=" + hmac.new(hook.key.encode(), signed, hashlib.sha256).hexdigest()
                if not hmac.compare_digest(right, self.headers["X-Komainu-Signature"]):
                    hook.faults.append("wrong signature")
                if hook.status == 204:
                    hook.bodies.append(json.loads(body))
                self.send_response(hook.status)
                self.send_header("Location", "https://localhost:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.socket = server_tls(self.directory).wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Broker:
    """mosquitto with TLS and a login, and a subscriber that keeps what it hears."""

    def __init__(self, directory, password):
        self.directory, self.port, self.lines = directory, free_port(), []
        self.process = self.listener = None
        passwords = directory / "mosquitto.passwords"
        subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "recorder", password], check=True,
                       stderr=subprocess.DEVNULL)
        passwords.chmod(0o644)
        self.password = password
        (directory / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\ncafile {directory}/good-ca.pem\n"
            f"certfile {directory}/good.pem\nkeyfile {directory}/good.key\n"
            f"allow_anonymous false\npassword_file {passwords}\nuser root\n"
            f"persistence true\npersistence_location {directory}/\n")
        self.start()

    def start(self):
        self.process = subprocess.Popen(["mosquitto", "-c", str(self.directory / "mosquitto.conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.listen()

    def listen(self):
        """Until the subscriber is in, which may have to try until the broker listens."""
        def is_in():
            if self.listener is None or self.listener.poll() is not None:
                self.listener = subprocess.Popen(
                    ["stdbuf", "-oL", "mosquitto_sub", "-h", "localhost", "-p", str(self.port), "--cafile",
                     str(self.directory / "good-ca.pem"), "-u", "recorder", "-P", self.password,
                     "-t", "#", "-q", "1", "-F", "%r %t %p", "-d"],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                self.is_in = threading.Event()
                threading.Thread(target=self.read, args=(self.listener, self.is_in), daemon=True).start()
            return self.is_in.wait(0.5)
        wait_for("mosquitto serves", is_in, 20)

    def read(self, listener, is_in):
        for line in listener.stdout:
            if line.startswith("Subscribed"):
                is_in.set()
            elif re.match(r"[01] ", line):
                self.lines.append(line.rstrip("\n"))

    def stop(self):
        stop(self.listener)
        stop(self.process)

    def notices(self):
        return [json.loads(line.split(" ", 2)[2]) for line in self.lines if line.split()[1].endswith("/notice")]

    def last(self, topic):
        found = [line.split(" ", 2)[2] for line in self.lines if line.split()[1] == topic]
        return found[-1] if found else None


class Collector:
    """rsyslog with TLS."""

    def __init__(self, directory):
        self.directory, self.port, self.process = directory, free_port(), None
        self.output = directory / "syslog.out"
        (directory / "rsyslog.conf").write_text(
            f'global(workDirectory="{directory}" defaultNetstreamDriver="ossl"\n'
            f' defaultNetstreamDriverCAFile="{directory}/good-ca.pem"\n'
            f' defaultNetstreamDriverCertFile="{directory}/good.pem"\n'
            f' defaultNetstreamDriverKeyFile="{directory}/good.key")\n'
            'module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1"\n'
            ' streamDriver.authMode="anon")\n'
            f'input(type="imtcp" port="{self.port}" address="127.0.0.1")\n'
            'template(name="all" type="string" string="%syslogseverity%|%hostname%|%app-name%|%msgid%|'
            '%structured-data%|%msg%\\n")\n'
            f'action(type="omfile" file="{self.output}" template="all")\n')
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["rsyslogd", "-n", "-f", str(self.directory / "rsyslog.conf"), "-i",
             str(self.directory / "rsyslog.pid")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        stop(self.process)

    def lines(self):
        return self.output.read_text().splitlines() if self.output.exists() else []


# --- what is checked ---

class Stage:
    def __init__(self, recorder):
        self.recorder, self.directory, self.count = recorder, recorder.directory / "peers", 0
        self.directory.mkdir()
        self.pin = make_authority(self.directory, "good")
        make_authority(self.directory, "other")
        self.password, self.key = secrets.token_urlsafe(12), secrets.token_urlsafe(18)
        self.mail = Mailbox(self.directory, True, self.password)
        self.smtps = Mailbox(self.directory, False, self.password)
        self.hook = Hook(self.directory, self.key)
        self.broker = Broker(self.directory, self.password)
        self.collector = Collector(self.directory)
        self.peers = [self.mail, self.smtps, self.hook, self.broker, self.collector]

    def stop(self):
        for peer in self.peers:
            peer.stop()

    def destination(self, kind, name, url, *options, ca="good", expect=0):
        return self.recorder.komainu("destination", "add", kind, name, url, "--minimum", "info", "--ca-file",
                                     self.directory / f"{ca}-ca.pem", *options, expect=expect)

    def happen(self, count):
        """So many journal entries that are told; returns the cameras' names, in order."""
        names = []
        for _ in range(count):
            self.count += 1
            names.append(f"event-{self.count:03}")
            self.recorder.add(names[-1], "rtsp://127.0.0.1:1/", "--disable")
        return names

    def wait_heard(self, names, seconds=90):
        """All of them at the webhook, the broker and the collector, in order."""
        for what, texts in (("webhook", lambda: [json.dumps(body) for body in self.hook.bodies]),
                            ("broker", lambda: [json.dumps(body) for body in self.broker.notices()]),
                            ("collector", self.collector.lines)):
            wait_for(f"the {what} heard all", lambda: all(name in "".join(texts()) for name in names),
                     seconds, 0.3)
            heard(texts(), names)

    def waiting(self):
        listed = json.loads(self.recorder.komainu("destination", "list", "--json"))
        return {entry["name"]: entry["waiting"] for entry in listed["destinations"]}

    def wait_empty(self, *names, seconds=60):
        wait_for(f"nothing waits for {', '.join(names)}",
                 lambda: all(self.waiting()[name] == 0 for name in names), seconds, 0.3)


def heard(texts, names):
    """The first place of each name, in order; a name that is missing is an error."""
    places = []
    for name in names:
        found = [i for i, text in enumerate(texts) if name in text]
        assert found, f"{name} was lost"
        places.append(found[0])
    assert places == sorted(places), f"not in order: {places}"
    return places


def check_refusals(stage):
    """What would leave in the clear, or to whom nobody knows, does not leave."""
    recorder, port = stage.recorder, stage.hook.port
    key = stage.recorder.secret(stage.key)
    for kind, url in (("webhook", f"http://localhost:{port}/"), ("mqtt", "mqtt://localhost"),
                      ("syslog", "syslog://localhost"), ("webhook", "https://user:secret@localhost/")):
        stage.destination(kind, "clear", url, "--password-file", key, expect=1)
    stage.destination("webhook", "unsigned", f"https://localhost:{port}/", expect=1)
    stage.destination("mail", "breaks", "smtps://localhost", "--from", "a@b.example\nBcc: x@y.example",
                      "--to", "c@d.example", expect=1)
    recorder.komainu("destination", "add", "--help")
    mail = ["--from", "recorder@example.org", "--to", "owner@example.org"]
    wrong = {
        "wrong-mail": ("mail", f"smtps://localhost:{stage.smtps.port}", mail),
        "wrong-hook": ("webhook", f"https://localhost:{port}/", ["--password-file", key]),
        "wrong-mqtt": ("mqtt", f"mqtts://localhost:{stage.broker.port}", []),
        "wrong-syslog": ("syslog", f"syslogs://localhost:{stage.collector.port}", []),
    }
    for name, (kind, url, options) in wrong.items():
        stage.destination(kind, name, url, *options, ca="other")
        said = json.loads(recorder.komainu("destination", "test", name, "--json", expect=3))
        assert not said["is_delivered"] and "certificate" in said["text"].lower(), said
        recorder.komainu("destination", "remove", name)
    # A mail server without STARTTLS gets nothing, not even a greeting with the password.
    plain = Controller(stage.mail, hostname="127.0.0.1", port=free_port())
    plain.start()
    stage.destination("mail", "plain", f"smtp://localhost:{plain.port}", *mail)
    said = json.loads(recorder.komainu("destination", "test", "plain", "--json", expect=3))
    assert "STARTTLS" in said["text"], said
    recorder.komainu("destination", "remove", "plain")
    plain.stop()
    assert not stage.mail.mails and not stage.smtps.mails and not stage.hook.bodies
    assert not stage.collector.lines() and not stage.broker.notices()


def add_destinations(stage):
    password = stage.recorder.secret(stage.password)
    mail = ["--from", "recorder@example.org", "--to", "owner@example.org, second@example.org"]
    stage.destination("mail", "mail", f"smtp://localhost:{stage.mail.port}", *mail, "--user", "recorder",
                      "--password-file", password)
    # This one is known by its certificate alone.
    stage.recorder.komainu("destination", "add", "mail", "smtps", f"smtps://127.0.0.1:{stage.smtps.port}",
                           *mail, "--pin", stage.pin, "--minimum", "info", "--language", "en")
    stage.destination("webhook", "hook", f"https://localhost:{stage.hook.port}/a?b=c", "--password-file",
                      stage.recorder.secret(stage.key))
    stage.destination("mqtt", "mqtt", f"mqtts://localhost:{stage.broker.port}", "--user", "recorder",
                      "--password-file", password, "--discovery", "homeassistant")
    stage.destination("syslog", "syslog", f"syslogs://localhost:{stage.collector.port}", "--language", "ja")


def check_tests(stage):
    for name in ("mail", "smtps", "hook", "mqtt", "syslog"):
        said = json.loads(stage.recorder.komainu("destination", "test", name, "--json"))
        assert said["is_delivered"], said
    to, mail, raw = stage.mail.mails[0]
    assert to == ["owner@example.org", "second@example.org"], to
    assert "テスト通知" in mail["Subject"] and "test message" in mail.get_content(), mail
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert stage.hook.bodies[0]["event"] == "test"
    wait_for("rsyslog wrote it", lambda: stage.collector.lines(), 30)
    severity, _, app, msgid, data, text = stage.collector.lines()[0].split("|")
    assert (severity, app, msgid) == ("6", "komainu", "test") and 'phase="test"' in data, data
    assert "テスト通知" in text
    wait_for("the broker passed it on", lambda: stage.broker.notices(), 30)


def check_discovery(stage):
    camera = json.loads(stage.recorder.komainu("camera", "list", "--json"))
    camera = (camera["cameras"] if isinstance(camera, dict) else camera)[0]
    topic = f"homeassistant/binary_sensor/komainu_{camera['id'].replace('-', '')}/connectivity/config"
    config = json.loads(wait_for("Home Assistant is told", lambda: stage.broker.last(topic), 20))
    assert config["device_class"] == "connectivity" and config["name"] == camera["name"], config
    assert stage.broker.last(config["state_topic"]) == "OFF"
    assert stage.broker.last(config["availability_topic"]) == "online"


def check_ordinary(stage):
    names = stage.happen(3)
    stage.wait_heard(names)
    assert not stage.hook.faults, stage.hook.faults


def check_outage(stage):
    """All peers away, the recorder killed in between, all back."""
    mails = len(stage.mail.mails)
    stage.stop()
    before = stage.happen(4)
    wait_for("a try has failed", lambda: all(
        entry["error"] for entry in json.loads(stage.recorder.komainu("destination", "list", "--json"))
        ["destinations"]), 60, 0.5)
    stage.recorder.stop(with_signal=9)
    between = stage.happen(4)
    stage.recorder.start()
    after = stage.happen(4)
    for peer in stage.peers:
        peer.start()
    names = before + between + after
    stage.wait_heard(names)
    stage.wait_empty("mail", "smtps", seconds=120)
    for box in (stage.mail, stage.smtps):
        text = "".join(box.texts())
        places = [text.index(name) for name in names]
        assert places == sorted(places), places
    assert len(stage.mail.mails) - mails <= 4, "a flood of mails"
    ids = [body["id"] for body in stage.hook.bodies]
    # At least once, and a double can be seen by its id.
    assert len(set(ids)) >= len(names)
    wait_for("the broker knows that the recorder is back",
             lambda: stage.broker.last("komainu/availability") == "online", 20)


def check_refused_content(stage):
    """A webhook that does not take one content is not held up by it for ever; the journal says so."""
    stage.hook.status = 422
    bad = stage.happen(1)

    def is_given_up():
        notices = json.loads(stage.recorder.komainu("notice", "list", "--all", "--json"))["notices"]
        return any(notice["state"] == "given_up" and bad[0] in json.dumps(notice) for notice in notices)

    wait_for("it is given up", is_given_up, 60, 0.5)
    stage.hook.status = 204
    good = stage.happen(1)
    wait_for("the next one is heard", lambda: good[0] in json.dumps(stage.hook.bodies), 60)
    assert bad[0] not in json.dumps(stage.hook.bodies)


def check_redirection(stage):
    stage.hook.status = 307
    said = json.loads(stage.recorder.komainu("destination", "test", "hook", "--json", expect=3))
    assert "redirections are not followed" in said["text"], said
    stage.hook.status = 204


def check_secrets(stage):
    """Neither log nor database nor arguments show a password or key."""
    stage.recorder.log.flush()
    known = [stage.password.encode(), stage.key.encode()]
    files = [stage.recorder.log_path, *stage.recorder.state.glob("guard.db*")]
    for path in files:
        data = path.read_bytes()
        assert not any(secret in data for secret in known), path
    for pid in stage.recorder.roles("courier"):
        for part in ("cmdline", "environ"):
            data = pathlib.Path(f"/proc/{pid}/{part}").read_bytes() if os.geteuid() == 0 else b""
            assert not any(secret in data for secret in known)


def metrics(stage, token):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(f"https://127.0.0.1:{stage.recorder.port}/metrics")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, context=context, timeout=20) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"), answer.headers
        return answer.read().decode()


def check_metrics(stage):
    for token in (None, "", "wrong"):
        try:
            metrics(stage, token)
            raise AssertionError(f"metrics without a token: {token}")
        except urllib.error.HTTPError as error:
            assert error.code == 401, error
    recorder = stage.recorder
    recorder.komainu("user", "add", "watcher", "--role", "administrator", "--password-file", recorder.secret())
    token, blind, narrow = (recorder.komainu("token", "add", "watcher", name, "--rights", rights, *more).strip()
                            for name, rights, more in (("prometheus", "metrics", ()), ("other", "status", ()),
                                                       ("narrow", "metrics", ("--cameras", "event-002"))))
    try:
        metrics(stage, blind)
        raise AssertionError("metrics without the right for it")
    except urllib.error.HTTPError as error:
        assert error.code == 403, error
    text = metrics(stage, narrow)
    assert 'camera="event-002"' in text and "event-001" not in text, text
    text = metrics(stage, token)
    sample = re.compile(r'^komainu_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+]+$')
    for line in text.splitlines():
        assert line.startswith("# ") or sample.match(line), line
    for wanted in ('komainu_camera_streaming{camera="event-001"} 0', 'komainu_notices_waiting{destination="hook"} 0',
                   "komainu_journal_entries", 'komainu_journal_state{state="broken"} 0', 'komainu_role_restarts{role="courier",instance="0"}'):
        assert wanted in text, wanted + "\n" + text
    # The one of earlier versions goes on working until it is taken back.
    old = secrets.token_urlsafe(32)
    with sqlite3.connect(recorder.state / "guard.db", timeout=20) as database:
        database.execute("INSERT INTO setting (name, value) VALUES ('metrics_token', ?)",
                         (hashlib.sha256(old.encode()).digest(),))
    assert "event-001" in metrics(stage, old)
    recorder.komainu("metrics", "token", expect=2)
    recorder.komainu("metrics", "token", "--drop")
    try:
        metrics(stage, old)
        raise AssertionError("metrics with a token that was taken back")
    except urllib.error.HTTPError as error:
        assert error.code == 401, error


def check_api(stage):
    """The same through the page's API, with an authority of one's own in the body."""
    password = secrets.token_urlsafe(12)
    stage.recorder.komainu("user", "add", "owner", "--role", "administrator", "--password-file",
                           stage.recorder.secret(password))
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    headers = {"Content-Type": "application/json"}

    def call(method, path, body=None):
        request = urllib.request.Request(
            f"https://127.0.0.1:{stage.recorder.port}/api/v1{path}", method=method, headers=headers,
            data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, context=context, timeout=20) as answer:
            if "Set-Cookie" in answer.headers:
                headers["Cookie"] = answer.headers["Set-Cookie"].split(";")[0]
            text = answer.read()
            return json.loads(text) if text else None

    try:
        call("GET", "/destinations")
        raise AssertionError("destinations without a session")
    except urllib.error.HTTPError as error:
        assert error.code == 401
    headers["X-Komainu-CSRF"] = call("POST", "/session", {"name": "owner", "password": password})["csrf"]
    entry = {"name": "by-api", "kind": "webhook", "url": f"https://localhost:{stage.hook.port}/",
             "has_password": True, "password": stage.key, "minimum": "critical", "language": "both",
             "ca": (stage.directory / "good-ca.pem").read_text(), "is_enabled": True}
    made = call("POST", "/destinations", entry)["id"]
    call("POST", f"/destinations/{made}/test", {})

    def tested():
        found = [row for row in call("GET", "/destinations")["destinations"] if row["destination"] == made][0]
        return found if not found["is_testing"] else None
    row = wait_for("the test has ended", tested, 30, 0.2)
    assert row["is_test_good"] and row["ca"] == entry["ca"], row
    assert row["has_password"] and stage.key not in json.dumps(row), row
    assert any(notice["state"] == "delivered" for notice in call("GET", "/notices?limit=5")["notices"])
    call("PATCH", f"/destinations/{made}", {**entry, "has_password": False, "password": "", "is_enabled": False})
    call("DELETE", f"/destinations/{made}")
    assert all(row["destination"] != made for row in call("GET", "/destinations")["destinations"])


def main():
    settings = {"notice_retry_seconds": 1, "notice_singles": 3, "notice_digest_minutes": 1}
    with Recorder(settings) as recorder:
        recorder.start()
        stage = Stage(recorder)
        try:
            check_refusals(stage)
            add_destinations(stage)
            check_tests(stage)
            check_ordinary(stage)
            check_discovery(stage)
            check_metrics(stage)
            check_api(stage)
            check_outage(stage)
            check_redirection(stage)
            check_refused_content(stage)
            check_secrets(stage)
        finally:
            stage.stop()


if __name__ == "__main__":
    sys.exit(main())
