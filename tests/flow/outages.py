#!/usr/bin/env python3
# check: slow seconds=420
"""200 outages: each gives exactly one entry when the pictures end and one when they come again, with
the true length within a second; the alarm opens and clears as often. [IPA a04-1, a21-1]

Between recorder and cameras stand relays that cut the line and know when they did.
"""
import random
import re
import selectors
import socket
import sqlite3
import sys
import threading
import time

from recorder import Camera, Recorder, free_port, wait_for

CAMERAS = 25
OUTAGES = 8  # of each camera
ANSWERS = 4000  # bytes of a session's answers before its media, at most
TOLERANCE_S = 1.0
MEDIA_S = 5.5, 7.5  # a stream that lived so long was good: it is tried again at once


class Relay(threading.Thread):
    """Forwards one connection at a time to a camera, and cuts it again and again."""

    def __init__(self, target, seed):
        super().__init__(daemon=True)
        self.target, self.random, self.port = target, random.Random(seed), free_port()
        self.is_open, self.is_over = True, False
        self.last_s, self.lengths, self.error = None, [], None

    def listen(self):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(4)
        listening.settimeout(60)
        return listening

    def forward(self, client, server, media_s):
        """Until media has flowed for so long; when the first of it came."""
        selector = selectors.DefaultSelector()
        selector.register(client, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, client)
        count, first_s, end = 0, None, time.monotonic() + 60
        while not self.is_over and time.monotonic() < end:
            for key, _ in selector.select(0.05):
                try:
                    data = key.fileobj.recv(65536)
                    key.data.sendall(data)
                except ConnectionError:  # closed while there was more to read or to send
                    return first_s
                if not data:
                    return first_s
                if key.fileobj is server:
                    count += len(data)
                    if count > ANSWERS:
                        self.last_s = time.monotonic()
                        first_s = first_s or self.last_s
            if first_s and media_s is not None and time.monotonic() - first_s > media_s:
                return first_s
        return first_s

    def serve(self, media_s):
        listening = self.listen()
        try:
            while not self.is_over:
                client, _ = listening.accept()
                with client, socket.create_connection(self.target) as server:
                    first_s = self.forward(client, server, media_s)
                if first_s:
                    return first_s
        finally:
            listening.close()
        return None

    def run(self):
        try:
            for number in range(OUTAGES + 1):
                before_s = self.last_s
                is_last = number == OUTAGES
                thread = self.serve(None if is_last else self.random.uniform(*MEDIA_S)) \
                    if not is_last else self.serve_on(before_s)
                if not is_last and before_s:
                    self.lengths.append(thread - before_s)
                if not is_last:
                    time.sleep(self.random.choice((0.05, 0.3, 1.0, 2.0)))
        except OSError as error:
            self.error = self.error or (None if self.is_over else error)

    def serve_on(self, before_s):
        """The last connection, which stays; one that brings no media is followed by another."""
        watch = threading.Thread(target=self.note_first, args=(before_s,), daemon=True)
        watch.start()
        listening = self.listen()
        try:
            while not self.is_over and self.last_s == before_s:
                client, _ = listening.accept()
                with client, socket.create_connection(self.target) as server:
                    self.forward(client, server, None)
        finally:
            listening.close()
        return None

    def note_first(self, before_s):
        while self.last_s == before_s and not self.is_over:
            time.sleep(0.01)
        self.lengths.append(self.last_s - before_s)


def entries(r, name):
    """Lengths by the journal, and the number of entries of each kind, of one camera."""
    database = sqlite3.connect(f"file:{r.state}/guard.db?mode=ro", uri=True)
    rows = database.execute("SELECT event, journal.text FROM journal JOIN camera ON camera.id = journal.camera"
                            " WHERE camera.name = ? AND event IN (10, 11) ORDER BY number", (name,)).fetchall()
    database.close()
    lengths = [float(match.group(1)) for event, text in rows if event == 10
               for match in [re.search(r"after ([0-9.]+) seconds", text)] if match]
    return [event for event, _ in rows], lengths


def alarms(r):
    """Of each camera: how many events each alarm of its loss counts, and whether it is over."""
    database = sqlite3.connect(f"file:{r.state}/guard.db?mode=ro", uri=True)
    rows = database.execute("SELECT camera.name, alarm.count, cleared_us <> 0 FROM alarm JOIN camera ON"
                            " camera.id = alarm.camera WHERE kind = 1 ORDER BY alarm.number").fetchall()
    database.close()
    told = {}
    for name, count, is_over in rows:
        told.setdefault(name, []).append((count, bool(is_over)))
    return told


WANTED = [10] + [11, 10] * OUTAGES


def check(r, name, relay):
    assert relay.error is None, f"{name}: the relay: {relay.error}"
    events, lengths = entries(r, name)
    assert events == WANTED, f"{name}: {len(events)} entries, not {len(WANTED)}: {events}"
    worst = max(abs(told - true) for told, true in zip(lengths, relay.lengths, strict=True))
    assert worst < TOLERANCE_S, f"{name}: {lengths} told, {relay.lengths} true"
    return worst


def main():
    camera = Camera("--width", 320, "--height", 240, "--fps", 15, "--gop", 15)
    host, port, path = re.match(r"rtsp://([^:/]+):(\d+)(/.*)", camera.url).groups()
    relays = [Relay((host, int(port)), seed) for seed in range(CAMERAS)]
    try:
        with Recorder() as r:
            for number, relay in enumerate(relays):
                r.add(f"cam{number}", f"rtsp://127.0.0.1:{relay.port}{path}")
                relay.start()
            r.start()
            wait_for("all outages are over", lambda: all(len(relay.lengths) == OUTAGES or relay.error
                                                         for relay in relays), 360, 0.5)
            names = [f"cam{number}" for number in range(CAMERAS)]
            wait_for("all entries", lambda: all(len(entries(r, name)[0]) >= len(WANTED) for name in names) or
                     any(relay.error for relay in relays), 30, 0.5)
            time.sleep(3)  # one too many would come now
            worst = max(check(r, f"cam{number}", relay) for number, relay in enumerate(relays))
            told = alarms(r)
            wanted = {name: [(1, True)] * OUTAGES for name in names}
            assert told == wanted, {name: told.get(name) for name in names if told.get(name) != wanted[name]}
            print(f"{CAMERAS * OUTAGES} outages, the worst length is {worst:.2f} s off")
    finally:
        for relay in relays:
            relay.is_over = True
        camera.stop()
    return 0


sys.exit(main())
