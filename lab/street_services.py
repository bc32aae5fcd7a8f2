"""The servers that the street's cameras are made of: real ones of Debian, and the lab's own.

Each function starts one on a host; its files are in the host's directory in memory.
"""
import hashlib
import json
import os
import subprocess
import time

from street_net import NETWORK, PRIVATE, RECORDER, program, run

USER = "komainu"  # the recorder's account at the cameras
PASSWORD = PRIVATE / "password"
PICTURE = ["--width", "320", "--height", "240", "--fps", "10", "--gop", "10", "--bitrate", "200"]
HOLD_S = 20  # how long the frail device is away
BURST = 100  # connections a second that it bears


def directory(host):
    path = PRIVATE / host.name
    return path if path.exists() else host.street.directory(host.name)


def put(host, name, text):
    path = directory(host) / name
    path.write_text(text)
    path.chmod(0o644)
    return path


def log(host, name):
    return open(directory(host) / f"{name}.log", "w", encoding="utf-8")


def events(host, name):
    """What a server of ours has told: its JSON lines."""
    found = []
    for line in (directory(host) / f"{name}.log").read_text().splitlines():
        if line.startswith("{") and line.endswith("}"):
            found.append(json.loads(line))
    return found


def wait_ready(host, name, process, seconds=20):
    end = time.monotonic() + seconds
    while not any(event["event"] == "ready" for event in events(host, name)):
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError(f"{host.name}: {name} did not start")
        time.sleep(0.05)


def certificate(host, kind="ec", days=365, names=None):
    """A self-signed certificate and its key, as PEM files. kind: ec, or bits of RSA."""
    key, path = directory(host) / "key.pem", directory(host) / "certificate.pem"
    algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha256"] if kind == "ec" \
        else ["-newkey", f"rsa:{kind}", "-sha1"]
    run("openssl", "req", "-x509", *algorithm, "-noenc", "-keyout", key, "-out", path, "-days", days,
        "-subj", f"/CN={names or host.address}", "-addext", f"subjectAltName=IP:{host.address}",
        capture_output=True)
    for file in (key, path):
        os.chown(file, 65534, 65534)
    return path, key


def expired(host, bits):
    """A certificate that ended in 2020, signed with SHA-1."""
    path, key = certificate(host, bits)
    folder = directory(host)
    request, settings = folder / "request.pem", folder / "ca.cnf"
    run("openssl", "x509", "-x509toreq", "-in", path, "-signkey", key, "-out", request,
        capture_output=True)
    (folder / "index").write_text("")
    settings.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nnew_certs_dir={folder}\n"
                        "rand_serial=yes\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n")
    run("openssl", "ca", "-batch", "-config", settings, "-selfsign", "-keyfile", key, "-in", request,
        "-out", path, "-notext", "-md", "sha1", "-startdate", "20150101000000Z", "-enddate",
        "20200101000000Z", capture_output=True)
    return path, key


def rtsp(host, auth="digest", tls=False, port=554):
    """A GStreamer camera: rtsp://ADDRESS/stream1. Returns its process."""
    words = ["--address", host.address, "--port", port, "--mount", "/stream1", "--auth", auth, *PICTURE]
    if auth != "none":
        words += ["--user", USER, "--password-file", PASSWORD]
    if tls:
        path, key = certificate(host)
        words += ["--tls", "--certificate", path, "--key", key]
    process = host.start(PRIVATE / "build/lab/komainu-lab-camera", *words, stdout=log(host, "rtsp"),
                         stderr=log(host, "rtsp-error"))
    host.stream = process
    wait_ready(host, "rtsp", process)
    return process


def door(host, *words, name="door", password=PASSWORD, user=USER):
    """A scripted camera's doors (door.py)."""
    process = host.start("/usr/bin/python3", PRIVATE / "lab/door.py", "--address", host.address,
                         "--user", user, "--password-file", password, *words,
                         stdout=log(host, name), stderr=log(host, f"{name}-error"))
    wait_ready(host, name, process)


