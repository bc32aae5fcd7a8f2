"""Who lives in the street: each camera with what is wrong with it, as data.

A camera's seeds are the facts (src/model/facts.tbl) that an audit must give, and `answers` what
the checklist must say of it. What is not listed is a false alarm: see ALARMING.
"""
import dataclasses
import re
import typing

import street_services as services
from street_net import NEIGHBOUR, NETWORK

FULL_S = 7200  # how far ahead the clock of the camera `clock` is
OPEN_PICTURE = "/snapshot.jpg"
HIKVISION = ["--realm", "DS-2CD2042WD", "--server", "Hikvision-Webs"]


@dataclasses.dataclass
class Fact:
    """A fact with this kind, and a subject and a value that these patterns match whole."""
    kind: str
    subject: str = ".*"
    value: str = "yes"

    def fits(self, fact):
        return (fact["kind"] == self.kind and re.fullmatch(self.subject, fact["subject"]) is not None
                and re.fullmatch(self.value, fact["value"]) is not None)

    def __str__(self):
        return f"{self.kind} [{self.subject}] {self.value}"


@dataclasses.dataclass
class Camera:
    name: str
    text: str
    start: typing.Callable  # starts its services on a host
    ports: dict  # what is open: "tcp/554" to protocol
    seeds: list = dataclasses.field(default_factory=list)
    answers: dict = dataclasses.field(default_factory=dict)  # identifier to answer
    proofs: list = dataclasses.field(default_factory=list)  # (what an independent tool shows, how)
    is_recorded: bool = True
    scheme: str = "rtsp"
    options: list = dataclasses.field(default_factory=list)  # of `komainu camera add`
    has_login: bool = True
    mac: str | None = None
    ports_too: list = dataclasses.field(default_factory=list)  # may be told, and need not be
    serves_all: bool = True  # whoever asks, not the recorder's address alone

    def judged(self):
        """Identifier to answer; whoever serves everybody does not limit the sources."""
        return {**self.answers, "a02-2": "not_met" if self.serves_all else "met"}

    def expected(self, host):
        return [*self.seeds, Fact("mac", "", host.mac), *([Fact("second_source")] if self.serves_all else [])]


# Facts that say that something is wrong. One that is given and not seeded is a false alarm.
ALARMING = [
    Fact("open_video"), Fact("open_picture"), Fact("open_settings"), Fact("basic_in_clear"),
    Fact("any_login"), Fact("factory_login"), Fact("secret_in_url"), Fact("secret_in_log"),
    Fact("answers_any_path"), Fact("answers_all"), Fact("lock_seen"), Fact("second_source"),
    Fact("password_weak"), Fact("discovery_answer", value=".+"),
    Fact("own_login", value="no"),
    Fact("tls_version", "[^ ]+ (ssl.*|tls ?v?1[._]?[01]|tls ?v?1)"),
    Fact("tls_suite", value="weak"),
    Fact("clock_offset_ms", value=r"-?[0-9]{4,}"),
    Fact("account", value="anonymous"),
    Fact("device_kind", value="database|router|printer"),
]

RTSP = {"tcp/554": "rtsp"}


def clean(host):
    services.rtsp(host, tls=True, port=322)
    services.nginx_https(host)
    services.only_recorder(host)


def without_login(host):
    services.rtsp(host, auth="none")


def basic(host):
    services.rtsp(host, auth="basic")
    services.nginx_basic(host)


def digest(host):
    services.rtsp(host)
    services.lighttpd_digest(host, OPEN_PICTURE)


def old(host):
    services.rtsp(host)
    services.telnetd(host)
    services.vsftpd(host)


def plant(host):
    services.rtsp(host)
    services.dropbear(host, 2222)
    services.telnetd(host, 9527)
    services.snmpd(host)


def old_tls(host):
    services.rtsp(host)
    services.old_tls(host)


def clock(host):
    services.rtsp(host)
    services.door(host, "--port", 80, "--clock-ahead", FULL_S)


# Scripted doors share their accounts, as the services of a real camera do.
DOORS = ["--port", 554, "--port", 80, "--path", "/stream1"]


def locks(host):
    services.door(host, *DOORS, "--lock-after", 3, *HIKVISION)


def factory(host):
    first = services.put(host, "first-password", "12345\n")
    services.door(host, *DOORS, "--lock-after", 3, *HIKVISION, user="admin", password=first)


def official(host):
    services.rtsp(host)
    services.onvif(host)


def liar(host):
    services.rtsp(host)
    services.onvif(host, "--anonymous-ok", "GetUsers,GetNetworkProtocols", "--clock-offset", FULL_S,
                   "--secret-in-url")


def broken(host):
    services.rtsp(host)
    services.onvif(host, "--wrong", "endless:GetServices", "--wrong", "bomb:GetHostname", "--wrong", "elsewhere",
                   "--wrong", "deep:GetNetworkProtocols",
                   "--elsewhere", f"http://{NETWORK}.{NEIGHBOUR}")


def any_path(host):
    services.door(host, "--port", 554, "--any-path", "--auth", "none", name="video")
    services.door(host, "--port", 80, "--any-path", "--auth", "none")


def any_login(host):
    services.door(host, *DOORS, "--any-login", "--auth", "basic", "--server", "Vivotek")


def wall(host):
    services.rtsp(host)
    services.answer_all(host)


def frail(host):
    services.rtsp(host)
    services.door(host, "--port", 80)
    services.frail(host)


def database(host):
    services.redis(host)


def tells(host):
    services.rtsp(host)
    services.door(host, "--inquiry")


def shut(host):
    services.rtsp(host)
    services.door(host, "--port", 80)
    services.only_recorder(host)


