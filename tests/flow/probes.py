#!/usr/bin/env python3
# check: seconds=480
"""The probes from outside against real services on loopback, one device for each address 127.0.0.N:
every weakness that was put there is found, nothing is found that is not there, and logins stop where
they must. Needs root, for the services' usual ports."""
import asyncio
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

from recorder import BUILD, Camera, Recorder, listen, stop, wait_for

RUN = BUILD / "tests/flow/run_stages"
FIRST = 40  # the devices' addresses are 127.0.0.FIRST and so on


class Findings:
    """The lines of one run of the stages."""

    def __init__(self, address, **settings):
        done = subprocess.run([str(RUN), address, *(f"{name}={value}" for name, value in settings.items())],
                              stdout=subprocess.PIPE, text=True, timeout=120, check=True)
        self.lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.end = self.lines[-1]
        assert self.end["end"] == "ok", self.end

    def of(self, fact):
        return [line for line in self.lines if line.get("fact") == fact]

    def value(self, fact, subject="", source="probe"):
        found = [line for line in self.of(fact) if line["subject"] == subject and line["source"] == source]
        return found[-1]["value"] if found and found[-1]["known"] else None

    def is_unknown(self, fact, subject=""):
        return any(not line["known"] for line in self.of(fact) if line["subject"] == subject)

    def tries(self):
        return [line for line in self.lines if "try" in line]

    def locks(self):
        return [line for line in self.lines if "lock" in line]


class Scripted:
    """A TCP service that answers each request with what answer(request, connection) gives; None hangs up."""

    def __init__(self, address, ports, answer):
        self.answer, self.connections = answer, 0
        self.requests = []
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(address, ports, ready), daemon=True)
        self.thread.start()
        assert ready.wait(20)

    def run(self, address, ports, ready):
        asyncio.set_event_loop(self.loop)

        async def start():
            for port in ports:
                await asyncio.start_server(self.serve, address, port)
            ready.set()

        self.loop.create_task(start())
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    async def serve(self, reader, writer):
        self.connections += 1
        number = self.connections
        try:
            while self.answer is not None:
                request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.requests.append(request)
                reply = self.answer(request, number)
                if reply is None:
                    break
                writer.write(reply.encode())
                await writer.drain()
            if self.answer is None:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        writer.close()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"