def onvif(host, *words, port=80):
    """A virtual ONVIF device (onvif_device.py); the recorder's account is an administrator's."""
    secret = PASSWORD.read_text().strip()
    process = host.start("/usr/bin/python3", PRIVATE / "lab/onvif_device.py", "--bind", host.address,
                         "--port", port, "--user", f"{USER}:{secret}:Administrator",
                         "--user", "viewer:look-and-see-47:User", "--stream-main",
                         f"rtsp://{host.address}/stream1", *words, stdout=log(host, "onvif"),
                         stderr=log(host, "onvif-error"), stdin=subprocess.PIPE)
    wait_ready(host, "onvif", process)


def nginx(host, listen, body):
    """nginx with one server block; `body` are its directives."""
    folder = directory(host)
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    path = put(host, "nginx.conf", f"""
daemon off; master_process off; worker_processes 1;
pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{ worker_connections 64; }}
http {{ access_log off; server_tokens off; {temporary}
server {{ {"".join(f"listen {place};" for place in listen)} {body} }} }}
""")
    host.start(program("nginx"), "-e", folder / "nginx-error.log", "-p", folder, "-c", path,
               stdout=log(host, "nginx"), stderr=log(host, "nginx"))


def nginx_users(host):
    """Directives that ask for Basic, in front of a page."""
    secret = run("openssl", "passwd", "-apr1", "-in", PASSWORD, capture_output=True, text=True).stdout
    users = put(host, "users", f"{USER}:{secret}")
    (directory(host) / "www").mkdir()
    put(host, "www/index.html", "<html><title>camera</title></html>")
    return f'auth_basic "camera"; auth_basic_user_file {users}; root {directory(host)}/www;'


def nginx_basic(host, port=80):
    """Asks for the password in the clear."""
    nginx(host, [f"{host.address}:{port}"], nginx_users(host))


def nginx_https(host):
    """HTTPS as it should be: TLS 1.2 and 1.3, forward secrecy, and a login in front of everything."""
    path, key = certificate(host)
    nginx(host, [f"{host.address}:443 ssl"], f"""
ssl_certificate {path}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;
ssl_ciphers ECDHE+AESGCM; ssl_prefer_server_ciphers on;
{nginx_users(host)}""")


def lighttpd_digest(host, open_path, port=80):
    """Digest, and one picture that somebody forgot to lock."""
    folder = directory(host)
    secret = PASSWORD.read_text().strip()
    answer = hashlib.md5(f"{USER}:camera:{secret}".encode()).hexdigest()
    put(host, "users", f"{USER}:camera:{answer}\n")
    place = folder / "www" / open_path.lstrip("/")
    place.parent.mkdir(parents=True)
    place.write_bytes(bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(64) + b"\xff\xd9")
    (folder / "www/index.html").write_text("<html><title>camera</title></html>")
    path = put(host, "lighttpd.conf", f"""
server.document-root = "{folder}/www"
server.bind = "{host.address}"
server.port = {port}
server.modules = ("mod_auth", "mod_authn_file")
server.errorlog = "{folder}/lighttpd-error.log"
server.tag = "lighttpd"
mimetype.assign = (".jpg" => "image/jpeg", ".html" => "text/html")
index-file.names = ("index.html")
auth.backend = "htdigest"
auth.backend.htdigest.userfile = "{folder}/users"
$HTTP["url"] != "{open_path}" {{
    auth.require = ("" => ("method" => "digest", "realm" => "camera", "require" => "valid-user"))
}}
""")
    host.start(program("lighttpd"), "-D", "-f", path, "-m", PRIVATE / "peers/usr/lib/lighttpd",
               stdout=log(host, "lighttpd"), stderr=log(host, "lighttpd"))


def telnetd(host, port=23):
    script = put(host, "login", "#!/bin/sh\nprintf 'camera login: '\nread -r _\n")
    script.chmod(0o755)
    host.start(program("busybox"), "telnetd", "-F", "-b", host.address, "-p", port, "-l", script,
               stdout=log(host, "telnetd"), stderr=log(host, "telnetd"))


