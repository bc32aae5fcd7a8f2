#!/usr/bin/env python3
# check: seconds=480
"""komainu-web against a guard of a few rules: the gate, TLS, playback to the byte, export, live, and
clients that misbehave.

tests/flow/web.py BUILD_DIRECTORY     (komainu-web, fake_guard and make_archive are looked for below it)
Needs ffmpeg and ffprobe for the pictures.
"""
import base64
import http.client
import json
import os
import pathlib
import random
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

from recorder import free_port, wait_for

CAMERA = "00000000-0000-0000-0000-000000000001"
OTHER = "00000000-0000-0000-0000-000000000002"
START = 1_700_000_000_000_000
SECOND = 1_000_000
ADMIN = {"Cookie": "__Host-komainu=" + "11" * 32}
USER = {"Cookie": "__Host-komainu=" + "22" * 32}
CSRF = {"X-Komainu-CSRF": "33" * 32}
JSON = {"Content-Type": "application/json"}
SPAN = f"from={START - 5 * SECOND}&to={START + 120 * SECOND}"


def find_program(build, name):
    found = [path for path in pathlib.Path(build).rglob(name) if os.access(path, os.X_OK) and path.is_file()]
    if not found:
        sys.exit(f"{name} is not below {build}")
    return str(found[0].resolve())


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


# --- a recording ---


def make_movie(path):
    run("ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i",
        "testsrc2=size=320x240:rate=25:duration=30", "-f", "lavfi", "-i",
        "sine=frequency=440:sample_rate=48000:duration=30", "-c:a", "aac", "-c:v", "libx264", "-g", "50",
        "-bf", "2", "-pix_fmt", "yuv420p", "-preset", "veryfast", str(path))


def make_list(movie, path):
    """The samples of a movie, as make_archive reads them."""
    data = movie.read_bytes()
    told = json.loads(run("ffprobe", "-loglevel", "error", "-show_streams", "-show_packets", "-of", "json",
                          str(movie)))
    lines, samples = [], []
    for stream in told["streams"]:
        if stream["codec_type"] == "video":
            at = data.find(b"avcC")
            avcc = data[at + 4:at - 4 + int.from_bytes(data[at - 4:at], "big")]
            lines.append(f"track 1 90000 {stream['width']} {stream['height']} 0 "
                         f"avc1.{avcc[1:4].hex()} {avcc.hex()}")
        else:
            at = data.find(b"\x05\x80\x80\x80", data.find(b"esds"))
            config = data[at + 5:at + 5 + data[at + 4]]
            lines.append(f"track 3 48000 0 0 {stream['channels']} mp4a.40.2 {config.hex()}")
    for packet in told["packets"]:
        stream = told["streams"][packet["stream_index"]]
        hz = 90000 if stream["codec_type"] == "video" else 48000
        base = hz / int(stream["time_base"].split("/")[1])
        shown, decoded = round(int(packet["pts"]) * base), round(int(packet["dts"]) * base)
        samples.append((decoded / hz, packet["stream_index"], int("K" in packet["flags"]), shown,
                        shown - decoded, round(int(packet["duration"]) * base), packet["pos"], packet["size"]))
    for sample in sorted(samples):
        lines.append("sample " + " ".join(str(word) for word in sample[1:]))
    path.write_text("\n".join(lines) + "\n")


def pictures(path):
    rows = run("ffmpeg", "-loglevel", "error", "-i", str(path), "-map", "0:v", "-vsync", "passthrough",
               "-f", "framemd5", "-").splitlines()
    return [row.split(",")[-1].strip() for row in rows if not row.startswith("#")]


# --- the server ---


class Web:
    def __init__(self, programs, root, index):
        # The sanitizer's leak check needs ptrace, which the sandbox takes away.
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
        self.guard = subprocess.Popen([programs["fake_guard"], programs["komainu-web"], root, index, str(free_port())],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                      env=environment)
        self.port = 0
        while not self.port:
            line = self.guard.stdout.readline()
            assert line, "komainu-web did not start"
            if line.startswith("port "):
                self.port = int(line.split()[1])
        self.pid = int(run("pgrep", "-P", str(self.guard.pid)).split()[0])
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE

    def connect(self, context=None):
        return (context or self.tls).wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=20))

    def ask(self, method, path, body=None, headers=()):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=20)
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer, data

    def get(self, path, headers=ADMIN):
        return self.ask("GET", "/api/v1/" + path, headers=headers)

    def cpu_seconds(self):
        words = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def end_session(self):
        self.guard.stdin.write("end\n")
        self.guard.stdin.flush()

    def stop(self):
        self.guard.stdin.close()
        assert self.guard.wait(20) == 0


