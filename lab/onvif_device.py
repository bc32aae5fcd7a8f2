#!/usr/bin/env python3
"""A virtual ONVIF device: a camera's web services without its pictures, with seeded behaviours.

    lab/onvif_device.py --user admin:secret:Administrator --user viewer:look:User --port 0

It answers what ONVIF Core, Media, Media2, Events, PTZ, Recording and Advanced Security ask of a small
camera, keeps what is set (in --state FILE over restarts), and says what happens as JSON lines on
standard output: {"event": "ready", ...}, {"event": "operation", "name": "GetUsers", ...}, ...
Passwords stand in its arguments and its state file: it is for tests only.
"""
import argparse
import base64
import calendar
import hashlib
import http.server
import json
import os
import pathlib
import secrets
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import uuid
import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape

SOAP = "http://www.w3.org/2003/05/soap-envelope"
TT = "http://www.onvif.org/ver10/schema"
ERROR = "http://www.onvif.org/ver10/error"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
SERVICES = {
    "device": ("http://www.onvif.org/ver10/device/wsdl", "/onvif/device_service"),
    "media": ("http://www.onvif.org/ver10/media/wsdl", "/onvif/media"),
    "media2": ("http://www.onvif.org/ver20/media/wsdl", "/onvif/media2"),
    "events": ("http://www.onvif.org/ver10/events/wsdl", "/onvif/events"),
    "ptz": ("http://www.onvif.org/ver20/ptz/wsdl", "/onvif/ptz"),
    "imaging": ("http://www.onvif.org/ver20/imaging/wsdl", "/onvif/imaging"),
    "recording": ("http://www.onvif.org/ver10/recording/wsdl", "/onvif/recording"),
    "security": ("http://www.onvif.org/ver10/advancedsecurity/wsdl", "/onvif/security"),
}
# [ONVIF Core 5.9.4.3]: what is answered to anybody, and what only an administrator may ask.
PRE_AUTH = {"GetWsdlUrl", "GetServices", "GetServiceCapabilities", "GetCapabilities", "GetHostname",
            "GetSystemDateAndTime", "GetEndpointReference"}
ADMINISTRATOR = {"GetUsers", "GetSystemLog", "SetUser", "SetNetworkProtocols", "SetNTP",
                 "SetIPAddressFilter", "SystemReboot", "SetSystemFactoryDefault", "SetHostname",
                 "SetScopes", "SetDiscoveryMode", "StartFirmwareUpgrade"}
LEVELS = ["Anonymous", "User", "Operator", "Administrator"]
SKEW_SECONDS = 5
OUTPUT = threading.Lock()


def say(event, **more):
    with OUTPUT:
        print(json.dumps({"event": event, **more}), flush=True)


class Refused(Exception):
    """A SOAP fault: its codes from the outside in, and the status of HTTP."""

    def __init__(self, *codes, reason="refused", status=400):
        super().__init__(reason)
        self.codes, self.reason, self.status = codes, reason, status


NOT_AUTHORIZED = ("Sender", "NotAuthorized")


def name_of(element):
    return element.tag.rpartition("}")[2]


def find(element, *names):
    for name in names:
        element = next((child for child in element if name_of(child) == name), None)
        if element is None:
            return None
    return element


def text_of(element, *names, default=""):
    found = find(element, *names)
    return default if found is None else (found.text or "").strip()


def all_of(element, name):
    return [child for child in element if name_of(child) == name]


def envelope(body, header="", spaces=""):
    return (f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:tt="{TT}" '
            f'xmlns:ter="{ERROR}"{spaces}><s:Header>{header}</s:Header><s:Body>{body}</s:Body>'
            '</s:Envelope>').encode()


def flag(value):
    return "true" if value else "false"


