#!/usr/bin/env python3
# check: seconds=480
"""Who may come from where, with clients that really come from elsewhere (network namespaces): the
service's list turns a stranger away before TLS; an account's and a token's lists hold for requests and
for live video, also when they change meanwhile. [IPA a02-2, b21-2]"""
import http.client
import json
import pathlib
import re
import socket
import ssl
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lab"))
import street_net  # noqa: E402
from recorder import Camera, Recorder, wait_for  # noqa: E402
from web import Socket  # noqa: E402

LIFE_S = 400  # far more than it takes
V6 = f"{street_net.NETWORK_V6}::1"
RECHECK_S = 40  # live video asks so often whether it may go on, at most
STRANGERS = 200
BINARY, CLOSE = 2, 8
POLICY = 1008  # [RFC 6455 7.4.1]
PASSWORD = "lantern stone gate 4711"
TLS = ssl.create_default_context()
TLS.check_hostname = False
TLS.verify_mode = ssl.CERT_NONE


class Client:
    """Somebody on a host of the street (host None: on the recorder's machine)."""

    def __init__(self, host, port, address=street_net.RECORDER):
        self.host, self.port, self.address, self.headers = host, port, address, {}

    def reach(self):
        if self.host is None:
            return socket.create_connection((self.address, self.port), 10)
        with self.host.network():
            return socket.create_connection((self.address, self.port), 10)

    def connect(self):
        return TLS.wrap_socket(self.reach())

    def ask(self, method, path, body=None):
        link = http.client.HTTPSConnection(self.address, self.port)
        link.sock = self.connect()
        link.request(method, path, json.dumps(body) if body is not None else None,
                     {**self.headers, **({"Content-Type": "application/json"} if body is not None else {})})
        answer = link.getresponse()
        data = answer.read()
        link.close()
        return answer, json.loads(data) if data.startswith(b"{") else None

    def status(self, path="/api/v1/hello"):
        return self.ask("GET", path)[0].status

    def login(self, name, password):
        answer, told = self.ask("POST", "/api/v1/session", {"name": name, "password": password})
        if answer.status == 200:
            self.headers = {"Cookie": answer.getheader("set-cookie").split(";")[0],
                            "X-Komainu-CSRF": told["csrf"]}
        return answer.status

    def is_turned_away(self):
        """Whether a TLS greeting is answered with nothing at all, not even an alert."""
        greeting, got = ssl.MemoryBIO(), b""
        try:
            TLS.wrap_bio(ssl.MemoryBIO(), greeting).do_handshake()
        except ssl.SSLWantReadError:
            pass
        try:
            with self.reach() as link:
                link.sendall(greeting.read())
                got = link.recv(1)
        except (ConnectionResetError, BrokenPipeError):
            pass
        return got == b""