class Socket:
    """A WebSocket client of a few lines."""

    def __init__(self, web, camera=CAMERA, origin=None, headers=ADMIN, protocol="komainu-live", path=None):
        host = f"127.0.0.1:{web.port}"
        lines = [f"GET {path or f'/api/v1/cameras/{camera}/live'} HTTP/1.1", f"Host: {host}",
                 "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(),
                 f"Origin: {origin or 'https://' + host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if protocol:
            lines.append(f"Sec-WebSocket-Protocol: {protocol}")
        self.socket = web.connect()
        self.socket.sendall("\r\n".join(lines + ["", ""]).encode())
        self.data = b""
        while b"\r\n\r\n" not in self.data:
            more = self.socket.recv(65536)
            assert more, "no answer to the handshake"
            self.data += more
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])

    def take(self, count):
        while len(self.data) < count:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.data += more
        part, self.data = self.data[:count], self.data[count:]
        return part

    def receive(self):
        """(opcode, bytes)"""
        head = self.take(2)
        size = head[1] & 127
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return head[0] & 15, self.take(size)


# --- checks ---


def check_headers_and_assets(web):
    for path in ("/", "/api/v1/hello", "/nothing", "/api/v1/status"):
        answer, _ = web.ask("GET", path)
        for name in ("content-security-policy", "strict-transport-security", "x-content-type-options",
                     "referrer-policy", "cross-origin-opener-policy", "cross-origin-resource-policy",
                     "permissions-policy"):
            assert answer.getheader(name), (path, name)
        assert answer.getheader("server") is None
        assert "frame-ancestors 'none'" in answer.getheader("content-security-policy")
    answer, _ = web.ask("GET", "/")
    again, body = web.ask("GET", "/", headers={"If-None-Match": answer.getheader("etag")})
    assert (again.status, body) == (304, b"")
    answer, body = web.ask("HEAD", "/")
    assert answer.status == 200 and body == b"" and int(answer.getheader("content-length")) > 0
    answer, _ = web.ask("PUT", "/")
    assert answer.status == 405 and answer.getheader("allow") == "GET, HEAD"


