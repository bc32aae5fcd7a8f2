#!/usr/bin/env python3
# check: seconds=480
"""What the recorder shows of itself: its certificate (own authority, request, installed, replaced while a
connection is open, refused with a reason), its listeners, its parts; and one guard per directory."""
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys

from recorder import Camera, Recorder, stop, wait_for


def served(r):
    """SHA-256 of the certificate."""
    context = ssl._create_unverified_context()
    with context.wrap_socket(socket.create_connection(("127.0.0.1", r.port), timeout=10)) as connection:
        return hashlib.sha256(connection.getpeercert(True)).hexdigest()


def refused(r, *words):
    done = subprocess.run(r.command(*words), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1, (words, done)
    return done.stderr


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificates(r, *words):
    return json.loads(r.komainu("certificate", *words, "--json"))["certificates"]


def trusts(r, authority, name):
    context = ssl.create_default_context(cafile=str(authority))
    with context.wrap_socket(socket.create_connection(("127.0.0.1", r.port), timeout=10), server_hostname=name) as c:
        return c.version()


def check_offline(r):
    """Without a guard the same verbs work on the directory."""
    first = certificates(r, "show")
    assert len(first) == 1 and first[0]["origin"] == "self_signed" and first[0]["is_renewed"], first
    assert "a-" in refused(r, "certificate", "renew", "--names", "a-")
    assert "ca init" in refused(r, "certificate", "ca", "issue")
    r.komainu("certificate", "ca", "init", "--title", "狛犬の認証局")
    assert "--replace" in refused(r, "certificate", "ca", "init")
    long = "a-name-that-does-not-fit-into-a-common-name-of-sixty-four-bytes.branch.example"
    made = certificates(r, "ca", "issue", "--names", f"localhost,{long},192.0.2.7")[0]
    assert made["origin"] == "own_authority" and long in made["names"] and "192.0.2.7" in made["names"], made


def check_running(r):
    """Replaced while connections are open, and while pictures are recorded."""
    authority = r.directory / "authority.pem"
    r.komainu("certificate", "ca", "export", "-o", authority)
    assert "exists" in refused(r, "certificate", "ca", "export", "-o", authority)
    for name in ("localhost", "127.0.0.1", "192.0.2.7"):
        assert trusts(r, authority, name) == "TLSv1.3"
    connection = http.client.HTTPSConnection("127.0.0.1", r.port, context=ssl._create_unverified_context(), timeout=20)
    connection.request("GET", "/api/v1/hello")
    assert connection.getresponse().read()
    pid, before = r.roles("web")[0], served(r)
    made = certificates(r, "renew", "--names", "localhost")[0]
    assert made["sha256"] == served(r) != before and made["is_served"]
    connection.request("GET", "/api/v1/hello")  # the connection that began with the one before
    assert connection.getresponse().read() and r.roles("web") == [pid]
    assert trusts(r, authority, "localhost")
    # A device's request, signed by the authority; openssl agrees.
    folder = r.directory
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            folder / "device.key", "-out", folder / "device.csr", "-subj", "/CN=x", "-addext",
            "subjectAltName=IP:192.0.2.20")
    r.komainu("certificate", "ca", "issue", "--csr", folder / "device.csr", "-o", folder / "device.pem")
    openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_ip", "192.0.2.20", "-CAfile", authority,
            folder / "device.pem")


