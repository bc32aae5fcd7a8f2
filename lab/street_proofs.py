"""What is wrong with the street's cameras, shown by tools that are not ours: so the seeds are true."""
import datetime
import email.utils
import re
import socket
import subprocess
import time

import street_cameras
import street_net
import street_services


def tell(*words, give=""):
    """What a tool prints, good or bad."""
    done = subprocess.run([str(word) for word in words], input=give, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=30, errors="replace")
    return done.stdout


def curl(*words):
    return tell("curl", "-sS", "-i", "-m", "5", *words)


def head(host, path):
    return curl("-o", "/dev/null", "-D", "-", f"http://{host.address}{path}")


DESCRIBE = b"DESCRIBE rtsp://x/nonsense RTSP/1.0\r\nCSeq: 1\r\n\r\n"


def account():
    return f"{street_services.USER}:{street_services.PASSWORD.read_text().strip()}"


def lets_in(host, kind):
    return " 200 " in curl(kind, "-u", account(), f"http://{host.address}/")


def soap(host, operation):
    """What an ONVIF operation of the device service answers to anybody."""
    body = ('<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
            f'<{operation} xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>')
    return curl("-H", "Content-Type: application/soap+xml", "-d", body,
                f"http://{host.address}/onvif/device_service")


def probe(url, user=""):
    """What ffprobe sees of a stream."""
    place = url.replace("://", f"://{user}@") if user else url
    return tell("ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-show_entries", "stream=codec_name",
                "-of", "csv=p=0", place)


def banner(host, port, give=b"", seconds=3):
    """The first bytes that a port says."""
    with socket.create_connection((host.address, port), timeout=seconds) as link:
        link.sendall(give)
        return link.recv(256)


def is_open(host, port):
    try:
        with socket.create_connection((host.address, port), timeout=1):
            return True
    except OSError:
        return False


def open_ports(host):
    """Every TCP port of a host that takes a connection. Loopback-fast: refusals come at once."""
    found = []
    for port in range(1, 65536):
        with socket.socket() as link:
            link.settimeout(1)
            if link.connect_ex((host.address, port)) == 0:
                found.append(port)
    return found


def wants_login(camera, host):
    """Without the account nothing, with it video."""
    url = street_cameras.url(camera, host)
    return "401" in probe(url) and "h264" in probe(url, account())


ANY_CIPHER = ["-cipher", "ALL:@SECLEVEL=0"]


def tls(host, *words):
    return tell("openssl", "s_client", "-connect", f"{host.address}:443", *words)


def takes(host, *words):
    """Whether the server agrees to a TLS handshake of this kind; an error if openssl says neither."""
    told = re.search(r"Cipher(?: is|\s+:) (\S+)", tls(host, *words))
    if told is None:
        raise OSError("openssl did not tell of a cipher")
    return told[1] not in ("(NONE)", "0000")


def certificate(host):
    pem = tls(host, "-min_protocol", "TLSv1", *ANY_CIPHER)
    return tell("openssl", "x509", "-noout", "-text", "-checkend", "0", give=pem)