def check_login(web):
    def login(**words):
        return web.ask("POST", "/api/v1/session", json.dumps(words), JSON)

    answer, body = login(name="admin", password="wrong")
    assert (answer.status, json.loads(body)["error"]["code"]) == (401, "login_failed")
    answer, body = login(name="locked", password="wrong")
    assert answer.status == 429 and json.loads(body)["error"]["retry_after_s"] == 8
    answer, body = login(name="admin")
    assert answer.status == 422 and json.loads(body)["error"]["field"] == "password"
    answer, body = login(name="admin", password="right horse")
    cookie = answer.getheader("set-cookie")
    assert answer.status == 200 and json.loads(body)["csrf"] == "33" * 32
    assert cookie.startswith("__Host-komainu=") and all(
        word in cookie for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
    answer, _ = web.ask("POST", "/api/v1/session", b"name=admin", {"Content-Type": "text/plain"})
    assert answer.status == 400
    answer, _ = web.ask("POST", "/api/v1/session", b"x" * 70000, JSON)
    assert answer.status == 413


def check_gate(web):
    for path in ("session", "status", "cameras", f"cameras/{CAMERA}", f"cameras/{CAMERA}/timeline?{SPAN}",
                 f"cameras/{CAMERA}/segments?{SPAN}", f"cameras/{CAMERA}/export.mp4?{SPAN}",
                 f"cameras/{CAMERA}/hls.m3u8?{SPAN}", f"segments/{CAMERA}/init.mp4",
                 f"segments/{CAMERA}/media.m4s", f"cameras/{CAMERA}/live"):
        for headers in ({}, {"Cookie": "__Host-komainu=" + "44" * 32}, {"Cookie": "__Host-komainu=zz"}):
            answer, body = web.get(path, headers)
            assert answer.status == 401 and json.loads(body)["error"]["code"] == "not_logged_in", path
    for path in (f"cameras/{OTHER}/timeline?{SPAN}", f"cameras/{OTHER}/export.mp4?{SPAN}",
                 f"cameras/{OTHER}/live"):
        answer, body = web.get(path, USER)
        assert answer.status == 403 and json.loads(body)["error"]["code"] == "denied", path
    path = f"/api/v1/cameras/{CAMERA}"
    for headers in (ADMIN, ADMIN | {"X-Komainu-CSRF": "34" * 32}, ADMIN | CSRF | {"Origin": "https://evil"}):
        for method in ("DELETE", "PATCH"):
            answer, body = web.ask(method, path, "{}" if method == "PATCH" else None, JSON | headers)
            assert answer.status == 403 and json.loads(body)["error"]["code"] == "csrf", headers
    answer, _ = web.ask("DELETE", path, headers=ADMIN | CSRF)
    assert answer.status == 204
    answer, body = web.ask("PATCH", path, '{"name":"x","nmae":"y"}', JSON | ADMIN | CSRF)
    assert answer.status == 422 and json.loads(body)["error"]["field"] == "nmae"
    answer, body = web.ask("POST", "/api/v1/cameras", '{"name":"x","url":"rtsp://a/"}', JSON | ADMIN | CSRF)
    assert answer.status == 201 and json.loads(body)["id"] == OTHER


def check_playback(web, movie, folder):
    """[quirk: ffmpeg loses the range between requests of one connection, hence -http_persistent 0]"""
    wanted = pictures(movie)
    answer, body = web.get(f"cameras/{CAMERA}/timeline?{SPAN}&resolution={SECOND}")
    assert len(json.loads(body)["recorded"]) == 1, body
    answer, body = web.get(f"cameras/{CAMERA}/segments?{SPAN}")
    segments = json.loads(body)["segments"]
    seen, chance = [], random.Random(1)
    assert len(segments) > 1
    for segment in segments:
        path = f"segments/{segment['id']}"
        answer, init = web.get(path + "/init.mp4")
        assert len(init) == segment["init_bytes"] and "immutable" in answer.getheader("cache-control")
        answer, media = web.get(path + "/media.m4s")
        assert len(media) == segment["media_bytes"] == sum(chunk[1] for chunk in segment["chunks"])
        for offset, _, _, _, _ in segment["chunks"]:
            assert media[offset + 4:offset + 8] == b"moof"
        for _ in range(10):
            first = chance.randrange(len(media))
            last = min(len(media) - 1, first + chance.randrange(100_000))
            answer, part = web.get(path + "/media.m4s", ADMIN | {"Range": f"bytes={first}-{last}"})
            assert answer.status == 206 and part == media[first:last + 1]
            assert answer.getheader("content-range") == f"bytes {first}-{last}/{len(media)}"
        answer, _ = web.get(path + "/media.m4s", ADMIN | {"Range": f"bytes={len(media)}-"})
        assert answer.status == 416 and answer.getheader("content-range") == f"bytes */{len(media)}"
        answer, part = web.get(path + "/media.m4s", ADMIN | {"Range": "bytes=0-1,4-5"})
        assert answer.status == 200 and part == media
        (folder / "segment.mp4").write_bytes(init + media)
        seen += pictures(folder / "segment.mp4")
    assert seen == wanted
    packets = run("ffprobe", "-loglevel", "error", "-http_persistent", "0", "-headers",
                  f"Cookie: {ADMIN['Cookie']}\r\n", "-select_streams", "v", "-show_entries", "packet=pts",
                  "-of", "csv", f"https://127.0.0.1:{web.port}/api/v1/cameras/{CAMERA}/hls.m3u8?{SPAN}")
    assert len(packets.split()) == len(wanted)


def check_export(web, movie, folder):
    wanted = pictures(movie)
    answer, body = web.get(f"cameras/{CAMERA}/export.mp4?{SPAN}")
    assert answer.status == 200 and "attachment" in answer.getheader("content-disposition")
    (folder / "export.mp4").write_bytes(body)
    assert pictures(folder / "export.mp4") == wanted
    answer, body = web.get(
        f"cameras/{CAMERA}/export.mp4?from={START + 5_500_000}&to={START + 12_300_000}")
    (folder / "export.mp4").write_bytes(body)
    part = pictures(folder / "export.mp4")
    first = wanted.index(part[0])
    assert part == wanted[first:first + len(part)] and first <= 5.5 * 25 and first % 50 == 0
    answer, _ = web.get(f"cameras/{CAMERA}/export.mp4?from=1&to=2")
    assert answer.status == 404


def check_live(web):
    for words, status in (({"origin": "https://evil"}, 403), ({"headers": {}}, 401), ({"protocol": None}, 400),
                          ({"path": "/api/v1/hello"}, 404)):
        assert Socket(web, **words).status == status, words
    for words in ({"headers": {"Cookie": "__Host-komainu=" + "44" * 32}}, {"headers": USER, "camera": OTHER}):
        opcode, body = Socket(web, **words).receive()
        assert (opcode, body[:2]) == (8, struct.pack(">H", 1008))
    told = json.loads(Socket(web, camera=OTHER).receive()[1])
    assert told["kind"] == "waiting"
    viewers = [Socket(web) for _ in range(3)]
    for viewer in viewers:
        opcode, body = viewer.receive()
        assert opcode == 1 and json.loads(body)["kind"] == "init"
        opcode, body = viewer.receive()
        assert opcode == 2 and body[4:8] == b"ftyp"
        assert json.loads(viewer.receive()[1])["kind"] == "label"
        previous = -1
        for number in range(40):
            opcode, body = viewer.receive()
            if opcode == 1:
                continue
            at = body.find(b"tfdt") + 8
            ticks = struct.unpack(">Q", body[at:at + 8])[0]
            assert body[4:8] == b"moof" and ticks > previous
            if previous < 0:
                assert body[-39996] == 0x65, "the first picture is a key frame"
            previous = ticks
    web.end_session()
    for viewer in viewers:
        opcode = 0
        while opcode != 8:
            opcode, body = viewer.receive()
        assert body[:2] == struct.pack(">H", 1008)


def check_stalled_viewer(web):
    """One who does not read for a while goes on whole: what was queued, then a later key frame."""
    viewer = Socket(web)
    for _ in range(5):
        viewer.receive()
    time.sleep(16)
    previous, skipped, pictures_after = -1, 0, 0
    while pictures_after < 30:
        opcode, body = viewer.receive()
        if opcode == 1:
            told = json.loads(body)
            if told["kind"] == "skipped":
                skipped = told["frames"]
            continue
        assert body[4:8] == b"moof", body[:8]
        at = body.find(b"tfdt") + 8
        ticks = struct.unpack(">Q", body[at:at + 8])[0]
        assert ticks > previous, (ticks, previous)
        previous = ticks
        if skipped:
            assert pictures_after > 0 or body[-39996] == 0x65, "goes on with a key frame"
            pictures_after += 1
    assert skipped > 25, skipped


def check_tls(web):
    def try_with(**words):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        for name, value in words.items():
            if name == "ciphers":
                context.set_ciphers(value)
            else:
                setattr(context, name, value)
        with web.connect(context) as connection:
            return connection.version(), connection.cipher()[0]

    def is_refused(**words):
        try:
            try_with(**words)
        except (ssl.SSLError, ConnectionError):
            return True
        return False

    assert try_with()[0] == "TLSv1.3"
    assert try_with()[1] in ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256")
    two = ssl.TLSVersion.TLSv1_2
    assert try_with(maximum_version=two) == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")
    assert try_with(maximum_version=two, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")[0] == "TLSv1.2"
    assert is_refused(maximum_version=two, ciphers="ECDHE-ECDSA-CHACHA20-POLY1305")
    assert is_refused(maximum_version=two, ciphers="ECDHE-ECDSA-AES128-SHA256")
    assert is_refused(minimum_version=ssl.TLSVersion.TLSv1_1, maximum_version=ssl.TLSVersion.TLSv1_1,
                      ciphers="ALL:@SECLEVEL=0")


def check_http(web):
    with web.connect() as connection:  # three requests at once are answered in order
        connection.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
                                    for path in ("/api/v1/hello", "/none", "/api/v1/hello")))
        data = b""
        while data.count(b"HTTP/1.1 ") < 3 or not data.endswith(b"}"):
            data += connection.recv(65536)
        assert [line.split()[1] for line in data.split(b"HTTP/1.1")[1:]] or True
        assert [part.split()[0] for part in data.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]
    for head in ("POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
                 "POST /api/v1/session HTTP/1.1\r\nHost: a\r\n\r\n",
                 "POST /api/v1/session HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                 "GET /" + "a" * 3000 + " HTTP/1.1\r\nHost: a\r\n\r\n",
                 "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde",
                 "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + "a" * 20000 + "\r\n\r\n"):
        with web.connect() as connection:
            connection.sendall(head.encode())
            try:
                data = connection.recv(65536)
            except (ssl.SSLError, ConnectionError):
                data = b""
            assert not data or int(data.split()[1]) >= 400, (head[:60], data[:60])


def check_bad_clients(web):
    """[quirk: libwebsockets 4.1.6, dropped and half-closed downloads spin]"""
    request = (f"GET /api/v1/cameras/{CAMERA}/export.mp4?{SPAN} HTTP/1.1\r\nHost: a\r\n"
               f"Cookie: {ADMIN['Cookie']}\r\n\r\n").encode()
    before = web.descriptors()
    for _ in range(20):
        connection = web.connect()
        connection.sendall(request)
        connection.recv(1000)
        connection.close()
    garbage = []
    for number in range(60):
        connection = socket.create_connection(("127.0.0.1", web.port))
        connection.sendall(os.urandom(200) if number % 2 else b"GET / HTTP/1.1\r\n\r\n")
        garbage.append(connection)
    for connection in garbage:
        connection.close()
    half_closed = []
    for _ in range(3):
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.connect(("127.0.0.1", web.port))
        connection = web.tls.wrap_socket(plain)
        connection.sendall(request)
        socket.socket.shutdown(connection, socket.SHUT_WR)
        half_closed.append(connection)

    def is_calm():
        spent = web.cpu_seconds()
        time.sleep(2)
        return web.cpu_seconds() - spent < 0.2
    wait_for("it does not spin", is_calm, 30)
    # Up to four handles of the archive, of four descriptors each, may have been opened meanwhile.
    wait_for("connections are let go", lambda: web.descriptors() <= before + 16, 20)
    assert web.ask("GET", "/api/v1/hello")[0].status == 200


def is_ended(connection):
    """Whether the server has closed it."""
    connection.settimeout(0.01)
    try:
        while connection.recv(65536):
            pass
    except (TimeoutError, ssl.SSLWantReadError):
        return False
    except OSError:
        pass
    return True


def check_slow_clients(web):
    calm = web.descriptors()
    silent = socket.create_connection(("127.0.0.1", web.port))
    dripping = web.connect()
    dripping.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
    body = web.connect()
    body.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                 b"Content-Length: 100\r\n\r\n{")

    def are_ended():
        for connection in (dripping, body):
            try:
                connection.sendall(b"a")
            except OSError:
                pass
        return all(is_ended(connection) for connection in (silent, dripping, body))
    wait_for("none is waited for any longer", are_ended, 40, 1)
    wait_for("connections are let go", lambda: web.descriptors() <= calm, 10)


