#!/usr/bin/env python3
"""An independent reader of segment files, written from docs/format.md.

usage: read_segment.py DATA_KEY_HEX FILE...

Prints, for each file, one JSON object a line: its header, and for each sample track, key, ticks,
decode offset, duration, label and the SHA-256 of its bytes. Exit 1 if a file breaks the format.
"""
import hashlib
import hmac
import json
import struct
import sys
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Broken(Exception):
    pass


def require(condition, text):
    if not condition:
        raise Broken(text)


def hkdf(key, salt, info):
    extracted = hmac.new(salt, key, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        require(self.at + count <= len(self.data), "short")
        self.at += count
        return self.data[self.at - count:self.at]

    def unpack(self, form):
        values = struct.unpack(">" + form, self.take(struct.calcsize(">" + form)))
        return values[0] if len(values) == 1 else values

    def varint(self):
        value = 0
        for i in range(10):
            byte = self.take(1)[0]
            value |= (byte & 0x7f) << (7 * i)
            if byte < 0x80:
                return value
        raise Broken("varint")

    def signed(self):
        raw = self.varint()
        return (raw >> 1) ^ -(raw & 1)


def nonce(part, low):
    return bytes([part, 0, 0, 0]) + low


def read_tracks(data):
    reader = Reader(data)
    tracks = []
    for _ in range(reader.unpack("B")):
        codec, clock, width, height, fps, channels = reader.unpack("BIHHIB")
        name = reader.take(reader.unpack("B")).decode()
        config = reader.take(reader.unpack("H"))
        tracks.append({"codec": codec, "clock": clock, "width": width, "height": height,
                       "fps_milli": fps, "channels": channels, "name": name,
                       "config": config.hex()})
    require(reader.at == len(data), "rest after the tracks")
    return tracks


def read_header(data):
    reader = Reader(data)
    require(reader.take(8) == b"\x89KMS\r\n\x1a\n", "no segment")
    version, flags, length = reader.unpack("HHI")
    require(version == 1 and flags == 0, "unsupported")
    segment, camera, key, run = (reader.take(16) for _ in range(4))
    start = reader.unpack("q")
    tracks = read_tracks(reader.take(reader.unpack("H")))
    require(reader.at + 16 == length, "header length")
    return {"segment": str(uuid.UUID(bytes=segment)), "camera": str(uuid.UUID(bytes=camera)),
            "key": str(uuid.UUID(bytes=key)), "run": str(uuid.UUID(bytes=run)),
            "start_us": start, "tracks": tracks}, segment, length


def chunk_lengths(data, at, segment, box):
    """From the trailer if there is one, and compared with the walk."""
    walked = []
    while at + 64 <= len(data) and data[at:at + 4] == b"KMCH":
        length = struct.unpack(">I", data[at + 4:at + 8])[0]
        if at + length > len(data):
            break
        walked.append((at, length))
        at += length
    if len(data) < 16 or data[-4:] != b"KMFT":
        return walked, False
    offset, length = struct.unpack(">QI", data[-16:-4])
    require(offset == at and offset + length == len(data), "trailer place")
    trailer = Reader(data[offset:])
    require(trailer.take(4) == b"KMTR" and trailer.unpack("I") == length, "trailer")
    low = trailer.take(8)
    count, zero, _, _ = trailer.unpack("IIQq")
    require(zero == 0 and count == len(walked), "number of chunks")
    body = 40 + 64 * count
    box.decrypt(nonce(2, low), data[offset + body:offset + body + 16],
                segment + struct.pack(">Q", offset) + data[offset:offset + body])
    for i, (place, _) in enumerate(walked):
        entry = data[offset + 40 + 64 * i:offset + 104 + 64 * i]
        require(entry == data[place:place + 64], "chunk table")
    return walked, True


def read_chunk(data, at, length, segment, box, tracks):
    head = data[at:at + 64]
    reader = Reader(head)
    reader.take(8)
    sequence, start, duration, _, media, index = reader.unpack("QqIIII")
    counts = reader.unpack("IIII")
    flags = reader.unpack("H")
    require(length == 64 + index + media + 16, "chunk length")
    plain = box.decrypt(nonce(1, struct.pack(">Q", sequence)), data[at + 64:at + length],
                        segment + struct.pack(">Q", at) + head)
    reader = Reader(plain[:index])
    last = [reader.varint() for _ in range(4)]
    ticks, offsets, place, samples = [0] * 4, [0] * 4, index, []
    while reader.at < index:
        word, size = reader.varint(), reader.varint()
        track = word >> 2
        require(track < len(tracks), "track")
        ticks[track] += reader.signed()
        offsets[track] += reader.signed()
        samples.append({"track": track, "key": bool(word & 1), "damaged": bool(word & 2),
                        "ticks": ticks[track], "decode_offset": offsets[track], "size": size,
                        "sha256": hashlib.sha256(plain[place:place + size]).hexdigest()})
        place += size
    require(place == len(plain), "media bytes")
    for track, count in enumerate(counts):
        mine = [s for s in samples if s["track"] == track]
        require(len(mine) == count, "samples")
        for this, after in zip(mine, mine[1:]):
            difference = after["ticks"] - after["decode_offset"] - this["ticks"] + \
                this["decode_offset"]
            this["duration"] = max(0, difference)
        if mine:
            mine[-1]["duration"] = last[track]
    first = samples[0]
    for sample in samples:
        sample["unix_us"] = start + sample["ticks"] * 1000000 // tracks[sample["track"]]["clock"] - \
            first["ticks"] * 1000000 // tracks[first["track"]]["clock"]
    video = [s for s in samples if s["track"] == 0]
    require(bool(flags & 1) == (video[0]["key"] if video else True), "key flag")
    return {"start_us": start, "duration_us": duration, "samples": samples}, sequence


def read_file(path, data_key):
    with open(path, "rb") as file:
        data = file.read()
    header, segment, length = read_header(data)
    box = AESGCM(hkdf(data_key, segment, b"komainu segment 1"))
    box.decrypt(nonce(0, bytes(8)), data[length - 16:length], data[:length - 16])
    places, header["closed"] = chunk_lengths(data, length, segment, box)
    header["chunks"] = []
    before = -1
    for at, size in places:
        chunk, sequence = read_chunk(data, at, size, segment, box, header["tracks"])
        require(sequence > before, "sequence")
        before = sequence
        header["chunks"].append(chunk)
    return header


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    status = 0
    for path in sys.argv[2:]:
        try:
            print(json.dumps(read_file(path, bytes.fromhex(sys.argv[1]))))
        except (Broken, InvalidTag, struct.error) as error:
            print(f"{path}: {type(error).__name__} {error}", file=sys.stderr)
            status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
