"""A small, correct RTSP camera over TCP whose every step a behaviour may replace.

`Camera` holds one connection's state. Behaviours (hostile_behaviours.py) are subclasses that
override the smallest method that makes the camera odd.
"""
import asyncio
import base64
import hashlib
import random
import re
import secrets
import time

import hostile_clip as clip_format

REQUEST_MAX = 64 * 1024
REPORT_S = 5
DRAIN_S = 10
CLOSE_S = 0.5  # between BYE and the end of the link


class Request:
    """One RTSP request; header names in lower case."""

    def __init__(self, text):
        lines = text.split("\r\n")
        self.method, self.url, *_ = lines[0].split(" ") + ["", ""]
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()


class World:
    """What all connections of one process share."""

    def __init__(self, arguments, clip, report):
        self.arguments = arguments
        self.clip = clip
        self.report = report
        self.port = 0
        self.connections = 0
        self.plays = 0
        self.frames = 0
        self.held_until = 0.0  # teardown-needed: no new session before

    def base_url(self):
        return f"rtsp://{self.arguments.address}:{self.port}/cam"


class Camera:
    """A connection to a well-behaved camera."""

    kind = "quirk"
    auth = None  # or the WWW-Authenticate values, see challenge()
    session_timeout_s = 60
    public = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
    algorithm = "MD5"
    qop = ""
    has_audio = False

    def __init__(self, world, reader, writer):
        self.world = world
        self.clip = world.clip
        self.reader = reader
        self.writer = writer
        self.number = world.connections
        self.random = random.Random(world.arguments.seed + self.number)
        self.session = secrets.token_hex(4)
        self.nonce = secrets.token_hex(8)
        self.channels = {}  # track to interleaved channel
        self.ssrc = self.random.getrandbits(32)
        self.sequence = self.random.getrandbits(16)
        self.first_timestamp = self.random.getrandbits(32)
        self.packets = 0
        self.octets = 0
        self.stream_task = None
        self.has_torn_down = False

    # What the connection does, in order.

    async def run(self):
        while (request := await self.read_request()) is not None:
            await self.handle(request)

    async def finish(self):
        if self.stream_task:
            self.stream_task.cancel()
            await asyncio.gather(self.stream_task, return_exceptions=True)
        self.writer.close()

    async def read_request(self):
        """The next request, or None at the end. RTCP of the client is skipped."""
        while (first := await self.reader.read(1)) in (b"$", b"\r", b"\n"):
            if first == b"$":
                head = await self.reader.readexactly(3)
                await self.reader.readexactly(int.from_bytes(head[1:], "big"))
        if not first:
            return None
        text = first + await self.reader.readuntil(b"\r\n\r\n")
        request = Request(text.decode("latin-1").strip())
        await self.reader.readexactly(int(request.headers.get("content-length", "0")))
        return request

    async def handle(self, request):
        if self.auth and not self.is_allowed(request):
            await self.reply(request, 401, self.challenge())
            return
        step = getattr(self, "do_" + request.method.lower(), None)
        if step:
            await step(request)
        else:
            await self.reply(request, 501)

    # Answers.

    def cseq(self, request):
        return request.headers.get("cseq", "0")

    async def reply(self, request, status, headers=(), body=""):
        text = {200: "OK", 401: "Unauthorized", 453: "Not Enough Bandwidth",
                461: "Unsupported Transport", 501: "Not Implemented"}.get(status, "Odd")
        lines = [f"RTSP/1.0 {status} {text}", f"CSeq: {self.cseq(request)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        await self.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1"))

    async def write(self, data):
        self.writer.write(data)
        await asyncio.wait_for(self.writer.drain(), DRAIN_S)

    def session_value(self):
        return f"{self.session};timeout={self.session_timeout_s}"

    # Methods.

    async def do_options(self, request):
        await self.reply(request, 200, [("Public", self.public)])

    async def do_describe(self, request):
        await self.reply(request, 200, self.describe_headers(), self.sdp())

    def describe_headers(self):
        return [("Content-Type", "application/sdp"), ("Content-Base", self.content_base())]

    def content_base(self):
        return self.world.base_url() + "/"

    def sprop(self):
        sets = [base64.b64encode(nal).decode() for nal in (self.clip.sps, self.clip.pps)]
        profile = self.clip.sps[1:4].hex()
        return f";profile-level-id={profile};sprop-parameter-sets=" + ",".join(sets)

    def fmtp(self):
        return "packetization-mode=1" + self.sprop()

    def control(self, track):
        return f"trackID={track}"

    def sdp(self):
        lines = ["v=0", f"o=- 1 1 IN IP4 {self.world.arguments.address}", "s=lab",
                 "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*", "m=video 0 RTP/AVP 96",
                 "a=rtpmap:96 H264/90000", f"a=fmtp:96 {self.fmtp()}",
                 f"a=control:{self.control(0)}"]
        if self.has_audio:
            lines += ["m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", f"a=control:{self.control(1)}"]
        return "\r\n".join(lines) + "\r\n"

    async def do_setup(self, request):
        transport = request.headers.get("transport", "")
        found = re.search(r"interleaved=(\d+)", transport)
        if "TCP" not in transport:
            await self.reply(request, 461)
            return
        track = 1 if self.control(1) in request.url else 0
        self.channels[track] = int(found[1]) if found else 2 * track
        await self.reply(request, 200, [("Transport", self.transport(self.channels[track])),
                                        ("Session", self.session_value())])

    def transport(self, channel):
        return f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1};ssrc={self.ssrc:08X}"

    async def do_play(self, request):
        await self.reply(request, 200, [("Session", self.session_value()),
                                        ("RTP-Info", self.rtp_info())])
        self.start_stream()

    def rtp_info(self):
        return (f"url={self.world.base_url()}/{self.control(0)};seq={self.sequence};"
                f"rtptime={self.first_timestamp}")

    def start_stream(self):
        if self.stream_task is None:
            self.world.plays += 1
            self.world.report("play", connection=self.number)
            self.stream_task = asyncio.create_task(self.stream())

    async def do_get_parameter(self, request):
        await self.reply(request, 200, [("Session", self.session_value())])

    async def do_set_parameter(self, request):
        await self.do_get_parameter(request)

    async def do_pause(self, request):
        await self.do_get_parameter(request)

    async def do_teardown(self, request):
        self.has_torn_down = True
        await self.reply(request, 200)
        await self.finish()

    # Authentication [RFC 2617, RFC 7616].

    def challenge(self, stale=False):
        digest = f'Digest realm="lab", nonce="{self.nonce}"'
        digest += f", algorithm={self.algorithm}" if self.algorithm != "MD5" else ""
        digest += f', qop="{self.qop}"' if self.qop else ""
        digest += ", stale=true" if stale else ""
        return [("WWW-Authenticate", value.replace("DIGEST", digest)) for value in self.auth]

    def hash(self, text):
        name = {"MD5": "md5", "SHA-256": "sha256"}[self.algorithm]
        return hashlib.new(name, text.encode()).hexdigest()

    def is_allowed(self, request):
        given = request.headers.get("authorization", "")
        user, password = self.world.arguments.user, self.world.arguments.password
        if given.startswith("Basic "):
            right = base64.b64encode(f"{user}:{password}".encode()).decode()
            return any("Basic" in value for value in self.auth) and given[6:].strip() == right
        fields = {name: quoted or bare for name, quoted, bare in
                  re.findall(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))', given)}
        if not given.startswith("Digest ") or fields.get("nonce") != self.nonce:
            return False
        first = self.hash(f"{user}:lab:{password}")
        second = self.hash(f"{request.method}:{fields.get('uri', '')}")
        middle = self.nonce
        if self.qop:
            middle += ":" + ":".join(fields.get(name, "") for name in ("nc", "cnonce", "qop"))
        return (fields.get("username") == user and
                fields.get("response") == self.hash(f"{first}:{middle}:{second}"))

    # The stream.

    async def stream(self):
        start = time.monotonic()
        next_report = start
        limit = self.world.arguments.frames
        index = 0
        while not limit or index < limit:
            await asyncio.sleep(max(0, start + index / clip_format.FPS - time.monotonic()))
            if time.monotonic() >= next_report:
                next_report += REPORT_S
                await self.write(self.report_bytes(index))
            await self.write(self.frame_bytes(index))
            self.world.frames += 1
            index += 1
        self.world.report("eos", connection=self.number, frames=index)
        await self.write(clip_format.interleaved(self.channels.get(0, 0) + 1,
                                                 clip_format.bye(self.ssrc)))
        self.has_torn_down = True
        await asyncio.sleep(CLOSE_S)
        self.writer.close()

    def timestamp(self, index):
        return self.first_timestamp + index * clip_format.TICKS

    def report_ssrc(self):
        return self.ssrc

    def report_bytes(self, index):
        report = clip_format.sender_report(self.report_ssrc(), time.time(), self.timestamp(index),
                                           self.packets, self.octets)
        return clip_format.interleaved(self.channels.get(0, 0) + 1, report)

    def nals(self, index):
        """The NAL units of a picture: parameter sets in front of each IDR."""
        nal = self.clip.frame(index)
        is_key = clip_format.nal_type(nal) == clip_format.NAL_IDR
        return ([self.clip.sps, self.clip.pps] if is_key else []) + [nal]

    def payloads(self, index):
        return clip_format.payloads(self.nals(index))

    def wrap(self, payload, marker, index):
        packet = clip_format.rtp(payload, marker, self.sequence, self.timestamp(index), self.ssrc)
        self.sequence += 1
        self.packets += 1
        self.octets += len(payload)
        return clip_format.interleaved(self.channels.get(0, 0), packet)

    def frame_bytes(self, index):
        data = b"".join(self.wrap(payload, marker, index)
                        for payload, marker in self.payloads(index))
        if self.has_audio and 1 in self.channels:
            data += self.audio_bytes(index)
        return data

    def audio_bytes(self, index):
        """Silence for one picture's time."""
        first, last = (8000 * number // clip_format.FPS for number in (index, index + 1))
        packet = clip_format.rtp(b"\xff" * (last - first), index == 0, index, first,
                                 self.ssrc ^ 1, 0)
        return clip_format.interleaved(self.channels[1], packet)