class Live(Socket):
    """Live video of a camera, with a token."""

    def __init__(self, client, camera, token):
        super().__init__(client, camera, headers={"Authorization": f"Bearer {token}"})
        self.pictures = 0

    def watch(self, seconds, pictures=None):
        """Until it is closed (the code), or so many messages with pictures have come (None)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and (pictures is None or self.pictures < pictures):
            kind, data = self.receive()
            if kind == CLOSE:
                return int.from_bytes(data[:2], "big")
            self.pictures += kind == BINARY
        return None


def set_service_list(r, text):
    path = r.state / "komainu.yaml"
    path.write_text(re.sub(r"^allow_from:.*$", f'allow_from: "{text}"', path.read_text(), flags=re.M))


def check_service(r, home, away):
    """The list of the service, IPv4 and IPv6; this machine always may."""
    for address in (street_net.RECORDER, V6):
        assert Client(home, r.port, address).status() == 200, address
        assert Client(away, r.port, address).is_turned_away(), address
        assert not Client(home, r.port, address).is_turned_away(), "the check sees answers"
    assert Client(None, r.port, "127.0.0.1").status() == 200
    pids = r.roles("web")
    began = time.monotonic()
    worst = 0
    for number in range(STRANGERS):
        assert Client(away, r.port).is_turned_away()
        if number % 20 == 0:
            asked = time.monotonic()
            assert Client(home, r.port).status() == 200
            worst = max(worst, time.monotonic() - asked)
    assert r.roles("web") == pids, "the web's process died"
    print(f"{STRANGERS} strangers turned away in {time.monotonic() - began:.1f} s, before TLS; "
          f"meanwhile an answer took {worst * 1000:.0f} ms at worst")


def check_account(r, home, away):
    """The list of an account: a login, a session that moves, and a change that holds at once."""
    r.komainu("user", "add", "anna", "--role", "user", "--password-file", r.secret(PASSWORD))
    r.komainu("user", "grant", "anna", "door", "live")
    r.komainu("user", "set", "anna", "--allow-from", f"{home.address}/32")
    at_home, elsewhere = Client(home, r.port), Client(away, r.port)
    assert at_home.login("anna", PASSWORD) == 200
    assert elsewhere.login("anna", PASSWORD) == 401, "a stranger learns nothing, not even why"
    elsewhere.headers = at_home.headers
    assert at_home.status("/api/v1/account") == 200
    assert elsewhere.status("/api/v1/account") == 403, "a stolen cookie is worth nothing elsewhere"
    r.komainu("user", "set", "anna", "--allow-from", f"{away.address}/32")
    wait_for("the change holds", lambda: at_home.status("/api/v1/account") in (401, 403), 10)
    assert elsewhere.login("anna", PASSWORD) == 200


def check_token(r, home, away, camera):
    """The list of a token, for requests and for live video."""
    r.komainu("user", "set", "anna", "--allow-from", "any")
    token = r.komainu("token", "add", "anna", "wall", "--rights", "live,status", "--days", 1, "--cameras",
                      "door", "--allow-from", f"{home.address}/32").strip()
    for host, address, status in ((home, street_net.RECORDER, 200), (away, street_net.RECORDER, 403),
                                  (home, V6, 403), (None, street_net.RECORDER, 403)):
        client = Client(host, r.port, address)
        client.headers = {"Authorization": f"Bearer {token}"}
        assert client.status("/api/v1/cameras") == status, (host, address, status)
    live = Live(Client(home, r.port), camera, token)
    assert live.status == 101 and live.watch(20, pictures=10) is None and live.pictures == 10
    for host, address in ((away, street_net.RECORDER), (home, V6)):
        stranger = Live(Client(host, r.port, address), camera, token)
        assert stranger.watch(20) == POLICY and stranger.pictures == 0, (stranger.status, stranger.pictures)
    # The owner is held to another place: what runs ends by itself.
    r.komainu("user", "set", "anna", "--allow-from", f"{away.address}/32")
    began = time.monotonic()
    assert live.watch(RECHECK_S) == POLICY
    print(f"live video ended {time.monotonic() - began:.1f} s after its owner's list changed")
    journal = r.komainu("journal", "show", "--limit", 50)
    assert f"token wall of anna from {away.address}" in journal, journal
    assert token not in journal


def main():
    street_net.enter(LIFE_S)
    line = street_net.Street()
    home, away = line.add("home"), line.add("away")
    line.speak_v6()
    try:
        camera = Camera("--mount", "/door", "--width", 320, "--height", 240, "--fps", 15, "--gop", 15)
        with Recorder({"listen_address": '"::"', "allow_from":
                       f'"{home.address}/32, {street_net.NETWORK_V6}::{home.number}/128"'}) as r:
            r.add("door", camera.url)
            r.start()
            check_service(r, home, away)
            r.stop()
            set_service_list(r, f"{street_net.NETWORK}.0/24, {street_net.NETWORK_V6}::/64")
            r.start()
            r.wait_streaming("door")
            check_account(r, home, away)
            check_token(r, home, away, r.camera("door")["id"])
            assert r.stop() == 0
        camera.stop()
        return 0
    finally:
        line.finish()


if __name__ == "__main__":
    sys.exit(main())
