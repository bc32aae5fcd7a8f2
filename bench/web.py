"""What a page does with a recorder over HTTPS: set it up, log in, ask, look at cameras live."""
import http.client
import json
import os
import secrets
import signal
import ssl
import subprocess
import time

import peers

CONNECT_S = 10
WATCH_S = 20  # until all viewers are connected


class Session:
    """One kept connection, logged in as the recorder's first administrator."""

    def __init__(self, port, setup_token):
        context = ssl.create_default_context()
        context.check_hostname = False  # a certificate of its own, made a moment ago, on loopback
        context.verify_mode = ssl.CERT_NONE
        self.port = port
        self.cookie = ""
        self.link = http.client.HTTPSConnection("localhost", port, context=context, timeout=30)
        self.connect()
        status, headers, body = self.ask("POST", "/setup", {
            "token": setup_token, "name": "bench", "password": secrets.token_urlsafe(18)})
        if status != 200:
            raise RuntimeError(f"set-up was refused: {status} {body[:200]!r}")
        self.cookie = headers["set-cookie"].split(";")[0]

    def connect(self):
        """Web may be a moment later than the recorder."""
        end = time.monotonic() + CONNECT_S
        while True:
            try:
                self.link.connect()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and body of the answer, on the connection that is kept."""
        all_headers = {"Cookie": self.cookie, **(headers or {})}
        if body is not None:
            body = json.dumps(body)
            all_headers["Content-Type"] = "application/json"
        self.link.request(method, "/api/v1" + path, body, all_headers)
        answer = self.link.getresponse()
        return answer.status, answer.headers, answer.read()

    def get(self, path, headers=None):
        status, _, body = self.ask("GET", path, headers=headers)
        if status not in (200, 206):
            raise RuntimeError(f"GET {path}: {status} {body[:200]!r}")
        return body

    def cameras(self):
        return [camera["id"] for camera in json.loads(self.get("/cameras"))["cameras"]]


class Viewers:
    """komainu-bench-viewer on some cameras of a recorder."""

    def __init__(self, program, session, cameras, folder):
        self.path = os.path.join(folder, "viewer.log")
        with open(self.path, "wb") as log:
            self.process = subprocess.Popen([program, "--port", str(session.port)],
                                            stdin=subprocess.PIPE, stdout=log)
        lines = "\n".join([session.cookie, *cameras]) + "\n"
        self.process.stdin.write(lines.encode())
        self.process.stdin.close()
        end = time.monotonic() + WATCH_S
        while not self.event("watching"):
            if self.process.poll() is not None or time.monotonic() > end:
                self.end()
                raise RuntimeError("the live viewers could not connect")
            time.sleep(0.05)

    def event(self, name):
        with open(self.path, encoding="utf-8") as log:
            found = [event for line in log if line.endswith("\n")
                     and (event := json.loads(line))["event"] == name]
        return found[-1] if found else None

    def end(self):
        peers.stop([self.process], signal.SIGTERM)
        return self.event("end")