def vsftpd(host, port=21):
    empty = directory(host) / "ftp"
    empty.mkdir()
    empty.chmod(0o555)
    path = put(host, "vsftpd.conf", f"""listen=YES
listen_address={host.address}
listen_port={port}
run_as_launching_user=YES
background=NO
anonymous_enable=YES
no_anon_password=NO
anon_root={empty}
xferlog_enable=NO
seccomp_sandbox=NO
""")
    os.chown(path, 65534, 65534)
    host.start(program("vsftpd"), path, stdout=log(host, "vsftpd"), stderr=log(host, "vsftpd"))


def dropbear(host, port=22):
    key = directory(host) / "ssh-key"
    run("dropbearkey", "-t", "ecdsa", "-f", key, capture_output=True)
    os.chown(key, 65534, 65534)
    host.start(program("dropbear"), "-F", "-E", "-s", "-w", "-r", key, "-p", f"{host.address}:{port}",
               "-P", directory(host) / "dropbear.pid", stdout=log(host, "dropbear"),
               stderr=log(host, "dropbear"))


def snmpd(host, port=161):
    path = put(host, "snmpd.conf", f"rocommunity public {NETWORK}.0/24\nsysdescr Lab Camera 1.0\n"
               "sysname camera\n")
    host.start(program("snmpd"), "-f", "-Lo", "-I", "-smux", "-C", "-c", path, "-p",
               directory(host) / "snmpd.pid",
               f"udp:{host.address}:{port}", stdout=log(host, "snmpd"), stderr=log(host, "snmpd"),
               env=dict(os.environ, SNMP_PERSISTENT_DIR=str(directory(host)), MIBS=""))


def old_tls(host, port=443):
    """TLS 1.0 and 1.1 alone, a key of 1024 bits, a certificate that has ended."""
    path, key = expired(host, 1024)
    host.start("openssl", "s_server", "-accept", f"{host.address}:{port}", "-cert", path, "-key", key,
               "-no_tls1_2", "-no_tls1_3", "-min_protocol", "TLSv1", "-cipher", "ALL:@SECLEVEL=0",
               "-www", "-quiet", stdout=log(host, "tls"), stderr=log(host, "tls"))


def redis(host, port=6379):
    """A database without a password. Debian's redis-tools holds the server under another name."""
    link = directory(host) / "redis-server"
    link.symlink_to("/usr/bin/redis-check-rdb")
    host.start(link, "--bind", host.address, "--port", port, "--protected-mode", "no", "--save", "",
               "--dir", directory(host), stdout=log(host, "redis"), stderr=log(host, "redis"))


def answer_all(host, besides=(554,)):
    """Something in front of the camera takes every connection, whatever the port."""
    host.start("/usr/bin/python3", "-c", f"""
import socket, selectors
listening = socket.create_server(({host.address!r}, 9), backlog=1024)
held = []
while True:
    held = held[-500:] + [listening.accept()[0]]
""", stdout=log(host, "wall"), stderr=log(host, "wall"))
    ports = ", ".join(str(port) for port in (9, *besides))
    host.rules(f"""table ip wall {{
    chain before {{
        type nat hook prerouting priority dstnat; policy accept;
        tcp dport != {{ {ports} }} redirect to :9
    }}
}}""")


def frail(host):
    """More than BURST new connections a second, and it is away for HOLD_S: it has rebooted."""
    host.rules(f"""table ip frail {{
    set away {{
        type ipv4_addr
        flags dynamic, timeout
        timeout {HOLD_S}s
    }}
    counter reboots {{
    }}
    chain in {{
        type filter hook input priority 0; policy accept;
        ip daddr @away drop
        tcp flags & (syn | ack) == syn limit rate over {BURST}/second burst 5 packets \\
            add @away {{ ip daddr }} counter name reboots drop
    }}
    chain out {{
        type filter hook output priority 0; policy accept;
        ip saddr @away drop
    }}
}}""")


def reboots(host):
    told = host.inside("nft", "-j", "list", "counter", "ip", "frail", "reboots", capture_output=True,
                       text=True).stdout
    return next(row["counter"]["packets"] for row in json.loads(told)["nftables"] if "counter" in row)


def only_recorder(host):
    """Limits the sources of connections to the recorder."""
    host.rules(f"""table ip source {{
    chain in {{
        type filter hook input priority 0; policy drop;
        ip saddr {{ {RECORDER}, 127.0.0.1 }} accept
        ct state established accept
    }}
}}""")