def date_ahead(host):
    told = re.search(r"(?im)^date: (.*)$", curl(f"http://{host.address}/"))[1].strip()
    return (email.utils.parsedate_to_datetime(told) -
            datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def is_locked_after(host, tries):
    """A throw-away account, so that nobody else's is locked."""
    for _ in range(tries):
        curl("--digest", "-u", "somebody:wrong", f"http://{host.address}/")
    return "403" in curl("--digest", "-u", "somebody:wrong", f"http://{host.address}/")


def falls_over(host):
    """Hammered, it is away; left alone, it stays. It is waited for until it is back."""
    before = is_open(host, 80) and street_services.reboots(host) == 0
    links = []
    for _ in range(street_services.BURST + 60):
        link = socket.socket()
        link.setblocking(False)
        link.connect_ex((host.address, 80))
        links.append(link)
    away = street_services.reboots(host) > 0 and not is_open(host, 80)
    for link in links:
        link.close()
    end = time.monotonic() + 2 * street_services.HOLD_S
    while not is_open(host, 80) and time.monotonic() < end:
        time.sleep(1)
    return before and away and is_open(host, 80)


def inquiry(host):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.settimeout(3)
        link.sendto(b"<Probe><Uuid>11111111-2222-3333-4444-555555555555</Uuid>"
                    b"<Types>inquiry</Types></Probe>", (host.address, 37020))
        return link.recv(4096).decode()


def from_second(host):
    """Whether the owner's second address is served."""
    try:
        socket.create_connection((host.address, 554), 1, (street_net.SECOND, 0)).close()
    except OSError:
        return False
    return True


PROOFS = {
    "clean": [
        ("video wants a login", wants_login),
        ("TLS 1.0 and 1.1 are refused", lambda c, h: not any(
            takes(h, old, *ANY_CIPHER) for old in ("-tls1", "-tls1_1"))),
        ("TLS 1.3", lambda c, h: "TLSv1.3" in tls(h, "-tls1_3")),
        ("web wants a login", lambda c, h: " 401 " in curl("-k", f"https://{h.address}/"))],
    "open": [("video for everybody", lambda c, h: "h264" in probe(street_cameras.url(c, h)))],
    "basic": [
        ("video wants a login", wants_login),
        ("web asks for Basic", lambda c, h: "Basic realm" in curl(f"http://{h.address}/")),
        ("and takes it", lambda c, h: lets_in(h, "--basic"))],
    "digest": [
        ("video wants a login", wants_login),
        ("web asks for Digest", lambda c, h: "Digest realm" in curl(f"http://{h.address}/")),
        ("and takes it", lambda c, h: lets_in(h, "--digest")),
        ("the picture is open", lambda c, h: "image/jpeg" in head(h, street_cameras.OPEN_PICTURE)),
        ("no other is", lambda c, h: " 401 " in curl(f"http://{h.address}/other.jpg"))],
    "old": [
        ("video wants a login", wants_login),
        ("telnet negotiates", lambda c, h: banner(h, 23).startswith(b"\xff")),
        ("FTP greets", lambda c, h: banner(h, 21).startswith(b"220"))],
    "plant": [
        ("video wants a login", wants_login),
        ("SSH on 2222", lambda c, h: banner(h, 2222).startswith(b"SSH-2.0-dropbear")),
        ("telnet on 9527", lambda c, h: banner(h, 9527).startswith(b"\xff")),
        ("SNMP tells everybody", lambda c, h: "Lab Camera" in tell(
            "snmpget", "-v2c", "-c", "public", "-t", "2", h.address, "1.3.6.1.2.1.1.1.0"))],
    "oldtls": [
        ("TLS 1.0", lambda c, h: takes(h, "-tls1", *ANY_CIPHER)),
        ("TLS 1.1", lambda c, h: takes(h, "-tls1_1", *ANY_CIPHER)),
        ("no TLS 1.2", lambda c, h: not takes(h, "-tls1_2")),
        ("a key of 1024 bits", lambda c, h: "(1024 bit)" in certificate(h)),
        ("signed with SHA-1", lambda c, h: "sha1With" in certificate(h)),
        ("it has ended", lambda c, h: "will expire" in certificate(h))],
    "clock": [("two hours ahead", lambda c, h: abs(date_ahead(h) - street_cameras.FULL_S) < 5)],
    "locks": [("locked after three", lambda c, h: is_locked_after(h, 3)),
              ("its owner is not", lambda c, h: lets_in(h, "--digest"))],
    "factory": [
        ("another password is refused", lambda c, h: not lets_in(h, "--digest")),
        ("the manual's is not", lambda c, h: " 200 " in curl("--digest", "-u", "admin:12345", f"http://{h.address}/"))],
    "official": [("its users are not for everybody", lambda c, h: "NotAuthorized" in soap(h, "GetUsers"))],
    "liar": [
        ("its users are for everybody", lambda c, h: "UserLevel" in soap(h, "GetUsers")),
        ("and its services", lambda c, h: "NetworkProtocols" in soap(h, "GetNetworkProtocols"))],
    "broken": [
        ("a bomb of entities", lambda c, h: "<!ENTITY" in soap(h, "GetHostname")),
        ("an answer without end", lambda c, h: len(soap(h, "GetServices")) > 1 << 20)],
    "anypath": [
        ("200 for nonsense over HTTP", lambda c, h: " 200 " in curl(f"http://{h.address}/nonsense.jpg")),
        ("and over RTSP", lambda c, h: b"200 OK" in banner(h, 554, DESCRIBE))],
    "anylogin": [
        ("without a password nothing", lambda c, h: " 401 " in curl(f"http://{h.address}/")),
        ("any will do", lambda c, h: " 200 " in curl("-u", "any:thing", f"http://{h.address}/"))],
    "wall": [
        ("video wants a login", wants_login),
        ("odd ports answer", lambda c, h: all(is_open(h, port) for port in (1, 81, 12345, 65535)))],
    "frail": [("reboots when hammered", lambda c, h: falls_over(h))],
    "database": [("takes commands", lambda c, h: banner(h, 6379, b"PING\r\n").startswith(b"+PONG"))],
    "tells": [("answers an inquiry", lambda c, h: "<DeviceSN>DS-LAB" in inquiry(h))],
    "shut": [("video wants a login", wants_login),
             ("a second address is turned away", lambda c, h: not from_second(h))],
}


def open_as_said(camera, host):
    """What is open, and nothing else."""
    wanted = {int(port.split("/")[1]) for port in camera.ports if port.startswith("tcp/")}
    found = set(open_ports(host))
    if found != wanted:
        print(f"! {camera.name:9} open: {sorted(found)}")
    return found == wanted


def prove(what, judge, camera, host):
    """Servers may need a moment after their start."""
    for _ in range(10):
        try:
            if judge(camera, host):
                print(f"  {camera.name:9} {what}", flush=True)
                return True
        except (OSError, subprocess.TimeoutExpired, TypeError):
            pass
        time.sleep(0.2)
    print(f"! {camera.name:9} {what}: not so", flush=True)
    return False


def check(lived):
    """0 if every camera is as its row says."""
    faults = 0
    for camera, host in lived.values():
        rows = list(PROOFS.get(camera.name, []))
        if camera.name not in ("wall", "frail"):
            rows.append(("open is what is said", open_as_said))
        faults += sum(not prove(what, judge, camera, host) for what, judge in rows)
    print(f"{len(lived)} cameras, {faults} not as they should be")
    return 1 if faults else 0