def rtsp(request, status, *headers, body=""):
    cseq = re.search(r"CSeq: (\d+)", request)
    lines = [f"RTSP/1.0 {status}", f"CSeq: {cseq.group(1) if cseq else 0}", *headers,
             f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


class Login:
    """An RTSP camera with Digest, as Dahua's look; the nonce is good for its connection alone."""

    def __init__(self, realm="Login to 4A00000PAG00000", password="xxxxxxxx", lock_after=None, takes_any=False):
        self.realm, self.password, self.lock_after, self.takes_any = realm, password, lock_after, takes_any
        self.failed = 0

    def __call__(self, request, connection):
        method, url = request.split()[:2]
        assert method in ("OPTIONS", "DESCRIBE", "GET"), f"{method}: a stream must not be set up"
        if not request.split("\r\n")[0].endswith("RTSP/1.0"):
            return None
        if method == "OPTIONS":
            return rtsp(request, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY", "Server: Rtsp Server/3.0")
        login = dict(re.findall(r'(\w+)="([^"]*)"', request.partition("Authorization: ")[2]))
        nonce = f"nonce{connection}"
        if self.lock_after is not None and self.failed >= self.lock_after:
            return rtsp(request, "403 Forbidden")
        if login and (self.takes_any or (login["nonce"] == nonce and self.right(login, method, url))):
            return rtsp(request, "200 OK", "Content-Type: application/sdp", body=SDP)
        if login:
            self.failed += 1
        return rtsp(request, "401 Unauthorized", f'WWW-Authenticate: Digest realm="{self.realm}", nonce="{nonce}"')

    def right(self, login, method, url):
        def md5(text):
            return hashlib.md5(text.encode()).hexdigest()
        return login["response"] == md5(f"{md5('admin:' + self.realm + ':' + self.password)}:{login['nonce']}:"
                                        f"{md5(method + ':' + url)}")


class Lab:
    """Real services, each a process of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-probes-"))
        self.processes = []

    def start(self, *command, port=None):
        log = (self.folder / f"log{len(self.processes)}").open("w")
        self.processes.append(subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log,
                                               stderr=log, cwd=self.folder))
        if port:
            wait_for(f"{command[0]} listens", lambda: self.listens(port), 20)

    @staticmethod
    def listens(place):
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(place) == 0

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def stop(self):
        for process in self.processes:
            stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)


def binary(name):
    found = shutil.which(name) or shutil.which(f"/usr/sbin/{name}")
    assert found, f"{name} is not installed (packaging/install.sh check)"
    return found


def certificate(lab):
    subprocess.run([binary("openssl"), "req", "-x509", "-newkey", "rsa:1024", "-sha1", "-nodes", "-keyout", "key.pem",
                    "-out", "cert.pem", "-days", "30", "-subj", "/O=Axis Communications AB/CN=axis-accc8e000000"],
                   cwd=lab.folder, check=True, stderr=subprocess.DEVNULL)


def open_camera():
    """Video for everybody, and a page with its password in the clear."""
    address = f"127.0.0.{FIRST}"
    lab = Lab()
    camera = Camera("--address", address, "--port", 8554, "--mount", "/live",
                    program=[str(BUILD / "lab/komainu-lab-camera")])
    lab.write("users", "viewer:{PLAIN}secret\n")
    (lab.folder / "page").mkdir()
    lab.write("page/index.html", "<html><head><title>North gate, 3-1 Example St.</title></head></html>")
    lab.write("page/snapshot.jpg", "no picture at all")
    config = lab.write("nginx.conf", f"""daemon off; pid {lab.folder}/pid; error_log stderr; user root;
events {{ worker_connections 32; }}
http {{ access_log off; types {{ text/html html; image/jpeg jpg; }}
  server {{ listen {address}:8080; root {lab.folder}/page;
    location /cgi-bin/ {{ auth_basic "camera"; auth_basic_user_file {lab.folder}/users; }} }}
  server {{ listen {address}:8081; root {lab.folder}/page;
    auth_basic "north gate"; auth_basic_user_file {lab.folder}/users; }} }}
""")
    try:
        lab.start(binary("nginx"), "-c", config, "-p", lab.folder, port=(address, 8080))
        found = Findings(address, rtsp=f"rtsp://{address}:8554/live", user="viewer", password="12345",
                         second="127.0.0.200")
    finally:
        lab.stop()
        camera.stop()
    assert found.value("answers_all") == "no" and found.value("reachable") == "yes"
    assert found.value("port_open", "tcp/8554") == "rtsp"
    assert found.value("port_open", "tcp/8080") == "http"
    assert {line["subject"] for line in found.of("port_open") if line["known"]} == {"tcp/8554", "tcp/8080", "tcp/8081"}
    assert found.value("open_video", "tcp/8554 /live") == "yes"
    assert found.value("answers_any_path", "tcp/8554") == "no"
    assert found.value("open_picture", "tcp/8080 /snapshot.jpg") == "yes"
    assert found.value("open_picture", "tcp/8081") == "no"
    assert found.value("basic_in_clear", "tcp/8081") == "yes"
    assert found.value("auth_scheme", "tcp/8081") == "basic"
    assert found.value("service_text", "tcp/8081 realm") == "north gate"
    assert found.value("service_text", "tcp/8080 title") == "North gate, 3-1 Example St."
    assert found.value("banner", "tcp/8080").startswith("nginx")
    assert abs(int(found.value("clock_offset_ms"))) < 1500
    assert found.value("http_closed") == "no" and found.value("https") == "no"
    assert found.value("second_source", "tcp/8554") == "yes"
    assert found.value("device_kind") == "camera"
    assert found.is_unknown("maker")
    assert found.value("password_weak") == "yes"
    assert found.is_unknown("factory_login") and not found.tries()
    assert all("12345" not in json.dumps(line) for line in found.of("password_weak"))
    return found


def old_services():
    """What a camera should not run at all."""
    address = f"127.0.0.{FIRST + 1}"
    lab = Lab()
    (lab.folder / "empty").mkdir()
    ftp = lab.write("vsftpd.conf", f"""listen=YES
listen_address={address}
background=NO
anonymous_enable=NO
local_enable=YES
secure_chroot_dir={lab.folder}/empty
""")
    snmp = lab.write("snmpd.conf", "rocommunity public\n")
    try:
        lab.start("busybox", "telnetd", "-F", "-b", f"{address}:2323", "-l", "/bin/false", port=(address, 2323))
        lab.start(binary("dropbear"), "-F", "-E", "-R", "-r", lab.folder / "host-key", "-p", f"{address}:2222",
                  port=(address, 2222))
        lab.start(binary("vsftpd"), ftp, port=(address, 21))
        lab.start(binary("snmpd"), "-f", "-Lo", "-C", "-c", snmp, "-p", lab.folder / "snmpd.pid",
                  f"udp:{address}:161")
        wait_for("snmpd listens", lambda: f"{FIRST + 1:02X}00007F:00A1" in
                 pathlib.Path("/proc/net/udp").read_text(), 20)
        found = Findings(address, stages="ports,services,identify")
    finally:
        lab.stop()
    assert found.value("port_open", "tcp/2323") == "telnet"
    assert found.value("port_open", "tcp/2222") == "ssh"
    assert found.value("port_open", "tcp/21") == "ftp"
    assert "dropbear" in found.value("banner", "tcp/2222")
    assert found.value("port_open", "udp/161") == "snmp"
    assert "SNMPv3 engine of enterprise 8072" in found.value("discovery_answer", "snmp")
    assert found.value("port_open", "udp/69") is None
    assert "udp/69 refused" in [line["detail"] for line in found.of("ports_tried")][-1]
    assert not found.of("second_source") and found.value("device_kind") == "unknown"
    return found


def old_tls():
    """TLS of long ago, and a certificate to match."""
    address = f"127.0.0.{FIRST + 2}"
    lab = Lab()
    try:
        certificate(lab)
        lab.start(binary("openssl"), "s_server", "-accept", f"{address}:8443", "-key", "key.pem", "-cert", "cert.pem",
                  "-www", "-quiet", "-cipher", "AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0", "-no_tls1_3",
                  "-no_tls1_2", port=(address, 8443))
        found = Findings(address, stages="ports,services,tls,identify")
    finally:
        lab.stop()
    assert found.value("port_open", "tcp/8443") == "https", found.of("port_open")
    versions = {line["subject"].partition(" ")[2]: line["value"] for line in found.of("tls_version")}
    assert versions == {"SSL 3.0": "no", "TLS 1.0": "yes", "TLS 1.1": "yes", "TLS 1.2": "no", "TLS 1.3": "no"}, versions
    suites = {line["subject"].partition(" ")[2]: line["value"] for line in found.of("tls_suite")}
    assert suites == {"TLS_RSA_WITH_AES_128_CBC_SHA": "weak", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "tolerated"}, suites
    assert found.value("certificate_key", "tcp/8443") == "RSA 1024"
    assert found.value("certificate_self_signed", "tcp/8443") == "yes"
    assert "SHA1" in found.value("certificate_signature", "tcp/8443")
    assert found.value("maker") == "Axis"
    assert found.value("https") == "yes" and found.value("http_closed") == "yes"
    return found


def new_tls():
    """TLS as it should be: nothing weak is found."""
    address = f"127.0.0.{FIRST + 3}"
    lab = Lab()
    try:
        certificate(lab)
        lab.start(binary("openssl"), "s_server", "-accept", f"{address}:8443", "-key", "key.pem", "-cert", "cert.pem",
                  "-www", "-quiet", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", port=(address, 8443))
        found = Findings(address, ports="8443", stages="services,tls")
    finally:
        lab.stop()
    assert found.value("tls_version", "tcp/8443 TLS 1.3") == "yes"
    assert found.value("tls_version", "tcp/8443 TLS 1.2") == "yes"
    assert {line["value"] for line in found.of("tls_suite")} == {"recommended"}
    assert len(found.of("tls_suite")) == 4, found.of("tls_suite")
    return found


class Fading:
    """A TLS server that does not answer a hello once its favourite suites are left out."""

    def __init__(self, address, port, folder):
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.maximum_version = ssl.TLSVersion.TLSv1_2
        self.tls.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA:@SECLEVEL=0")
        self.tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        self.listener = listen(address, port, self.serve)

    def serve(self, client):
        client.settimeout(20)
        try:
            hello = client.recv(4096, socket.MSG_PEEK)
            if hello[:1] == b"\x16" and b"\xc0\x2f" not in hello and b"\x13\x01" not in hello:
                while client.recv(4096):
                    pass
            else:
                with self.tls.wrap_socket(client, server_side=True) as link:
                    link.recv(4096)
                    link.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass
        client.close()


def fading_tls():
    """It stops answering while its suites are asked for: the rest is unknown, not absent."""
    address = f"127.0.0.{FIRST + 3}"
    lab = Lab()
    fading = None
    try:
        certificate(lab)
        fading = Fading(address, 8443, lab.folder)
        found = Findings(address, ports="8443", stages="services,tls")
    finally:
        if fading:
            fading.listener.shutdown(socket.SHUT_RDWR)  # closing alone does not wake who accepts
            fading.listener.close()
        lab.stop()
    assert found.value("tls_version", "tcp/8443 TLS 1.2") == "yes", found.of("tls_version")
    assert [line["value"] for line in found.of("tls_suite") if line["known"]] == ["recommended"], found.of("tls_suite")
    assert found.is_unknown("tls_suite", "tcp/8443")
    return found


def answers_all():
    """Something in between answers every port: ports prove nothing, and are not listed."""
    address = f"127.0.0.{FIRST + 4}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    rows = re.findall(r"KM_PORT\((\d+), CAMERA", pathlib.Path(__file__).resolve().parents[2].joinpath(
        "src/auditor/ports.tbl").read_text())
    device = Scripted(address, [*(int(row) for row in rows if row != "8554"), *range(52000, 60000)], None)
    video = Scripted(address, [8554], Login())
    try:
        found = Findings(address, stages="ports,services,video", rtsp=f"rtsp://{address}:8554/live")
    finally:
        device.stop()
        video.stop()
    assert found.value("answers_all") == "yes"
    known = {line["subject"]: line["value"] for line in found.of("port_open") if line["known"]}
    assert known == {"tcp/8554": "rtsp"}, known
    assert found.is_unknown("http_closed") and found.is_unknown("https")
    return found


def factory_login():
    """It opens for the pair that its maker documents, and only that pair is tried."""
    address = f"127.0.0.{FIRST + 5}"
    video = Scripted(address, [554], Login(password="admin"))
    try:
        found = Findings(address, stages="ports,services,tls,identify,video,logins", factory="yes", user="recorder",
                         password="a long one of their own", rtsp=f"rtsp://{address}/cam/realmonitor?channel=1")
        text = json.dumps(found.lines)
    finally:
        video.stop()
    assert found.value("maker") == "Dahua"
    assert found.value("any_login", "tcp/554") == "no"
    assert found.value("factory_login", "tcp/554 2") == "yes"
    assert [line["pair"] for line in found.tries()] == [0, 2] and not found.locks()
    assert found.tries()[0]["try"] == "control", found.tries()
    assert found.value("open_video", "tcp/554 /cam/realmonitor?channel=1") == "no"
    assert found.value("auth_scheme", "tcp/554") == "digest_md5"
    assert found.value("password_weak") == "no"
    assert "a long one" not in text and '"password"' not in text
    return found


def right_login():
    """Its password was changed: the documented one is refused, and that is said of this pair alone."""
    address = f"127.0.0.{FIRST + 6}"
    video = Scripted(address, [554], Login())
    try:
        found = Findings(address, factory="yes", stages="ports,services,identify,logins")
        refused = video.answer.failed
        own = Findings(address, factory="yes", stages="ports,services,identify,logins", user="admin", password="x")
    finally:
        video.stop()
    assert found.value("factory_login", "tcp/554 2") == "no" and refused == 2
    # The recorder's own account could be locked by a failed try: it is never touched.
    assert [line["pair"] for line in own.tries()] == [0] and own.is_unknown("factory_login", "tcp/554")
    return found


def claimed_maker():
    """It claims a maker over ONVIF and looks like nobody's: no documented pair is tried."""
    address = f"127.0.0.{FIRST + 6}"
    video = Scripted(address, [554], Login(realm="camera", password="12345"))
    try:
        found = Findings(address, factory="yes", stages="ports,services,identify,logins", maker="Hikvision")
    finally:
        video.stop()
    assert [line["pair"] for line in found.tries()] == [0] and found.is_unknown("factory_login"), found.lines
    assert found.value("any_login", "tcp/554") == "no"
    return found


def locks():
    """It locks after one failed login: nothing more is tried."""
    address = f"127.0.0.{FIRST + 7}"
    video = Scripted(address, [554], Login(lock_after=1, password="admin"))
    try:
        found = Findings(address, factory="yes", stages="ports,services,identify,logins", maker="Dahua")
        failed = video.answer.failed
    finally:
        video.stop()
    assert failed <= 1 and found.value("lock_seen") == "yes" and len(found.locks()) == 1, found.lines
    return found


def takes_any():
    address = f"127.0.0.{FIRST + 8}"
    video = Scripted(address, [554], Login(takes_any=True))
    try:
        found = Findings(address, factory="yes", stages="ports,services,identify,logins")
    finally:
        video.stop()
    assert found.value("any_login", "tcp/554") == "yes" and not found.of("factory_login")
    assert len(found.tries()) == 1
    return found


def answers_any_path():
    """It describes every path: what it would play is not known, and nothing is claimed."""
    address = f"127.0.0.{FIRST + 9}"
    video = Scripted(address, [554], lambda request, _: rtsp(
        request, "200 OK", "Content-Type: application/sdp", body=SDP))
    try:
        found = Findings(address, stages="ports,services,video", rtsp=f"rtsp://{address}/live")
    finally:
        video.stop()
    assert found.value("answers_any_path", "tcp/554") == "yes"
    assert found.is_unknown("open_video", "tcp/554 /live")
    assert all(not line["known"] for line in found.of("open_video"))
    return found


class Chatty:
    """UDP services that answer everybody: {port: (answer, from the same port)}."""

    def __init__(self, address, answers):
        self.asked = {}
        self.sockets = []
        for port, (answer, is_same) in answers.items():
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind((address, port))
            server.settimeout(0.2)
            other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            other.bind((address, 0))
            self.sockets += [server, other]
            threading.Thread(target=self.serve, args=(port, server, server if is_same else other, answer),
                             daemon=True).start()

    def serve(self, port, server, speaker, answer):
        while server.fileno() >= 0:
            try:
                question, peer = server.recvfrom(2048)
                self.asked.setdefault(port, []).append(question)
                speaker.sendto(answer, peer)
            except TimeoutError:
                pass
            except OSError:
                return

    def stop(self):
        for one in self.sockets:
            one.close()


def talks_to_anybody():
    """It tells model, firmware and MAC to whoever inquires; some answers come from other ports."""
    address = f"127.0.0.{FIRST + 12}"
    device = Chatty(address, {
        37020: (b"<?xml version='1.0'?><ProbeMatch><Types>inquiry</Types><DeviceDescription>DS-2CD2042WD-I"
                b"</DeviceDescription><SoftwareVersion>V5.4.5</SoftwareVersion><MAC>c0-56-e3-00-00-01</MAC>"
                b"<Activated>true</Activated></ProbeMatch>", True),
        1900: (b"HTTP/1.1 200 OK\r\nSERVER: Linux UPnP/1.0 camera/1\r\nST: upnp:rootdevice\r\n\r\n", False),
        69: (b"\0\5\0\1File not found\0", False),
        5353: (b"no answer in that protocol", True)})
    try:
        found = Findings(address, stages="ports,identify")
    finally:
        device.stop()
    assert found.value("maker") == "Hikvision" and found.value("model") == "DS-2CD2042WD-I"
    assert found.value("firmware") == "V5.4.5" and found.value("mac") == "c0:56:e3:00:00:01"
    assert "Hikvision" in found.value("mac_maker")
    assert "camera/1" in found.value("discovery_answer", "ssdp")
    assert "File not found" in found.value("discovery_answer", "tftp")
    assert found.value("port_open", "udp/5353") == "unknown" and not found.value("discovery_answer", "mdns")
    assert all(len(questions) == 1 for questions in device.asked.values()), device.asked
    assert b"inquiry" in device.asked[37020][0]
    return found


def stopped():
    """A cancelled audit ends at once."""
    done = subprocess.run([str(RUN), f"127.0.0.{FIRST + 10}", "thorough=yes", "cancel=2000"], stdout=subprocess.PIPE,
                          text=True, timeout=30, check=True)
    end = json.loads(done.stdout.splitlines()[-1])
    # Progress is told every 256 ports, at 40 a second: the wish is seen by then.
    assert end["end"] != "ok" and end["ms"] < 12000, end


def in_the_recorder():
    """The same behind the auditor's walls, with the guard's ledger, while the camera is recorded."""
    with Recorder({"drain_ms": 100}) as recorder:
        password = recorder.secret("lab-password")
        camera = Camera("--address", f"127.0.0.{FIRST + 11}", "--port", 8554, "--mount", "/live", "--auth", "digest",
                        "--password-file", password, program=[str(BUILD / "lab/komainu-lab-camera")])
        try:
            recorder.add("door", camera.url, "--user", "admin", "--password-file", password)
            recorder.start()
            recorder.wait_streaming("door")
            answer = json.loads(recorder.komainu("audit", "door", "--json"))
            lost = recorder.camera("door")["lost"]
        finally:
            camera.stop()
        assert recorder.stop() == 0
    audit = answer["audits"][0]
    facts = {(fact["kind"], fact["subject"]): fact["value"] for fact in answer["facts"] if fact["is_known"]}
    assert audit["state"] == "done" and lost == 0, audit
    assert facts["port_open", "tcp/8554"] == "rtsp"
    assert facts["open_video", "tcp/8554 /live"] == "no"
    assert facts["any_login", "tcp/8554"] == "no"
    assert facts["password_weak", ""] == "yes"
    assert "lab-password" not in json.dumps(answer)
    print(f"in_the_recorder: {audit['facts']} facts, {audit['packets']} packets, "
          f"{(audit['ended_us'] - audit['began_us']) / 1e6:.1f} s, {lost} lost")


def main():
    if os.geteuid() != 0:
        print("root is needed for the services' usual ports", file=sys.stderr)
        return 1
    for device in (open_camera, old_services, old_tls, new_tls, fading_tls, answers_all, factory_login, right_login,
                   claimed_maker, locks, takes_any, answers_any_path, talks_to_anybody):
        found = device()
        seconds = found.end["ms"] / 1000
        print(f"{device.__name__}: {len(found.lines) - 1} lines, {found.end['sent']} packets, {seconds:.1f} s")
        assert seconds < 60 and found.end["sent"] <= 40 * seconds + 2, found.end
    stopped()
    in_the_recorder()
    return 0


sys.exit(main())
