#!/usr/bin/env python3
# check: seconds=480
"""Alarms, incidents, duties and maintenance from the command line: a camera goes away and comes back,
an incident grows from its alarm, a duty is overdue and done, and announced work holds alarms.
[IPA a04-1, f01-1, g01-1, g03-1, g05-1]"""
import http.client
import json
import ssl
import subprocess
import sys
import time

from recorder import Camera, Recorder, free_port, wait_for

SLOW_LOOK_S = 10  # how often the recorder looks at what no event tells


def asked(r, *words):
    return json.loads(r.komainu(*words, "--json"))


def alarms(r, kind, *options):
    return [alarm for alarm in asked(r, "alarm", "list", *options)["alarms"] if alarm["kind"] == kind]


def wrong(r, words, code, expected):
    """[layout 5] what is wrong is named, and what would be right."""
    done = subprocess.run(r.command(*words), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=30)
    assert done.returncode == code and expected in done.stderr, (words, done)


def check_errors(r):
    for words, code, expected in [
            (("alarm", "acknowledge", "x"), 2, "NUMBER x"),
            (("alarm", "acknowledge", "999"), 4, "no alarm 999"),
            (("incident", "show", "999"), 4, "no incident 999"),
            (("incident", "open"), 1, "title"),
            (("incident", "work", "1"), 2, "--step, --undo, --note or --owner"),
            (("incident", "work", "1", "--step", "1", "--undo", "1"), 2, "one of them"),
            (("duty", "add", "x"), 2, "--every"),
            (("duty", "add", "x", "--every", "5h"), 2, "whole days"),
            (("duty", "add", "x", "--every", "9999d"), 1, "interval_days"),
            (("duty", "set", "999", "--every", "5d"), 4, "no duty 999"),
            (("duty", "remove", "1"), 1, "every recorder has this duty"),
            (("duty", "done", "1", "--result", "perhaps"), 2, "fine, findings, skipped"),
            (("duty", "done", "1", "--result", "findings"), 1, "note"),
            (("maintenance", "begin", "door"), 2, "--for"),
            (("maintenance", "begin", "nobody", "--for", "2h"), 1, "no camera"),
            (("maintenance", "begin", "door", "--for", "2h", "--until", "@1"), 2, "one of them"),
            (("maintenance", "begin", "door", "--until", "@1"), 1, "in the future"),
            (("maintenance", "begin", "door", "--for", "15d"), 1, "14 days"),
            (("maintenance", "end", "999"), 4, "no maintenance 999")]:
        wrong(r, words, code, expected)


def check_page(r):
    """As the page asks: a change without a body is answered, and the connection stays usable."""
    page = http.client.HTTPSConnection("localhost", r.port, context=ssl._create_unverified_context(),
                                       timeout=20)
    headers = {}

    def ask(method, path, body=None):
        page.request(method, "/api/v1" + path, None if body is None else json.dumps(body), headers)
        answer = page.getresponse()
        return answer, json.loads(answer.read() or "null")

    headers["Content-Type"] = "application/json"
    answer, session = ask("POST", "/setup", {"token": r.serving["setup_token"], "name": "admin",
                                             "password": "three words of mine"})
    headers["Cookie"] = answer.getheader("Set-Cookie").split(";")[0]
    headers["X-Komainu-CSRF"] = session["csrf"]
    for path in ("/alarms/999/acknowledge", "/maintenances/999/end"):
        answer, said = ask("POST", path)
        assert answer.status == 404 and said["error"]["code"] == "not_found", said
    answer, said = ask("POST", "/duties/1/records", {"result": "fine", "note": ""})
    assert answer.status == 204, said
    answer, said = ask("GET", "/duties/records?number=1")
    assert said["records"][0]["by"] == "admin", said
    page.close()