class Device:
    """What it is set to, and its answers: one method for each operation, "GetUsers(body)"."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.RLock()
        self.nonces = set()
        self.spent = set()  # of those, for uploads
        self.failures = {}
        self.locked_until = {}
        self.down_until = 0.0
        self.boots = 0
        self.log_lines = []
        self.path = options.state and pathlib.Path(options.state)
        self.settings = self.factory_settings()
        if self.path and self.path.exists():
            self.settings = json.loads(self.path.read_text())
        self.note("system started")

    def factory_settings(self):
        users = {}
        for text in self.options.user or ["admin:admin:Administrator"]:
            name, password, level = text.split(":")
            users[name] = {"password": password, "level": level}
        return {
            "users": users,
            "protocols": {"HTTP": [True, [80]], "HTTPS": [bool(self.options.https), [443]],
                          "RTSP": [True, [554]]},
            "ntp": [], "ntp_from_dhcp": False, "filter": ["Allow", []], "host_name": "camera-1",
            "scopes": ["onvif://www.onvif.org/name/Lab%20Camera", "onvif://www.onvif.org/hardware/LC-1",
                       "onvif://www.onvif.org/location/country/japan",
                       "onvif://www.onvif.org/Profile/Streaming", "onvif://www.onvif.org/type/video_encoder",
                       *(self.options.scope or [])],
            "discovery": "Discoverable", "firmware": self.options.firmware,
        }

    def keep(self):
        if self.path:
            new = self.path.with_suffix(".new")
            new.write_text(json.dumps(self.settings))
            new.rename(self.path)

    def now(self):
        return time.time() + self.options.clock_offset

    def note(self, text):
        stamp = time.strftime("%Y-%m-%d %H:%M:%S ", time.gmtime(self.now()))
        self.log_lines.append(("" if self.options.log_without_times else stamp) + text)
        del self.log_lines[:-200]

    # --- logins ---

    def try_login(self, user, is_right):
        """Count it; returns the level, or raises."""
        with self.lock:
            if time.monotonic() < self.locked_until.get(user, 0):
                say("login", user=user, result="locked")
                raise Refused("Sender", "NotAuthorized", reason="the account is locked", status=401)
            if is_right:
                self.failures[user] = 0
                self.note(f"login of {user} succeeded")
                return self.settings["users"][user]["level"]
            self.failures[user] = self.failures.get(user, 0) + 1
            self.note(f"login of {user} failed")
            say("login", user=user, result="wrong", failures=self.failures[user])
            if self.options.lock_after and self.failures[user] >= self.options.lock_after:
                self.locked_until[user] = time.monotonic() + 60
                say("locked", user=user)
            raise Refused(*NOT_AUTHORIZED, reason="wrong name or password",
                          status=401 if self.options.http_auth else 400)

    def password_of(self, user):
        return self.settings["users"].get(user, {}).get("password")

    def login_by_token(self, token):
        user = text_of(token, "Username")
        created, nonce = text_of(token, "Created"), text_of(token, "Nonce")
        try:
            moment = time.strptime(created.split(".")[0].rstrip("Z"), "%Y-%m-%dT%H:%M:%S")
            raw = base64.b64decode(nonce, validate=True)
        except ValueError:
            raise Refused("Sender", "InvalidSecurity", reason="the token makes no sense") from None
        skew = calendar.timegm(moment) - self.now()
        digest = hashlib.sha1(raw + created.encode() + (self.password_of(user) or "").encode()).digest()
        is_right = (self.password_of(user) is not None and abs(skew) <= SKEW_SECONDS and
                    (self.options.allow_replay or (nonce, created) not in self.nonces) and
                    secrets.compare_digest(base64.b64encode(digest).decode(), text_of(token, "Password")))
        self.nonces.add((nonce, created))
        if abs(skew) > SKEW_SECONDS:
            say("skew", seconds=skew)
        return user, self.try_login(user, is_right)

    def login_by_header(self, header, method):
        kind, _, rest = header.partition(" ")
        if kind.lower() == "basic":
            user, _, password = base64.b64decode(rest).decode().partition(":")
            return user, self.try_login(user, password == self.password_of(user))
        fields = {key: value.strip('"') for key, _, value in
                  (part.strip().partition("=") for part in rest.split(","))}
        hash_of = hashlib.sha256 if fields.get("algorithm", "").startswith("SHA-256") else hashlib.md5

        def digest(text):
            return hash_of(text.encode()).hexdigest()

        user = fields.get("username", "")
        first = digest(f"{user}:{fields.get('realm')}:{self.password_of(user)}")
        second = digest(f"{method}:{fields.get('uri')}")
        wanted = digest(":".join([first, fields.get("nonce", ""), fields.get("nc", ""),
                                  fields.get("cnonce", ""), fields.get("qop", ""), second]))
        is_right = (self.password_of(user) is not None and fields.get("nonce") in self.nonces and
                    secrets.compare_digest(wanted, fields.get("response", "")))
        return user, self.try_login(user, is_right)

    def challenge(self):
        kind = self.options.http_auth
        if kind == "basic":
            return ['Basic realm="lab"']
        nonce = secrets.token_hex(16)
        self.nonces.add(nonce)
        algorithm = "SHA-256" if kind == "sha256" else "MD5"
        return [f'Digest realm="lab", qop="auth", algorithm={algorithm}, nonce="{nonce}"']

    # --- device ---

    def address(self, kind, door):
        host = self.options.elsewhere if "elsewhere" in self.options.wrong_kinds else door
        return f"{host}{SERVICES[kind][1]}"

    def offered(self):
        without = set(self.options.without or [])
        return [kind for kind in SERVICES if kind not in without]

    def GetSystemDateAndTime(self, body, door):
        now = time.gmtime(self.now())
        moment = (f"<tt:Time><tt:Hour>{now.tm_hour}</tt:Hour><tt:Minute>{now.tm_min}</tt:Minute>"
                  f"<tt:Second>{now.tm_sec}</tt:Second></tt:Time><tt:Date><tt:Year>{now.tm_year}</tt:Year>"
                  f"<tt:Month>{now.tm_mon}</tt:Month><tt:Day>{now.tm_mday}</tt:Day></tt:Date>")
        kind = "NTP" if self.settings["ntp"] or self.settings["ntp_from_dhcp"] else "Manual"
        return (f"<SystemDateAndTime><tt:DateTimeType>{kind}</tt:DateTimeType>"
                "<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>JST-9</tt:TZ></tt:TimeZone>"
                f"<tt:UTCDateTime>{moment}</tt:UTCDateTime></SystemDateAndTime>")

    def GetServices(self, body, door):
        return "".join(
            f"<Service><Namespace>{SERVICES[kind][0]}</Namespace><XAddr>{self.address(kind, door)}</XAddr>"
            "<Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></Version></Service>"
            for kind in self.offered())

    def GetCapabilities(self, body, door):
        def part(word, kind, more=""):
            if kind not in self.offered():
                return ""
            return f"<tt:{word}><tt:XAddr>{self.address(kind, door)}</tt:XAddr>{more}</tt:{word}>"

        network = (f"<tt:Network><tt:IPFilter>{flag(not self.options.no_filter)}</tt:IPFilter>"
                   "<tt:ZeroConfiguration>true</tt:ZeroConfiguration><tt:IPVersion6>false</tt:IPVersion6>"
                   "<tt:DynDNS>true</tt:DynDNS></tt:Network>")
        system = ("<tt:System><tt:DiscoveryResolve>false</tt:DiscoveryResolve><tt:DiscoveryBye>true</tt:DiscoveryBye>"
                  "<tt:RemoteDiscovery>false</tt:RemoteDiscovery><tt:SystemBackup>false</tt:SystemBackup>"
                  f"<tt:SystemLogging>{flag(not self.options.no_log)}</tt:SystemLogging>"
                  "<tt:FirmwareUpgrade>true</tt:FirmwareUpgrade><tt:SupportedVersions><tt:Major>2</tt:Major>"
                  "<tt:Minor>60</tt:Minor></tt:SupportedVersions></tt:System>")
        streaming = ("<tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP>"
                     "<tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities>")
        events = ("<tt:WSSubscriptionPolicySupport>true</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true"
                  "</tt:WSPullPointSupport><tt:WSPausableSubscriptionManagerInterfaceSupport>false"
                  "</tt:WSPausableSubscriptionManagerInterfaceSupport>")
        return ("<Capabilities>" + part("Device", "device", network + system) + part("Events", "events", events) +
                part("Imaging", "imaging") + part("Media", "media", streaming) + part("PTZ", "ptz") +
                "</Capabilities>")

    def GetServiceCapabilities(self, body, door):
        space = body.tag[1:].partition("}")[0]
        if space == SERVICES["security"][0]:
            return ('<Capabilities><KeystoreCapabilities MaximumNumberOfKeys="8" MaximumNumberOfCertificates="8" '
                    'PKCS10ExternalCertificationWithRSA="true"/><TLSServerCapabilities TLSServerSupported="1.2 1.3" '
                    'MaximumNumberOfTLSCertificationPaths="1"/></Capabilities>')
        if space != SERVICES["device"][0]:
            return "<Capabilities/>"
        return (f'<Capabilities><Network IPFilter="{flag(not self.options.no_filter)}" ZeroConfiguration="true" '
                'DynDNS="true" NTP="2"/><Security TLS1.2="true" MaxUsers="10" DefaultAccessPolicy="true" '
                f'UsernameToken="true" HttpDigest="{flag(self.options.http_auth)}"/>'
                f'<System SystemLogging="{flag(not self.options.no_log)}" HttpFirmwareUpgrade="true"/></Capabilities>')

    def GetDeviceInformation(self, body, door):
        return (f"<Manufacturer>{escape(self.options.maker)}</Manufacturer><Model>{escape(self.options.model)}</Model>"
                f"<FirmwareVersion>{escape(self.settings['firmware'])}</FirmwareVersion>"
                "<SerialNumber>LC1-0001</SerialNumber><HardwareId>1.0</HardwareId>")

    def GetUsers(self, body, door):
        return "".join(f"<User><tt:Username>{escape(name)}</tt:Username><tt:UserLevel>{user['level']}</tt:UserLevel>"
                       "</User>" for name, user in self.settings["users"].items())

    def GetScopes(self, body, door):
        return "".join(f"<Scopes><tt:ScopeDef>{'Fixed' if at < 5 else 'Configurable'}</tt:ScopeDef>"
                       f"<tt:ScopeItem>{escape(item)}</tt:ScopeItem></Scopes>"
                       for at, item in enumerate(self.settings["scopes"]))

    def GetHostname(self, body, door):
        return (f"<HostnameInformation><tt:FromDHCP>false</tt:FromDHCP><tt:Name>{escape(self.settings['host_name'])}"
                "</tt:Name></HostnameInformation>")

    def GetDiscoveryMode(self, body, door):
        return f"<DiscoveryMode>{self.settings['discovery']}</DiscoveryMode>"

    def GetNetworkProtocols(self, body, door):
        return "".join(f"<NetworkProtocols><tt:Name>{name}</tt:Name><tt:Enabled>{flag(is_on)}</tt:Enabled>" +
                       "".join(f"<tt:Port>{port}</tt:Port>" for port in ports) + "</NetworkProtocols>"
                       for name, (is_on, ports) in self.settings["protocols"].items())

    def GetZeroConfiguration(self, body, door):
        return ("<ZeroConfiguration><tt:InterfaceToken>eth0</tt:InterfaceToken><tt:Enabled>true</tt:Enabled>"
                "</ZeroConfiguration>")

    def GetDynamicDNS(self, body, door):
        return "<DynamicDNSInformation><tt:Type>NoUpdate</tt:Type></DynamicDNSInformation>"

    def GetNTP(self, body, door):
        servers = "".join(f"<tt:NTPManual><tt:Type>DNS</tt:Type><tt:DNSname>{escape(name)}</tt:DNSname></tt:NTPManual>"
                          for name in self.settings["ntp"])
        return (f"<NTPInformation><tt:FromDHCP>{flag(self.settings['ntp_from_dhcp'])}</tt:FromDHCP>{servers}"
                "</NTPInformation>")

    def GetIPAddressFilter(self, body, door):
        self.need(not self.options.no_filter)
        kind, addresses = self.settings["filter"]
        return (f"<IPAddressFilter><tt:Type>{kind}</tt:Type>" +
                "".join(f"<tt:IPv4Address><tt:Address>{address}</tt:Address><tt:PrefixLength>{prefix}"
                        "</tt:PrefixLength></tt:IPv4Address>" for address, prefix in addresses) +
                "</IPAddressFilter>")

    def GetNetworkInterfaces(self, body, door):
        wireless = ""
        if self.options.wireless:
            wireless = ('<NetworkInterfaces token="wlan0"><tt:Enabled>true</tt:Enabled><tt:Extension>'
                        "<tt:InterfaceType>71</tt:InterfaceType><tt:Dot11><tt:SSID>6c6162</tt:SSID>"
                        "<tt:Mode>Infrastructure</tt:Mode><tt:Alias>lab</tt:Alias><tt:Priority>1</tt:Priority>"
                        f"<tt:Security><tt:Mode>PSK</tt:Mode><tt:Algorithm>{self.options.wireless}</tt:Algorithm>"
                        "</tt:Security></tt:Dot11></tt:Extension></NetworkInterfaces>")
        return ('<NetworkInterfaces token="eth0"><tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name>'
                "<tt:HwAddress>02:00:5e:10:00:01</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info>"
                f"</NetworkInterfaces>{wireless}")

    def GetPasswordComplexityConfiguration(self, body, door):
        return "<MinLen>8</MinLen><Uppercase>1</Uppercase><Number>1</Number>"

    def GetSystemLog(self, body, door):
        self.need(not self.options.no_log)
        return f"<SystemLog><tt:String>{escape(chr(10).join(self.log_lines))}</tt:String></SystemLog>"

    # --- changes ---

    def SetUser(self, body, door):
        for user in all_of(body, "User"):
            name, password = text_of(user, "Username"), text_of(user, "Password")
            if name not in self.settings["users"]:
                raise Refused("Sender", "InvalidArgVal", "UsernameMissing", reason="no such account")
            if password and len(password) < 8:
                raise Refused("Sender", "OperationProhibited", "PasswordTooWeak", reason="too short", status=400)
            entry = self.settings["users"][name]
            entry["level"] = text_of(user, "UserLevel", default=entry["level"])
            entry["password"] = password or entry["password"]
        return ""

    def SetNetworkProtocols(self, body, door):
        for protocol in all_of(body, "NetworkProtocols"):
            name = text_of(protocol, "Name")
            if name not in self.settings["protocols"]:
                raise Refused("Sender", "InvalidArgVal", "ServiceNotSupported")
            self.settings["protocols"][name] = [text_of(protocol, "Enabled") == "true",
                                                [int(port.text) for port in all_of(protocol, "Port")]]
        return ""

    def SetNTP(self, body, door):
        self.settings["ntp_from_dhcp"] = text_of(body, "FromDHCP") == "true"
        self.settings["ntp"] = [text_of(one, "DNSname") or text_of(one, "IPv4Address") or text_of(one, "IPv6Address")
                                for one in all_of(body, "NTPManual")]
        return ""

    def SetIPAddressFilter(self, body, door):
        self.need(not self.options.no_filter)
        given = find(body, "IPAddressFilter")
        self.settings["filter"] = [text_of(given, "Type"), [
            [text_of(one, "Address"), int(text_of(one, "PrefixLength"))]
            for kind in ("IPv4Address", "IPv6Address") for one in all_of(given, kind)]]
        return ""

    def SetHostname(self, body, door):
        self.settings["host_name"] = text_of(body, "Name")
        return ""

    def SetScopes(self, body, door):
        fixed = self.settings["scopes"][:5]
        self.settings["scopes"] = fixed + [(one.text or "").strip() for one in all_of(body, "Scopes")]
        return ""

    def SetDiscoveryMode(self, body, door):
        self.settings["discovery"] = text_of(body, "DiscoveryMode")
        return ""

    def restart(self):
        self.boots += 1
        self.down_until = time.monotonic() + self.options.reboot_seconds
        say("restart", seconds=self.options.reboot_seconds)

    def SystemReboot(self, body, door):
        threading.Timer(0.3, self.restart).start()
        return "<Message>Rebooting in 1 second</Message>"

    def SetSystemFactoryDefault(self, body, door):
        self.settings = self.factory_settings()
        say("factory_default", kind=text_of(body, "FactoryDefault"))
        threading.Timer(0.3, self.restart).start()
        return ""

    def StartFirmwareUpgrade(self, body, door):
        self.upload = f"/upload/{secrets.token_hex(8)}"
        self.spent |= self.nonces  # what questions were asked with is no good for the upload
        door = "http://127.0.0.1:9" if "clear" in self.options.wrong_kinds else door
        return (f"<UploadUri>{door}{self.upload}</UploadUri><UploadDelay>PT0S</UploadDelay>"
                f"<ExpectedDownTime>PT{int(self.options.reboot_seconds)}S</ExpectedDownTime>")

    def lets_upload(self, header, method):
        """Where HTTP has logins, an upload wants one of its own: a nonce is good for one question there."""
        if self.options.http_auth in (None, "basic"):
            return True
        nonce = header.partition('nonce="')[2].partition('"')[0]
        is_new = nonce in self.nonces and nonce not in self.spent
        self.spent |= self.nonces
        is_let_in = is_new and self.login_by_header(header, method)[1] is not None
        say("upload", is_let_in=is_let_in)
        return is_let_in

    def take_firmware(self, path, data):
        if path != getattr(self, "upload", None):
            return 404
        self.upload = None
        first = data.split(b"\n", 1)[0].decode("ascii", "replace")
        say("firmware", size=len(data), sha256=hashlib.sha256(data).hexdigest())
        if not first.startswith("lab-firmware "):
            return 415
        self.settings["firmware"] = first.split()[1]
        self.keep()
        threading.Timer(0.3, self.restart).start()
        return 200

    # --- media ---

    def profiles(self):
        return [("main", "Main", "H264", 1920, 1080, 25, 4096), ("sub", "Sub", "H264", 640, 360, 15, 512)]

    def GetProfiles(self, body, door):
        is_media2 = body.tag.startswith("{" + SERVICES["media2"][0])
        found = ""
        for token, name, codec, width, height, rate, bits in self.profiles():
            size = f"<tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution>"
            ptz = ('PTZ{} token="ptz"><tt:Name>ptz</tt:Name><tt:UseCount>2</tt:UseCount><tt:NodeToken>node'
                   "</tt:NodeToken>")
            if is_media2:
                found += (f'<Profiles token="{token}" fixed="true"><Name>{name}</Name><Configurations>'
                          '<VideoSource token="source_1"><tt:Name>source</tt:Name><tt:UseCount>2</tt:UseCount>'
                          '<tt:SourceToken>source</tt:SourceToken><tt:Bounds x="0" y="0" width="1920" '
                          'height="1080"/></VideoSource>'
                          f'<VideoEncoder token="{token}_video"><tt:Name>{name}</tt:Name><tt:UseCount>1</tt:UseCount>'
                          f"<tt:Encoding>{codec}</tt:Encoding>{size}<tt:RateControl ConstantBitRate=\"false\">"
                          f"<tt:FrameRateLimit>{rate}.0</tt:FrameRateLimit><tt:BitrateLimit>{bits}</tt:BitrateLimit>"
                          "</tt:RateControl><tt:Quality>4</tt:Quality></VideoEncoder>"
                          f"<{ptz.format('')}</PTZ></Configurations></Profiles>")
            else:
                found += (f'<Profiles token="{token}" fixed="true"><tt:Name>{name}</tt:Name>'
                          '<tt:VideoSourceConfiguration token="source_1"><tt:Name>source</tt:Name><tt:UseCount>2'
                          "</tt:UseCount><tt:SourceToken>source</tt:SourceToken><tt:Bounds x=\"0\" y=\"0\" "
                          'width="1920" height="1080"/></tt:VideoSourceConfiguration>'
                          f'<tt:VideoEncoderConfiguration token="{token}_video"><tt:Name>{name}</tt:Name>'
                          f"<tt:UseCount>1</tt:UseCount><tt:Encoding>{codec}</tt:Encoding>{size}<tt:Quality>4"
                          f"</tt:Quality><tt:RateControl><tt:FrameRateLimit>{rate}</tt:FrameRateLimit>"
                          f"<tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>{bits}</tt:BitrateLimit>"
                          "</tt:RateControl></tt:VideoEncoderConfiguration>"
                          f"<tt:{ptz.format('Configuration')}</tt:PTZConfiguration></Profiles>")
        return found

    def GetProfile(self, body, door):
        for token, profile in zip(("main", "sub"), self.GetProfiles(body, door).split("</Profiles>")):
            if token == text_of(body, "ProfileToken"):
                return profile.replace("<Profiles ", "<Profile ", 1) + "</Profile>"
        raise Refused("Sender", "InvalidArgVal", "NoProfile", reason="no such profile")

    def GetVideoSources(self, body, door):
        return ('<VideoSources token="source"><tt:Framerate>25</tt:Framerate><tt:Resolution><tt:Width>1920</tt:Width>'
                "<tt:Height>1080</tt:Height></tt:Resolution></VideoSources>")

    def GetVideoSourceConfigurations(self, body, door):
        return ('<Configurations token="source_1"><tt:Name>source</tt:Name><tt:UseCount>2</tt:UseCount>'
                '<tt:SourceToken>source</tt:SourceToken><tt:Bounds x="0" y="0" width="1920" height="1080"/>'
                "</Configurations>")

    def uri(self, body, text):
        if text_of(body, "ProfileToken") not in [profile[0] for profile in self.profiles()]:
            raise Refused("Sender", "InvalidArgVal", "NoProfile", reason="no such profile")
        if body.tag.startswith("{" + SERVICES["media2"][0]):
            return f"<Uri>{escape(text)}</Uri>"
        return (f"<MediaUri><tt:Uri>{escape(text)}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
                "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></MediaUri>")

    def GetStreamUri(self, body, door):
        host = urllib.parse.urlsplit(door).hostname
        own = self.options.stream_main if text_of(body, "ProfileToken") == "main" else self.options.stream_sub
        return self.uri(body, own or f"rtsp://{host}:554/{text_of(body, 'ProfileToken')}")

    def GetSnapshotUri(self, body, door):
        secret = "?user=admin&password=secret" if self.options.secret_in_url else ""
        return self.uri(body, f"{door}/snapshot{secret}")

    def GetOSDs(self, body, door):
        return "".join(f'<OSDs token="osd_{at}"><tt:VideoSourceConfigurationToken>source_1'
                       "</tt:VideoSourceConfigurationToken><tt:Type>Text</tt:Type><tt:Position><tt:Type>UpperLeft"
                       "</tt:Type></tt:Position><tt:TextString><tt:Type>Plain</tt:Type><tt:PlainText>"
                       f"{escape(text)}</tt:PlainText></tt:TextString></OSDs>"
                       for at, text in enumerate(self.options.screen_text or []))

    def GetEventProperties(self, body, door):
        return ("<TopicNamespaceLocation>http://www.onvif.org/onvif/ver10/topics/topicns.xml</TopicNamespaceLocation>"
                '<wsnt:FixedTopicSet xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2">true</wsnt:FixedTopicSet>'
                '<wstop:TopicSet xmlns:wstop="http://docs.oasis-open.org/wsn/t-1" '
                'xmlns:tns1="http://www.onvif.org/ver10/topics"><tns1:VideoSource><GlobalSceneChange>'
                '<ImagingService wstop:topic="true"><tt:MessageDescription IsProperty="true"><tt:Source>'
                '<tt:SimpleItemDescription Name="Source" Type="tt:ReferenceToken"/></tt:Source>'
                "</tt:MessageDescription></ImagingService></GlobalSceneChange>"
                '<SignalLoss wstop:topic="true"/></tns1:VideoSource><tns1:Device><SecurityPolicy>'
                '<AuthFailed wstop:topic="true"/></SecurityPolicy></tns1:Device></wstop:TopicSet>')

    def GetNodes(self, body, door):
        return '<PTZNode token="node"><tt:Name>node</tt:Name></PTZNode>'

    def GetRecordings(self, body, door):
        return ("<RecordingItem><tt:RecordingToken>card</tt:RecordingToken></RecordingItem>"
                if self.options.recordings else "")

    def GetEnabledTLSVersions(self, body, door):
        return "<Versions>1.2 1.3</Versions>"

    # --- asking it ---

    def need(self, is_there):
        if not is_there:
            raise Refused("Receiver", "ActionNotSupported", reason="this device does not have it", status=500)

    def judge_level(self, operation, level):
        is_open = operation in PRE_AUTH or operation in self.options.open_operations or \
            "all" in self.options.open_operations
        if is_open:
            return
        if level is None:
            raise Refused(*NOT_AUTHORIZED, reason="a login is needed",
                          status=401 if self.options.http_auth else 400)
        if operation in ADMINISTRATOR and LEVELS.index(level) < LEVELS.index("Administrator"):
            raise Refused("Sender", "NotAuthorized", "OperationProhibited", reason="not for this level", status=403)

    def perform(self, operation, body, door):
        method = getattr(self, operation, None)
        if method is None or not operation[0].isupper():
            raise Refused("Receiver", "ActionNotSupported", reason="this device does not have it", status=500)
        with self.lock:
            inside = method(body, door)
            if operation.startswith("Set"):
                self.keep()
        space = body.tag[1:].partition("}")[0]
        return f'<{operation}Response xmlns="{space}">{inside}</{operation}Response>'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    device = None

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        if time.monotonic() < self.device.down_until:
            self.close_connection = True
            return
        try:
            super().handle_one_request()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            self.close_connection = True

    def answer(self, status, body, kind="application/soap+xml; charset=utf-8", headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def fault(self, refusal):
        codes = ""
        for at, code in reversed(list(enumerate(refusal.codes))):
            value = f"<s:Value>{'s' if at == 0 else 'ter'}:{code}</s:Value>{codes}"
            codes = f"<s:Code>{value}</s:Code>" if at == 0 else f"<s:Subcode>{value}</s:Subcode>"
        headers = []
        if refusal.status == 401:
            headers = [("WWW-Authenticate", text) for text in self.device.challenge()] \
                if self.device.options.http_auth else []
        self.answer(refusal.status, envelope(
            f'<s:Fault>{codes}<s:Reason><s:Text xml:lang="en">{escape(str(refusal))}</s:Text></s:Reason></s:Fault>'),
            headers=headers)

    def do_GET(self):
        status = 401 if self.path.startswith("/snapshot") else 404
        self.answer(status, b"", "text/plain",
                    [("WWW-Authenticate", 'Basic realm="lab"')] if status == 401 else [])

    def do_POST(self):
        size = min(int(self.headers.get("Content-Length") or 0), 64 << 20)
        data = self.rfile.read(size)
        if self.path.startswith("/upload/"):
            if not self.device.lets_upload(self.headers.get("Authorization") or "", self.command):
                self.answer(401, b"", "text/plain", [("WWW-Authenticate", text) for text in self.device.challenge()])
                return
            self.answer(self.device.take_firmware(self.path, data), b"", "text/plain")
            return
        try:
            root = xml.fromstring(data)
            body = list(find(root, "Body"))[0]
        except (xml.ParseError, TypeError, IndexError):
            self.fault(Refused("Sender", "WellFormed", reason="no SOAP"))
            return
        self.ask(root, body, name_of(body))

    def door(self):
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        return f"{scheme}://{self.headers.get('Host')}"

    def login(self, root):
        """How it was shown, who, and the level: None without a login."""
        header, security = self.headers.get("Authorization"), find(root, "Header", "Security", "UsernameToken")
        if header:
            kind = header.split()[0].lower()
            if self.device.options.http_auth is None or \
                    (kind == "basic") != (self.device.options.http_auth == "basic"):
                raise Refused(*NOT_AUTHORIZED, reason="not this way", status=401)
            return (kind, *self.device.login_by_header(header, self.command))
        if security is not None:
            if self.device.options.http_auth:  # those refuse tokens altogether
                raise Refused(*NOT_AUTHORIZED, reason="HTTP authentication is wanted", status=401)
            return ("wsse", *self.device.login_by_token(security))
        return "none", "", None

    def ask(self, root, body, operation):
        event = {"name": operation, "from": self.client_address[0], "login": "none", "user": "", "result": "done"}
        try:
            if operation not in PRE_AUTH:  # clients show logins there, too, empty ones even
                event["login"], event["user"], level = self.login(root)
                self.device.judge_level(operation, level)
            if operation in self.device.options.wrong_kinds.get("repeat", ()):
                told = " ".join(element.text or "" for element in body.iter())
                raise Refused("Sender", "InvalidArgVal", reason=f"{'I do not like ' * 4}{told}")
            if self.misbehave(operation):
                event["result"] = "wrong"
                return
            self.answer(200, envelope(self.device.perform(operation, body, self.door())))
        except Refused as refusal:
            event["result"] = " ".join(refusal.codes)
            self.fault(refusal)
        finally:
            say("operation", **event)

    def misbehave(self, operation):
        """Whether something was sent instead of the answer."""
        kind = next((kind for kind, names in self.device.options.wrong_kinds.items()
                     if operation in names or (not names and operation != "GetSystemDateAndTime")), None)
        if kind in (None, "elsewhere", "repeat", "clear"):
            return False
        self.close_connection = True
        if kind == "redirect":
            self.answer(302, b"", "text/plain", [("Location", self.device.options.elsewhere)])
        elif kind == "broken":
            self.answer(200, b"<s:Envelope><s:Body><unclosed></s:Body>")
        elif kind == "other":
            self.answer(200, envelope("<GetNothingResponse/>"))
        elif kind == "text":
            self.answer(200, b"<html>Welcome</html>", "text/html")
        elif kind == "deep":
            self.answer(200, envelope("<a>" * 20000 + "</a>" * 20000))
        elif kind == "bomb":
            layers = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
            self.answer(200, (f'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{layers}]><s:Envelope xmlns:s="{SOAP}"><s:Body>'
                              "<x>&e9;</x></s:Body></s:Envelope>").encode())
        else:
            self.pour(kind)
        return True

    def pour(self, kind):
        """endless: as fast as it can; slow: a byte a second; silent: nothing at all."""
        self.send_response(200)
        self.send_header("Content-Type", "application/soap+xml")
        self.end_headers()
        chunk = {"endless": b"<a>" * 20000, "slow": b" ", "silent": b""}[kind]
        end = time.monotonic() + 60
        while time.monotonic() < end and self.device.is_running:
            if chunk:
                self.wfile.write(chunk)
                self.wfile.flush()
            if kind != "endless":
                time.sleep(1)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    context = None

    def finish_request(self, request, client_address):
        """TLS begins in the connection's own thread, or one that says nothing would hold up all."""
        if self.context is not None:
            request.settimeout(20)
            try:
                request = self.context.wrap_socket(request, server_side=True)
            except (ssl.SSLError, OSError):
                return
        self.RequestHandlerClass(request, client_address, self)

    def handle_error(self, request, client_address):
        pass


