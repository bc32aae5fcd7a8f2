"""The behaviours of the hostile camera: one subclass of Camera each, in three kinds.

quirk    odd but well-meant: every picture must reach the recorder
lossy    some packets are unusable: pictures must go on arriving
hostile  an attack: the recorder must survive within its limits; nothing need arrive

The first line of a class's documentation is what --list prints.
"""
import asyncio
import base64
import secrets
import struct
import time

import hostile_clip as clip_format
from hostile_camera import Camera

ALL = {}
FLOOD_MAX = 256 << 20  # an attack ends after so many bytes


def behaviour(name, kind):
    def register(cls):
        cls.kind = kind
        ALL[name] = cls
        return cls
    return register


class Flood(Camera):
    """A Camera that may send without end."""

    async def flood(self, pieces):
        sent = 0
        for piece in pieces:
            await self.write(piece)
            sent += len(piece)
            if sent > FLOOD_MAX:
                break
        self.world.report("flood", connection=self.number, bytes=sent)

    def noise(self, size=65536):
        while True:
            yield self.random.randbytes(size)


class Bits:
    """Writes bits and Exp-Golomb codes [H.264 9.1]."""

    def __init__(self):
        self.text = ""

    def u(self, count, value):
        self.text += format(value, f"0{count}b")
        return self

    def ue(self, *values):
        for value in values:
            code = format(value + 1, "b")
            self.text += "0" * (len(code) - 1) + code
        return self

    def nal(self, header):
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        body = int(text, 2).to_bytes(len(text) // 8, "big")
        for code in (b"\x00\x00\x00", b"\x00\x00\x01", b"\x00\x00\x02"):
            body = body.replace(code, code[:2] + b"\x03" + code[2:])
        return bytes([header]) + body


# Attacks on the RTSP parser.

@behaviour("endless-headers", "hostile")
class EndlessHeaders(Flood):
    """the first answer has header lines without end"""

    async def handle(self, request):
        await self.write(f"RTSP/1.0 200 OK\r\nCSeq: {self.cseq(request)}\r\n".encode())
        await self.flood(b"X-Header-%d: %s\r\n" % (i, b"a" * 1000) for i in range(1 << 30))


@behaviour("lying-content-length", "hostile")
class LyingContentLength(Camera):
    """Content-Length is 1000 too long, on each second connection half of the body"""

    async def do_describe(self, request):
        body = self.sdp()
        size = len(body) + 1000 if self.number % 2 else len(body) // 2
        head = "".join(f"{name}: {value}\r\n" for name, value in self.describe_headers())
        await self.write(f"RTSP/1.0 200 OK\r\nCSeq: {self.cseq(request)}\r\n{head}"
                         f"Content-Length: {size}\r\n\r\n{body}".encode())


@behaviour("huge-content-length", "hostile")
class HugeContentLength(Flood):
    """Content-Length beyond 64 bits (on each second connection 4 GiB - 1), then data"""

    async def do_describe(self, request):
        size = "99999999999999999999999" if self.number % 2 else "4294967295"
        await self.write(f"RTSP/1.0 200 OK\r\nCSeq: {self.cseq(request)}\r\n"
                         f"Content-Type: application/sdp\r\n"
                         f"Content-Length: {size}\r\n\r\n".encode())
        await self.flood(self.noise())


@behaviour("wrong-cseq", "hostile")
class WrongCseq(Camera):
    """every answer carries another CSeq than the request"""

    def cseq(self, request):
        return str(int(request.headers.get("cseq", "0")) + 7)


@behaviour("slow-drip", "hostile")
class SlowDrip(Camera):
    """answers come one byte per 100 ms"""

    async def write(self, data):
        for byte in data:
            await super().write(bytes([byte]))
            await asyncio.sleep(0.1)


@behaviour("reconnect-storm", "hostile")
class ReconnectStorm(Camera):
    """closes right after accept, after DESCRIBE, after SETUP, after PLAY, in turn"""

    async def run(self):
        if self.number % 4 != 1:
            await super().run()

    async def handle(self, request):
        await super().handle(request)
        if request.method == ("PLAY", "", "DESCRIBE", "SETUP")[self.number % 4]:
            await self.finish()


@behaviour("garbage", "hostile")
class Garbage(Flood):
    """random bytes from the start"""

    async def run(self):
        await self.flood(self.noise())


@behaviour("401-forever", "hostile")
class RefuseForever(Camera):
    """401 with a fresh nonce to everything; the recorder must back off [quirk: Retina]"""

    auth = ["DIGEST"]

    def is_allowed(self, request):
        self.nonce = secrets.token_hex(8)
        return False


# Attacks on the H.264 and RTP parsers.

@behaviour("sps-overflow", "hostile")
class SpsOverflow(Camera):
    """SPS with absurd numbers and 60 kB of parameter sets in the SDP [GHSA-wg5h-vcgv-74pv]"""

    def bad_sps(self, number):
        bits = Bits().u(8, 77).u(8, 0).u(8, 51).ue(0)
        if number % 3 == 0:  # a size beyond 32 bits of pixels
            bits.ue(0, 0, 0, 16).u(1, 0).ue(2**31 - 2, 2**31 - 2).u(3, 7).u(2, 0)
        elif number % 3 == 1:  # 2^32 - 2 reference frames in the order count cycle
            bits.ue(0, 1).u(1, 0).ue(0, 0, 2**32 - 2).ue(*range(200))
        else:  # cropping larger than the picture
            bits.ue(0, 0, 0, 2**32 - 2).u(1, 0).ue(19, 14).u(2, 3).u(1, 1)
            bits.ue(2**32 - 2, 2**32 - 2, 2**32 - 2, 2**32 - 2).u(1, 0)
        return bits.nal(0x67)

    def sprop(self):
        sets = [self.bad_sps(i) for i in range(3)]
        sets += [b"\x67" + bytes(60000), b"\x68" + b"\xff" * 300]
        return ";sprop-parameter-sets=" + ",".join(base64.b64encode(nal).decode() for nal in sets)

    def nals(self, index):
        return [self.bad_sps(index), self.clip.pps, self.clip.frame(index)]


@behaviour("nal-zero", "hostile")
class NalZero(Camera):
    """empty payloads, NAL units of one byte, aggregates with lying sizes, half FU headers"""

    def payloads(self, index):
        bad = [b"", b"\x00", b"\x67", b"\x7c", b"\x7c\x85", b"\x78", b"\x78\x00", b"\x78\x00\x00",
               b"\x78\xff\xff\x65", b"\x79", b"\x7a\x00\x00\x00", b"\x7d\x00", b"\x7f" * 3]
        return [(payload, number % 3 == 0) for number, payload in enumerate(bad)]


@behaviour("nal-100mb", "hostile")
class NalWithoutEnd(Flood):
    """one FU-A whose last fragment never comes, 100 MB and more"""

    async def stream(self):
        body = b"\x7c\x05" + b"\x55" * 60000
        await self.write(self.wrap(b"\x7c\x85" + b"\x88" * 1000, False, 0))
        await self.flood(self.wrap(body, False, 0) for _ in range(1 << 30))


# Transport: interleaved frames.

@behaviour("binary-frames-unknown-channels", "quirk")
class UnknownChannels(Camera):
    """data on channels nobody set up between the pictures [quirk: Retina, live555]"""

    def frame_bytes(self, index):
        stray = clip_format.interleaved(7 + index % 249, self.random.randbytes(index * 37 % 65536))
        return stray + super().frame_bytes(index)


@behaviour("half-written-frames", "lossy")
class HalfWritten(Camera):
    """each 20th picture breaks off inside an interleaved frame [moonfire-nvr #302]"""

    def frame_bytes(self, index):
        data = super().frame_bytes(index)
        return data[:len(data) - 100] if index % 20 == 10 and len(data) > 200 else data


@behaviour("data-before-play-reply", "quirk")
class DataBeforePlayReply(Camera):
    """the first picture comes between PLAY and its answer [quirk: Retina, live555]"""

    async def do_play(self, request):
        self.start_stream()
        await asyncio.sleep(0.5)
        await self.reply(request, 200, [("Session", self.session_value())])


@behaviour("foreign-rtcp-ssrc", "quirk")
class ForeignRtcpSsrc(Camera):
    """sender reports carry an SSRC that no packet has [quirk: Retina, unknown RTCP SSRC]"""

    def report_ssrc(self):
        return self.ssrc ^ 0xFFFFFFFF


# RTSP quirks.

@behaviour("session-id-changes", "quirk")
class SessionIdChanges(Camera):
    """another Session in each answer; two tracks, so two SETUPs [quirk: Retina]"""

    has_audio = True

    def session_value(self):
        return secrets.token_hex(4) + ";timeout=60"


@behaviour("no-content-type", "quirk")
class NoContentType(Camera):
    """DESCRIBE's answer has no Content-Type [quirk: Retina]"""

    def describe_headers(self):
        return [("Content-Base", self.content_base())]


@behaviour("scheme-less-content-base", "quirk")
class SchemeLessContentBase(Camera):
    """Content-Base without rtsp:// [quirk: Retina]"""

    def content_base(self):
        return self.world.base_url().removeprefix("rtsp://") + "/"


@behaviour("odd-control-url", "quirk")
class OddControlUrl(Camera):
    """no Content-Base, tracks named /trackID=0 [quirk: Retina, odd control-URL joining]"""

    def describe_headers(self):
        return [("Content-Type", "application/sdp")]

    def control(self, track):
        return f"/trackID={track}"


@behaviour("trailing-semicolons", "quirk")
class TrailingSemicolons(Camera):
    """semicolons and spaces at the ends of fmtp, Session and Transport [quirk: Retina]"""

    def fmtp(self):
        return super().fmtp() + "; "

    def session_value(self):
        return super().session_value() + "; "

    def transport(self, channel):
        return super().transport(channel) + ";"


@behaviour("rtp-info-seq-0", "quirk")
class RtpInfoZero(Camera):
    """RTP-Info says seq=0;rtptime=0, the packets say otherwise [quirk: Retina]"""

    def rtp_info(self):
        return f"url={self.world.base_url()}/trackID=0;seq=0;rtptime=0"


@behaviour("keepalive-only-options", "quirk")
class KeepaliveOnlyOptions(Camera):
    """knows no GET_PARAMETER; closes after 10 s without OPTIONS [quirk: Retina]"""

    public = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
    session_timeout_s = 10
    heard = 0.0

    async def handle(self, request):
        if request.method == "OPTIONS" or not self.stream_task:
            self.heard = time.monotonic()
        await super().handle(request)

    async def do_get_parameter(self, request):
        await self.reply(request, 501)

    async def write(self, data):
        if self.stream_task and time.monotonic() > self.heard + self.session_timeout_s:
            self.world.report("timeout", connection=self.number)
            self.writer.close()
            raise ConnectionError("no OPTIONS in time")
        await super().write(data)


@behaviour("teardown-needed", "quirk")
class TeardownNeeded(Camera):
    """after a link without TEARDOWN, SETUP gets 453 for --hold seconds [quirk: Retina, live555]"""

    async def do_setup(self, request):
        if time.monotonic() < self.world.held_until:
            await self.reply(request, 453)
        else:
            await super().do_setup(request)

    async def finish(self):
        if self.channels and not self.has_torn_down:
            self.world.held_until = time.monotonic() + self.world.arguments.hold
            self.world.report("held", connection=self.number)
        self.has_torn_down = True
        await super().finish()


# Authentication quirks.

@behaviour("basic-and-digest-list", "quirk")
class BasicAndDigestList(Camera):
    """Basic and Digest in one WWW-Authenticate header [quirk: Retina]"""

    auth = ['Basic realm="lab", DIGEST']


@behaviour("basic-and-digest-lines", "quirk")
class BasicAndDigestLines(Camera):
    """Basic and Digest in two WWW-Authenticate headers"""

    auth = ['Basic realm="lab"', "DIGEST"]


@behaviour("digest-sha256-only", "quirk")
class DigestSha256(Camera):
    """Digest with SHA-256 and qop=auth and nothing else [RFC 7616]"""

    auth = ["DIGEST"]
    algorithm = "SHA-256"
    qop = "auth"


@behaviour("digest-stale-nonce", "quirk")
class DigestStaleNonce(Camera):
    """each second request with a right answer gets 401 stale=true and a new nonce [RFC 7616 3.3]"""

    auth = ["DIGEST"]
    allowed = 0
    is_stale = False

    def is_allowed(self, request):
        is_right = super().is_allowed(request)
        self.allowed += is_right
        self.is_stale = is_right and self.allowed % 2 == 0
        if self.is_stale:
            self.nonce = secrets.token_hex(8)
        return is_right and not self.is_stale

    def challenge(self, stale=False):
        return super().challenge(stale or self.is_stale)


# RTP and H.264 quirks.

@behaviour("annexb-in-rtp", "quirk")
class AnnexbInRtp(Camera):
    """all NAL units of a picture in one, with start codes between them [quirk: Retina]"""

    def nals(self, index):
        return [b"\x00\x00\x00\x01".join(super().nals(index))]


@behaviour("mark-on-sei", "quirk")
class MarkOnSei(Camera):
    """the marker bit is set on SEI, SPS and PPS too [quirk: Retina]"""

    def nals(self, index):
        stamp = struct.pack("!H", index & 0x7F7F | 0x101)
        sei = b"\x06\x05\x14komainu lab camera" + stamp + b"\x80"
        return [sei] + super().nals(index)

    def payloads(self, index):
        kinds = (clip_format.NAL_SEI, clip_format.NAL_SPS, clip_format.NAL_PPS)
        return [(payload, marker or clip_format.nal_type(payload) in kinds)
                for payload, marker in super().payloads(index)]


def small_fragments(nals):
    """Every NAL unit longer than 200 bytes as FU-A, so that small pictures have fragments too."""
    return clip_format.payloads(nals, 200)


@behaviour("empty-fragments", "quirk")
class EmptyFragments(Camera):
    """FU-A packets without data stand between the fragments [quirk: Retina]"""

    def payloads(self, index):
        out = []
        for payload, marker in small_fragments(self.nals(index)):
            out.append((payload, marker))
            is_fragment = clip_format.nal_type(payload) == clip_format.FU_A
            if is_fragment and not payload[1] & 0x40:
                out.append((payload[:1] + bytes([payload[1] & 0x1F]), False))
        return out


@behaviour("fu-type-change", "quirk")
class FuTypeChange(Camera):
    """the type in the FU header changes after the first fragment [quirk: Retina]"""

    def payloads(self, index):
        return [(payload[:1] + bytes([payload[1] & 0xE0 | 1]) + payload[2:], marker)
                if clip_format.nal_type(payload) == clip_format.FU_A and not payload[1] & 0x80
                else (payload, marker)
                for payload, marker in small_fragments(self.nals(index))]


@behaviour("missing-parameter-sets", "quirk")
class MissingParameterSets(Camera):
    """SPS and PPS only in the stream, none in the SDP [quirk: Retina]"""

    def sprop(self):
        return ""


@behaviour("parameter-sets-only-in-sdp", "quirk")
class ParameterSetsOnlyInSdp(Camera):
    """SPS and PPS only in the SDP, none in the stream"""

    def nals(self, index):
        return [self.clip.frame(index)]


@behaviour("bytes-after-sps", "quirk")
class BytesAfterSps(Camera):
    """zero bytes stand behind the SPS, in the SDP and in the stream [quirk: Retina]"""

    def __init__(self, world, reader, writer):
        super().__init__(world, reader, writer)
        self.clip = type("Clip", (), {"sps": world.clip.sps + bytes(4), "pps": world.clip.pps,
                                      "frame": world.clip.frame})


@behaviour("none", "quirk")
class NoQuirk(Camera):
    """an ordinary camera, to test the test"""