def check_alarm(r, camera):
    """One alarm while the camera is away, an incident from it, over when the camera is back."""
    port = camera.ready["url"].split(":")[2].split("/")[0]
    assert alarms(r, "camera_lost") == []
    camera.stop()
    [alarm] = wait_for("the alarm", lambda: alarms(r, "camera_lost"), 30, 0.5)
    assert alarm["camera_name"] == "door" and alarm["severity"] == "critical", alarm
    assert alarm["cleared_us"] is None and alarm["acknowledged_by"] == "", alarm
    number = str(alarm["number"])
    assert "camera_lost" in r.komainu("alarm", "list")

    r.komainu("alarm", "acknowledge", number)
    [alarm] = alarms(r, "camera_lost")
    assert alarm["acknowledged_by"] and alarm["cleared_us"] is None, "seen, and still so"
    wrong(r, ("alarm", "acknowledge", number), 1, "already")

    [incident] = asked(r, "incident", "open", "--alarm", number, "--owner", "Sato")["incidents"]
    assert incident["kind"] == "camera_lost" and incident["owner"] == "Sato", incident
    assert incident["title"] == "camera_lost door", incident
    wrong(r, ("incident", "open", "--alarm", number), 1, "already")
    name = str(incident["number"])
    r.komainu("incident", "work", name, "--step", "1", "--note", "the cable was out")
    r.komainu("incident", "work", name, "--step", "3", "--owner", "Tanaka")
    wrong(r, ("incident", "work", name, "--step", "33"), 1, "step")
    r.komainu("incident", "work", name, "--step", "2")
    r.komainu("incident", "work", name, "--undo", "2")
    shown = asked(r, "incident", "show", name)
    assert shown["incidents"][0]["steps_done"] == 0b101, shown
    assert shown["incidents"][0]["owner"] == "Tanaka", shown
    assert any("the cable was out" in note["text"] for note in shown["notes"]), shown
    text = r.komainu("incident", "show", name)
    assert "Tanaka" in text and "the cable was out" in text, text

    back = Camera("--mount", "/door", "--codec", "h264", *SMALL, "--port", port)
    wait_for("the alarm is over", lambda: not alarms(r, "camera_lost"), 40, 0.5)
    [past] = alarms(r, "camera_lost", "--all")
    assert past["cleared_us"] > past["opened_us"] and past["incident"] == incident["number"], past
    r.komainu("incident", "end", name, "--outcome", "plugged in again")
    wrong(r, ("incident", "end", name, "--outcome", "again"), 1, "over")
    assert asked(r, "incident", "list")["incidents"] == []
    [ended] = asked(r, "incident", "list", "--all")["incidents"]
    assert ended["outcome"] == "plugged in again" and ended["ended_us"], ended
    return back


def check_duty(r):
    assert len(asked(r, "duty", "list")["duties"]) >= 7, "those that every recorder has"
    [duty] = asked(r, "duty", "add", "清掃: lenses", "--every", "2w", "--due",
                   f"@{int(time.time()) - 60}", "--owner", "Sato")["duties"]
    assert duty["interval_days"] == 14 and duty["is_overdue"] is True, duty
    number = str(duty["number"])
    [alarm] = wait_for("the alarm of a duty", lambda: alarms(r, "duty"), SLOW_LOOK_S + 10, 0.5)
    assert alarm["subject"] == "清掃: lenses", alarm
    [same] = asked(r, "duty", "list", "--overdue")["duties"]
    assert same["number"] == duty["number"]
    r.komainu("duty", "done", number, "--result", "findings", "--note", "one is scratched")
    wait_for("the alarm is over", lambda: not alarms(r, "duty"), 20, 0.5)
    [record] = asked(r, "duty", "history", number)["records"]
    assert record["result"] == "findings" and record["note"] == "one is scratched", record
    assert asked(r, "duty", "list", "--overdue")["duties"] == []
    [changed] = asked(r, "duty", "set", number, "--every", "30d")["duties"]
    assert changed["interval_days"] == 30 and changed["title"] == "清掃: lenses", changed
    assert changed["owner"] == "Sato", changed
    r.komainu("duty", "remove", number)
    assert len(asked(r, "duty", "history", number)["records"]) == 1, "what was done stays"
    wrong(r, ("duty", "done", number), 4, "no duty")


def check_maintenance(r, camera):
    [begun] = asked(r, "maintenance", "begin", "door", "--for", "2h", "--note", "new lens")["maintenances"]
    assert begun["camera_name"] == "door" and begun["note"] == "new lens", begun
    assert begun["to_us"] - begun["from_us"] <= 7200 * 1000000 + 1000000, begun
    camera.stop()
    wait_for("the camera is seen to be away",
             lambda: r.camera("door")["state"] in ("waiting", "connecting"), 30, 0.5)
    time.sleep(SLOW_LOOK_S + 3)
    assert alarms(r, "camera_lost") == [], "held"
    assert "new lens" in r.komainu("maintenance", "list")
    r.komainu("maintenance", "end", str(begun["number"]))
    wrong(r, ("maintenance", "end", str(begun["number"])), 1, "over")
    wait_for("the alarm of a camera that is still away", lambda: alarms(r, "camera_lost"),
             SLOW_LOOK_S + 10, 0.5)
    assert asked(r, "maintenance", "list")["maintenances"] == []
    assert len(asked(r, "maintenance", "list", "--all")["maintenances"]) == 1


SMALL = ["--width", 320, "--height", 240, "--fps", 15, "--gop", 15]


def main():
    with Recorder() as r:
        camera = Camera("--mount", "/door", "--codec", "h264", *SMALL, "--port", free_port())  # it comes back there
        try:
            r.add("door", camera.url)
            wrong(r, ("alarm", "list"), 4, "no recorder runs here")
            r.start()
            r.wait_streaming("door")
            check_errors(r)
            check_page(r)
            camera = check_alarm(r, camera)
            check_duty(r)
            check_maintenance(r, camera)
        finally:
            camera.stop()
    return 0


sys.exit(main())