def serve(options, handler, port, context=None):
    Server.address_family = socket.AF_INET6 if ":" in options.bind else socket.AF_INET
    server = Server((options.bind, port), handler)
    server.context = context
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


# --- WS-Discovery ---

def answer_probe(data, urls, scopes):
    root = xml.fromstring(data)
    asked = text_of(root, "Header", "MessageID")
    if find(root, "Body", "Probe") is None:
        return None
    return (f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" '
            f'xmlns:d="{DISCOVERY}" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>'
            f"<a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID><a:RelatesTo>{escape(asked)}</a:RelatesTo>"
            "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
            f"<a:Action>{DISCOVERY}/ProbeMatches</a:Action></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>"
            f"<a:EndpointReference><a:Address>urn:uuid:{uuid.UUID(int=1)}</a:Address></a:EndpointReference>"
            "<d:Types>dn:NetworkVideoTransmitter</d:Types>"
            f"<d:Scopes>{escape(' '.join(scopes))}</d:Scopes><d:XAddrs>{escape(' '.join(urls))}</d:XAddrs>"
            "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>").encode()


def listen_for_probes(device, port):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    udp.bind(("", 3702))
    own = device.options.discovery
    udp.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                   struct.pack("4s4s", socket.inet_aton("239.255.255.250"), socket.inet_aton(own)))

    def run():
        while device.is_running:
            data, sender = udp.recvfrom(65536)
            say("probe", sender=sender[0])
            if "discovery" in device.options.wrong_kinds:
                udp.sendto(b"\xff<not xml" * 100, sender)
                continue
            if device.settings["discovery"] == "Discoverable":
                try:
                    reply = answer_probe(data, [f"http://{own}:{port}/onvif/device_service"],
                                         device.settings["scopes"])
                except xml.ParseError:
                    reply = None
                if reply:
                    udp.sendto(reply, sender)

    threading.Thread(target=run, daemon=True).start()


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--bind", default="127.0.0.1")
    add("--port", type=int, default=0)
    add("--https", nargs=2, metavar=("CERT", "KEY"), help="serve TLS too, on --https-port")
    add("--https-port", type=int, default=0)
    add("--user", action="append", metavar="NAME:PASSWORD:LEVEL")
    add("--http-auth", choices=["md5", "sha256", "basic"], help="HTTP authentication instead of tokens")
    add("--allow-replay", action="store_true", help="take a token twice: libonvif has one nonce for all")
    add("--clock-offset", type=float, default=0, metavar="SECONDS")
    add("--anonymous-ok", default="", metavar="OPERATION,...", help='answered without a login; "all"')
    add("--no-filter", action="store_true", help="cannot filter addresses")
    add("--no-log", action="store_true", help="gives no log")
    add("--log-without-times", action="store_true")
    add("--without", action="append", choices=list(SERVICES), help="a service that it does not have")
    add("--wireless", metavar="ALGORITHM", help="CCMP, TKIP, Any: has a wireless interface")
    add("--recordings", action="store_true", help="holds a recording itself")
    add("--screen-text", action="append")
    add("--scope", action="append")
    add("--maker", default="Komainu Lab")
    add("--model", default="LC-1")
    add("--firmware", default="1.2.3")
    add("--stream-main", metavar="URL")
    add("--stream-sub", metavar="URL")
    add("--secret-in-url", action="store_true")
    add("--lock-after", type=int, default=0, metavar="N")
    add("--reboot-seconds", type=float, default=2)
    add("--state", metavar="FILE")
    add("--discovery", metavar="ADDRESS", help="answer WS-Discovery on the interface with this address")
    add("--wrong", action="append", default=[], metavar="KIND[:OPERATION,...]",
        help="repeat (what was sent, in the refusal) broken bomb deep endless slow silent other text redirect "
             "elsewhere discovery clear (where uploads go)")
    add("--elsewhere", default="http://192.0.2.99", help="where redirect and elsewhere point")
    options = parser.parse_args()
    options.open_operations = set(filter(None, options.anonymous_ok.split(",")))
    options.wrong_kinds = {}
    for text in options.wrong:
        kind, _, names = text.partition(":")
        options.wrong_kinds[kind] = set(filter(None, names.split(",")))
    return options


def main():
    options = read_options()
    device = Device(options)
    device.is_running = True
    handler = type("DeviceHandler", (Handler,), {"device": device})
    server = serve(options, handler, options.port)
    port = server.server_address[1]
    host = f"[{options.bind}]" if ":" in options.bind else options.bind
    ready = {"port": port, "url": f"http://{host}:{port}/onvif/device_service", "pid": os.getpid()}
    if options.https:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.https)
        ready["https_port"] = serve(options, handler, options.https_port, context).server_address[1]
    if options.discovery:
        listen_for_probes(device, port)
    say("ready", **ready)
    try:
        sys.stdin.read() if not sys.stdin.isatty() else threading.Event().wait()
    except KeyboardInterrupt:
        pass
    device.is_running = False


if __name__ == "__main__":
    main()