CAMERAS = [
    Camera("clean", "nothing is wrong: RTSPS and HTTPS, nothing without login", clean,
           {"tcp/322": "rtsps", "tcp/443": "https"}, scheme="rtsps",
           serves_all=False, answers={"a12-2": "met"}),
    Camera("open", "gives its video to everybody", without_login, RTSP, has_login=False,
           seeds=[Fact("open_video", ".*stream1.*")], answers={"a12-2": "not_met"}),
    Camera("basic", "wants the password in the clear (nginx, RTSP)", basic,
           {**RTSP, "tcp/80": "http"}, options=["--allow-basic"],
           seeds=[Fact("basic_in_clear", "tcp/554"), Fact("basic_in_clear", "tcp/80")]),
    Camera("digest", "Digest, but one picture is open (lighttpd)", digest, {**RTSP, "tcp/80": "http"},
           seeds=[Fact("open_picture", ".*" + re.escape(OPEN_PICTURE))], answers={"a12-2": "not_met"}),
    Camera("old", "telnet and FTP (busybox, vsftpd)", old,
           {**RTSP, "tcp/23": "telnet", "tcp/21": "ftp"},
           answers={"a02-1": "not_met", "a11-1": "not_met"}),
    Camera("plant", "SSH and telnet on odd ports, SNMP (dropbear, busybox, snmpd)", plant,
           {**RTSP, "tcp/2222": "ssh", "tcp/9527": "telnet", "udp/161": "snmp"},
           seeds=[Fact("discovery_answer", "snmp", ".+")],
           answers={"a02-1": "not_met", "a11-1": "not_met"}),
    Camera("oldtls", "TLS 1.0 and 1.1, a weak key, a certificate that has ended (OpenSSL)", old_tls,
           {**RTSP, "tcp/443": "https"},
           seeds=[Fact("tls_version", r"[^ ]*443 .*1[._]?0"), Fact("tls_version", r"[^ ]*443 .*1[._]?1"),
                 Fact("tls_suite", r"[^ ]*443 .*", "weak"), Fact("certificate_key", ".*443", ".*1024.*"),
                 Fact("certificate_until", ".*443", "15[0-9]{14}")]),
    Camera("clock", "its clock is two hours ahead", clock, {**RTSP, "tcp/80": "http"},
           seeds=[Fact("clock_offset_ms", value="7(19[5-9]|20[0-5])[0-9]{3}")]),
    Camera("locks", "locks an account after three failed logins", locks, {**RTSP, "tcp/80": "http"},
           is_recorded=False),
    Camera("factory", "has the password of its maker's manual", factory, {**RTSP, "tcp/80": "http"},
           is_recorded=False, mac="44:47:cc:00:00:01",
           seeds=[Fact("factory_login", "tcp/[0-9]+ 1"), Fact("maker", "", "Hikvision"),
                  Fact("mac_maker", "", "Hangzhou Hikvision.*")], answers={"a12-3": "not_met", "a03-3": "not_met"}),
    Camera("official", "speaks ONVIF as it should", official, {**RTSP, "tcp/80": "http"},
           seeds=[Fact("maker", "", "Komainu Lab"), Fact("firmware", "", "1.2.3"), Fact("own_login")]),
    Camera("liar", "speaks ONVIF: tells its users to everybody, wrong clock, password in a URL", liar,
           {**RTSP, "tcp/80": "http"},
           seeds=[Fact("open_settings", "GetUsers"), Fact("open_settings", "GetNetworkProtocols"),
                 Fact("clock_offset_ms", value="7(19[5-9]|20[0-5])[0-9]{3}"), Fact("secret_in_url", "snapshot")]),
    Camera("broken", "answers ONVIF with bombs, endless and deep XML, and names another host", broken,
           {**RTSP, "tcp/80": "http"}, seeds=[Fact("onvif_elsewhere")]),
    Camera("anypath", "says 200 to everything", any_path, {**RTSP, "tcp/80": "http"}, is_recorded=False,
           seeds=[Fact("answers_any_path", "tcp/554"), Fact("answers_any_path", "tcp/80")]),
    Camera("anylogin", "lets everybody in who gives a password, whichever", any_login,
           {**RTSP, "tcp/80": "http"}, is_recorded=False,
           seeds=[Fact("any_login", "tcp/[0-9]+"), Fact("basic_in_clear", "tcp/554"),
                 Fact("basic_in_clear", "tcp/80")],
           answers={"a12-2": "not_met"}),
    Camera("wall", "something in front of it answers on every port", wall, RTSP,
           seeds=[Fact("answers_all")]),
    Camera("frail", "reboots at more than 100 connections a second", frail, {**RTSP, "tcp/80": "http"}),
    Camera("database", "is a Redis without a password", database, {"tcp/6379": "redis"},
           is_recorded=False, seeds=[Fact("device_kind", value="database")]),
    Camera("tells", "tells a maker's inquiry who it is, before any login", tells, {**RTSP, "udp/37020": "hikvision_sadp"},
           seeds=[Fact("discovery_answer", ".*", ".+")]),
    Camera("shut", "serves the recorder's address alone", shut, {**RTSP, "tcp/80": "http"},
           serves_all=False),
]


def start(street, names=None):
    """The cameras' hosts, started: name to (camera, host)."""
    lived = {}
    for camera in CAMERAS:
        if names is None or camera.name in names:
            host = street.add(camera.name, camera.mac)
            camera.start(host)
            lived[camera.name] = (camera, host)
    return lived


def url(camera, host):
    port = next((key.split("/")[1] for key, protocol in camera.ports.items() if protocol == camera.scheme),
                "554")
    return f"{camera.scheme}://{host.address}:{port}/stream1"
