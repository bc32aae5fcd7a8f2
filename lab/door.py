#!/usr/bin/env python3
"""The doors of a scripted camera: HTTP, RTSP (DESCRIBE, never media) and UDP inquiries, with a login
that is right, weak or odd in one way. Prints JSON lines: ready, login, locked, asked.

It is what an audit meets, not what a recorder records; for that see komainu-lab-camera.
"""
import argparse
import asyncio
import base64
import email.utils
import hashlib
import hmac
import json
import re
import secrets
import signal
import sys
import time

REQUEST_MAX = 16 * 1024
IDLE_S = 20
NONCES_MAX = 1000
UNLOCK_S = 1800
SDP = ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=Session\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
       "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track1\r\n")
PICTURE = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(64) + b"\xff\xd9"


def report(event, **members):
    print(json.dumps({"event": event, "wall_ms": int(time.time() * 1000), **members}), flush=True)


class Request:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = (lines[0].split(" ") + ["", "", ""])[:3]
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.path = re.sub(r"^[a-z]+://[^/]*", "", self.target).split("?")[0].rstrip("/") or "/"
        self.is_rtsp = self.version.startswith("RTSP/")


class Lock:
    """Failed logins in a row of an account, whatever the service."""

    def __init__(self, after):
        self.after, self.failures, self.until = after, {}, {}

    def is_locked(self, account):
        return self.until.get(account, 0) > time.monotonic()

    def note(self, account, is_good):
        self.failures[account] = 0 if is_good else self.failures.get(account, 0) + 1
        report("login", account=account, good=is_good, failures=self.failures[account])
        if self.after and self.failures[account] >= self.after:
            self.until[account] = time.monotonic() + UNLOCK_S
            report("locked", account=account)


class Login:
    """Who is let in: Basic or Digest, right or any, and the lock."""

    def __init__(self, options):
        self.options, self.lock = options, Lock(options.lock_after)
        self.nonces = []

    def challenge(self):
        realm = self.options.realm
        if self.options.auth == "basic":
            return f'Basic realm="{realm}"'
        self.nonces = [*self.nonces[-NONCES_MAX:], secrets.token_hex(16)]
        algorithm = "SHA-256" if self.options.auth == "digest-sha256" else "MD5"
        return f'Digest realm="{realm}", nonce="{self.nonces[-1]}", algorithm={algorithm}, qop="auth"'

    def judge(self, request):
        """200, 401 or 403 for the credentials of a request."""
        kind, _, rest = request.headers.get("authorization", "").partition(" ")
        if not rest:
            return 401
        account, is_good = (self.basic if kind.lower() == "basic" else self.digest)(request, rest)
        if account is None:
            return 401
        if self.lock.is_locked(account):
            return 403
        is_good = is_good or self.options.any_login
        self.lock.note(account, is_good)
        return 200 if is_good else 401

    def basic(self, _, rest):
        if self.options.auth != "basic":
            return None, False
        try:
            account, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except ValueError:
            return None, False
        return account, self.is_pair(account, password)

    def is_pair(self, account, password):
        return account == self.options.user and hmac.compare_digest(
            password.encode(), self.options.password.encode())

    def digest(self, request, rest):
        told = {name.lower(): quoted or plain for name, quoted, plain in
                re.findall(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))', rest)}
        if told.get("nonce") not in self.nonces or "username" not in told:
            return None, False
        make = hashlib.sha256 if self.options.auth == "digest-sha256" else hashlib.md5

        def digest(*parts):
            return make(":".join(parts).encode()).hexdigest()
        who = digest(self.options.user, self.options.realm, self.options.password)
        what = digest(request.method, told.get("uri", ""))
        middle = [told["nonce"]] + ([told.get("nc", ""), told.get("cnonce", ""), told["qop"]]
                                    if "qop" in told else [])
        is_good = hmac.compare_digest(digest(who, *middle, what), told.get("response", ""))
        return told["username"], is_good and told["username"] == self.options.user


