"""The H.264 clip of the hostile camera, and its way into RTP [RFC 6184].

The clip is made once with ffmpeg and kept in the user's temporary folder.
"""
import os
import struct
import subprocess
import tempfile

FPS = 15
SECONDS = 4
GOP = 15
TICKS = 90000 // FPS
MTU = 1400
NAL_IDR, NAL_SEI, NAL_SPS, NAL_PPS, NAL_AUD = 5, 6, 7, 8, 9
FU_A = 28


def nal_type(nal):
    return nal[0] & 0x1F


def cache_path():
    """A path in a folder that only this user can write to."""
    folder = os.path.join(tempfile.gettempdir(), f"komainu-lab-{os.getuid()}")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if os.stat(folder).st_uid != os.getuid():
        raise SystemExit(f"{folder} belongs to somebody else; set TMPDIR to another folder")
    return os.path.join(folder, f"hostile-{FPS}-{SECONDS}-{GOP}.h264")


def make_clip(path):
    part = f"{path}.{os.getpid()}"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
         f"testsrc=size=320x240:rate={FPS}:duration={SECONDS}", "-pix_fmt", "yuv420p",
         "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0",
         "-g", str(GOP), "-b:v", "300k", "-x264-params",
         "threads=1:sliced-threads=0:scenecut=0:aud=0:rc-lookahead=0", "-f", "h264", "-y", part],
        check=True, timeout=60)
    os.replace(part, path)


def split_annexb(data):
    """NAL units between start codes of three or four bytes [H.264 B.1]."""
    for piece in data.split(b"\x00\x00\x01")[1:]:
        yield piece.rstrip(b"\x00")


class Clip:
    """Access units without parameter sets, which are kept apart."""

    def __init__(self):
        path = cache_path()
        if not os.path.exists(path):
            make_clip(path)
        with open(path, "rb") as file:
            nals = list(split_annexb(file.read()))
        self.sps = next(nal for nal in nals if nal_type(nal) == NAL_SPS)
        self.pps = next(nal for nal in nals if nal_type(nal) == NAL_PPS)
        self.slices = [nal for nal in nals if nal_type(nal) in (1, NAL_IDR)]

    def frame(self, index):
        """The one slice of a picture; the clip repeats for ever."""
        return self.slices[index % len(self.slices)]


def fragments(nal, mtu=MTU):
    """FU-A payloads of a NAL unit [RFC 6184 5.8]."""
    indicator = bytes([nal[0] & 0xE0 | FU_A])
    body, kind = nal[1:], nal_type(nal)
    pieces = [body[at:at + mtu - 2] for at in range(0, len(body), mtu - 2)]
    for number, piece in enumerate(pieces):
        flags = (0x80 if number == 0 else 0) | (0x40 if number == len(pieces) - 1 else 0)
        yield indicator + bytes([flags | kind]) + piece


def payloads(nals, mtu=MTU):
    """(payload, marker) of an access unit, the marker on its last packet."""
    out = []
    for nal in nals:
        out += [nal] if len(nal) <= mtu else list(fragments(nal, mtu))
    return [(payload, number == len(out) - 1) for number, payload in enumerate(out)]


def rtp(payload, marker, sequence, timestamp, ssrc, payload_type=96):
    return struct.pack("!BBHII", 0x80, payload_type | (0x80 if marker else 0), sequence & 0xFFFF,
                       timestamp & 0xFFFFFFFF, ssrc) + payload


def interleaved(channel, packet):
    """RTP or RTCP on the RTSP connection [RFC 2326 10.12]."""
    return struct.pack("!cBH", b"$", channel, len(packet)) + packet


def sender_report(ssrc, wall, timestamp, packets, octets):
    """RTCP SR with a CNAME [RFC 3550 6.4.1, 6.5]."""
    ntp = int((wall + 2208988800) * 2**32)
    report = struct.pack("!BBHIQIII", 0x80, 200, 6, ssrc, ntp, timestamp & 0xFFFFFFFF,
                         packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    item = bytes([1, 3]) + b"lab" + bytes(3)
    return report + struct.pack("!BBHI", 0x81, 202, 1 + len(item) // 4, ssrc) + item


def bye(ssrc):
    return struct.pack("!BBHI", 0x81, 203, 1, ssrc)