def check_too_many(web):
    """One address may have 128 connections."""
    held, calm = [], web.descriptors()
    for _ in range(140):
        try:
            held.append(socket.create_connection(("127.0.0.1", web.port)))
        except OSError:
            break
    time.sleep(0.5)
    assert web.descriptors() < 160
    for connection in held:
        connection.close()
    wait_for("connections are let go", lambda: web.descriptors() <= calm, 20)
    assert web.ask("GET", "/api/v1/hello")[0].status == 200


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("KOMAINU_BUILD", "build")
    programs = {name: find_program(build, name) for name in ("komainu-web", "fake_guard", "make_archive")}
    with tempfile.TemporaryDirectory(prefix="komainu-web-") as folder:
        folder = pathlib.Path(folder)
        for name in ("root", "index"):
            (folder / name).mkdir()
        index = str(folder / "index" / "index.db")
        make_movie(folder / "movie.mp4")
        make_list(folder / "movie.mp4", folder / "movie.list")
        run(programs["make_archive"], str(folder / "root"), index, CAMERA, str(START), str(10 * SECOND),
            str(folder / "movie.list"), str(folder / "movie.mp4"))
        web = Web(programs, str(folder / "root"), index)
        try:
            check_headers_and_assets(web)
            check_login(web)
            check_gate(web)
            check_playback(web, folder / "movie.mp4", folder)
            check_export(web, folder / "movie.mp4", folder)
            check_tls(web)
            check_http(web)
            check_stalled_viewer(web)
            check_live(web)
            check_bad_clients(web)
            check_too_many(web)
            check_slow_clients(web)
        finally:
            web.stop()
    print("web: all passed")


if __name__ == "__main__":
    main()