class Door:
    """One connection."""

    def __init__(self, options, login, reader, writer):
        self.options, self.login, self.reader, self.writer = options, login, reader, writer

    async def run(self):
        while True:
            head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), IDLE_S)
            request = Request(head[:-4])
            size = int(request.headers.get("content-length", "0") or 0)
            if size > REQUEST_MAX or not request.version:
                return
            await asyncio.wait_for(self.reader.readexactly(size), IDLE_S)
            status, kind, body = self.answer(request)
            self.send(request, status, kind, body)
            await self.writer.drain()
            if request.headers.get("connection", "").lower() == "close":
                return

    def answer(self, request):
        """Status, content type and body."""
        if self.options.any_path:
            return 200, *self.content(request)
        if request.is_rtsp and request.method == "OPTIONS":
            return 200, "", b""
        if self.options.auth != "none" and request.path not in self.options.open:
            status = self.login.judge(request)
            if status != 200:
                return status, "text/html", b"<html><title>Unauthorized</title></html>"
        if request.path not in self.options.path + self.options.open:
            return 404, "text/html", b"<html><title>Not found</title></html>"
        return 200, *self.content(request)

    def content(self, request):
        if request.is_rtsp:
            return ("application/sdp", SDP.encode()) if request.method == "DESCRIBE" else ("", b"")
        if request.path.endswith((".jpg", ".jpeg", ".cgi", "/picture")):
            return "image/jpeg", PICTURE
        return "text/html", f"<html><title>{self.options.title}</title></html>".encode()

    def send(self, request, status, kind, body):
        words = {200: "OK", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
        lines = [f"{'RTSP/1.0' if request.is_rtsp else 'HTTP/1.1'} {status} {words[status]}"]
        if request.is_rtsp:
            lines += [f"CSeq: {request.headers.get('cseq', '0')}", "Public: OPTIONS, DESCRIBE, SETUP, PLAY"]
        if self.options.server:
            lines.append(f"Server: {self.options.server}")
        lines.append("Date: " + email.utils.formatdate(time.time() + self.options.clock_ahead, usegmt=True))
        if status == 401:
            lines.append(f"WWW-Authenticate: {self.login.challenge()}")
        if kind:
            lines.append(f"Content-Type: {kind}")
        lines.append(f"Content-Length: {len(body)}")
        text = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self.writer.write(text + (b"" if request.method == "HEAD" else body))


class Inquiry(asyncio.DatagramProtocol):
    """Tells who it is to whoever asks, as discovery protocols of makers do; it obeys nothing."""

    def __init__(self, options):
        self.options = options

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        match = re.search(rb"<Uuid>([0-9A-Za-z-]{1,64})</Uuid>", data)
        if b"<Types>inquiry</Types>" not in data or not match:
            return
        report("asked", port=37020)
        answer = ('<?xml version="1.0" encoding="UTF-8"?>\n<ProbeMatch><Uuid>' + match[1].decode() +
                  "</Uuid><Types>inquiry</Types><DeviceType>1</DeviceType>"
                  "<DeviceDescription>DS-LAB-1</DeviceDescription><DeviceSN>DS-LAB-1-0001</DeviceSN>"
                  "<CommandPort>8000</CommandPort><HttpPort>80</HttpPort>"
                  "<MAC>02-00-00-77-00-01</MAC><SoftwareVersion>V5.4.0build 160530</SoftwareVersion>"
                  "<Activated>true</Activated></ProbeMatch>")
        self.transport.sendto(answer.encode(), address)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, action="append", default=[], help="may be repeated")
    parser.add_argument("--inquiry", action="store_true", help="answer on UDP 37020")
    parser.add_argument("--auth", choices=["none", "basic", "digest", "digest-sha256"], default="digest")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password-file", help="its first line is the password")
    parser.add_argument("--lock-after", type=int, default=0, help="failed logins in a row; 0: never")
    parser.add_argument("--any-login", action="store_true", help="let everybody in")
    parser.add_argument("--any-path", action="store_true", help="200 to everything, no login")
    parser.add_argument("--path", action="append", default=["/"], help="a path that exists")
    parser.add_argument("--open", action="append", default=[], help="a path that needs no login")
    parser.add_argument("--realm", default="camera")
    parser.add_argument("--server", default="")
    parser.add_argument("--title", default="camera")
    parser.add_argument("--clock-ahead", type=float, default=0, help="seconds, of its Date")
    options = parser.parse_args()
    options.password = secrets.token_urlsafe(16)
    if options.password_file:
        with open(options.password_file, encoding="utf-8") as file:
            options.password = file.readline().rstrip("\r\n")
    return options


async def serve(options):
    login = Login(options)

    async def accept(reader, writer):
        try:
            await Door(options, login, reader, writer).run()
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            pass  # they went away, or speak something else
        finally:
            writer.close()
    for port in options.port:
        await asyncio.start_server(accept, options.address, port, limit=REQUEST_MAX)
    if options.inquiry:
        await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Inquiry(options), local_addr=("0.0.0.0", 37020))
    report("ready", ports=options.port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(parse_arguments()))
    sys.exit(0)