def check_install(r):
    folder = r.directory
    for name, kind in (("rsa", ["rsa:2048"]), ("weak", ["rsa:1024"]),
                       ("ec", ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"])):
        openssl("req", "-x509", "-newkey", *kind, "-nodes", "-keyout", folder / f"{name}.key", "-out",
                folder / f"{name}.pem", "-subj", f"/CN={name}", "-days", "20", "-addext",
                "subjectAltName=DNS:localhost")
    before = served(r)
    for words, expected in ((("rsa.pem", "ec.key"), "not the one"), (("weak.pem", "weak.key"), "2048"),
                            (("rsa.key", "rsa.key"), "BEGIN CERTIFICATE"),
                            (("rsa.pem", "rsa.key", "--names", "other.example"), "other.example"),
                            (("rsa.pem", "rsa.key", "--chain", "ec.pem"), "not the next one")):
        files = [folder / word if word.endswith((".pem", ".key")) else word for word in words]
        assert expected in refused(r, "certificate", "install", *files), words
        assert served(r) == before
    for name, key in (("rsa", "RSA 2048"), ("ec", "EC P-384")):
        made = certificates(r, "install", folder / f"{name}.pem", folder / f"{name}.key")[0]
        assert made["key"] == key and made["origin"] == "installed" and served(r) == made["sha256"], made
    # By a request: its key never left the recorder.
    r.komainu("certificate", "request", "--names", "localhost", "-o", folder / "own.csr")
    openssl("x509", "-req", "-in", folder / "own.csr", "-CA", folder / "rsa.pem", "-CAkey", folder / "rsa.key",
            "-CAcreateserial", "-copy_extensions", "copyall", "-days", "10", "-out", folder / "own.pem")
    made = certificates(r, "install", folder / "own.pem", "--chain", folder / "rsa.pem")[0]
    assert served(r) == made["sha256"], made
    status = subprocess.run(r.command("status", "--json"), text=True, stdout=subprocess.PIPE)
    assert json.loads(status.stdout)["certificate"]["origin"] == "installed"
    assert status.returncode == 3, "a certificate with 10 days left is not in order"
    r.komainu("certificate", "renew")


def check_listeners(r, camera_port_owner):
    told = json.loads(r.komainu("status", "--listeners", "--json"))["listeners"]
    assert {(l["protocol"], l["role"]) for l in told} >= {("tcp", "web"), ("unix", "guard"), ("udp", "receiver")}, told
    assert all(l["verdict"] == "expected" for l in told), told
    media = [l for l in told if l["protocol"] == "udp"]
    assert all(camera_port_owner in l["reason"] for l in media) and len(media) % 2 == 0, media
    # What ss sees of these processes is the same.
    pids = set(r.roles("web") + r.roles("receiver") + r.roles("writer") + [r.process.pid])
    seen = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        with open(f"/proc/net/{table}") as lines:
            inodes = {line.split()[9]: line.split()[1] for line in list(lines)[1:]
                      if line.split()[3] == ("0A" if table.startswith("tcp") else "07")}
        for pid in pids:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                try:
                    link = os.readlink(f"/proc/{pid}/fd/{fd}")
                except OSError:
                    continue
                found = re.fullmatch(r"socket:\[(\d+)\]", link)
                if found and found[1] in inodes:
                    seen.add((table, int(inodes[found[1]].split(":")[1], 16)))
    assert seen == {(l["protocol"], int(l["address"].rsplit(":", 1)[1])) for l in told if l["protocol"] != "unix"}


def listener_alarms(r):
    listed = json.loads(r.komainu("alarm", "list", "--all", "--json"))["alarms"]
    return [alarm for alarm in listed if alarm["kind"] == "listener"]


def check_unexpected(r):
    """A listening socket that is handed to the recorder at its start is one that should not be there."""
    r.stop()
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        process = subprocess.Popen(r.command("--json", "run"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   text=True, pass_fds=[stranger.fileno()])
        port = stranger.getsockname()[1]
    try:
        assert process.stdout.readline()
        done = subprocess.run(r.command("status", "--listeners", "--json"), text=True, stdout=subprocess.PIPE)
        found = [l for l in json.loads(done.stdout)["listeners"] if l["verdict"] != "expected"]
        assert done.returncode == 3 and [(l["role"], l["verdict"], l["address"]) for l in found] == [
            ("guard", "unexpected", f"127.0.0.1:{port}")], done.stdout
        assert r.status()["unexpected_listeners"] == 1
        [alarm] = wait_for("the alarm", lambda: listener_alarms(r), 20)
        assert alarm["subject"] == f"tcp/127.0.0.1:{port}" and alarm["severity"] == "critical", alarm
        assert alarm["cleared_us"] is None and alarm["count"] == 1, alarm
    finally:
        stop(process)
        process.stdout.close()
    r.start()
    # It has gone, as the next look finds also after a restart.
    wait_for("the alarm is over", lambda: listener_alarms(r)[0]["cleared_us"] is not None, 30, 0.5)
    assert len(listener_alarms(r)) == 1


def check_parts(r):
    """The fields that CycloneDX 1.5 asks for, and that every reference leads somewhere."""
    document = json.loads(r.komainu("parts"))
    assert document["bomFormat"] == "CycloneDX" and document["specVersion"] == "1.5"
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
                        document["serialNumber"])
    assert isinstance(document["version"], int) and document["version"] >= 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", document["metadata"]["timestamp"])
    allowed = {"type", "bom-ref", "name", "version", "licenses", "purl"}
    every = document["components"] + [document["metadata"]["component"]]
    references = [part["bom-ref"] for part in every]
    assert len(references) == len(set(references))
    for part in every:
        assert part["type"] in ("application", "library") and part["name"] and not set(part) - allowed, part
        assert re.fullmatch(r"pkg:deb/debian/[a-z0-9+.%-]+@[^?]+(\?arch=[a-z0-9]+)?", part.get("purl", "pkg:deb/debian/a@1"))
    for dependency in document["dependencies"]:
        assert {dependency["ref"], *dependency["dependsOn"]} <= set(references), dependency
    versions = {part["name"]: part.get("version") for part in document["components"]}
    assert versions["libssl.so.3"] == ssl.OPENSSL_VERSION.split()[1], versions
    assert {"komainu", "komainu-web", "komainu-writer", "komainu-receiver"} <= set(versions)
    installed = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libuv1"], text=True, stdout=subprocess.PIPE)
    purl = next(part["purl"] for part in document["components"] if part["name"] == "libuv.so.1")
    if installed.returncode == 0:
        assert installed.stdout.split(":")[-1].replace("+", "%2B") in purl, purl
    # No program holds what is not its own: the receiver no database, the writer no TLS.
    libraries = {d["ref"]: d["dependsOn"] for d in document["dependencies"]}
    assert not any("sqlite" in name for name in libraries["program:komainu-receiver"])
    assert not any("libssl" in name for name in libraries["program:komainu-writer"])


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def check_one_guard(r):
    """Started at the same instant: one wins, the others say why not; a killed one leaves nothing behind."""
    r.stop()
    for _ in range(3):
        roles = []
        many = [subprocess.Popen(r.command("--json", "run"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 text=True) for _ in range(4)]
        try:
            wait_for("all but one have ended", lambda: sum(p.poll() is None for p in many) == 1, 20)
            winner = next(p for p in many if p.poll() is None)
            assert json.loads(winner.stdout.readline())["event"] == "serving"
            assert r.status()["version"], "its control socket is there"
            roles = [role["pid"] for role in r.status()["roles"] if role["pid"]]
            assert all(p.returncode == 1 for p in many if p is not winner)
        finally:
            for process in many:
                stop(process, with_signal=signal.SIGKILL)
                process.stdout.close()
        wait_for("the roles end with their parent", lambda: not any(is_alive(pid) for pid in roles), 20)
    r.start()
    assert r.status()


def main():
    with Recorder() as r:
        camera = Camera("--mount", "/a", "--width", 320, "--height", 240, "--fps", 10, "--gop", 10)
        try:
            check_offline(r)
            r.add("front", camera.url, "--transport", "udp")
            r.start()
            r.wait_streaming("front")
            check_running(r)
            check_install(r)
            check_listeners(r, "front")
            check_parts(r)
            assert r.camera("front")["gaps"] == 0 and r.camera("front")["lost"] == 0
            check_unexpected(r)
            check_one_guard(r)
        finally:
            camera.stop()
    return 0


sys.exit(main())
