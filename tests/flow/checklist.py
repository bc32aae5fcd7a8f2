#!/usr/bin/env python3
# check: seconds=480
"""The checklist of a fresh recorder: all 67 requirements are answered with their evidence; statements,
waivers and the profile change what they should and nothing else; a statement runs out; seeded facts
of a camera are judged. [IPA a to i]"""
import http.client
import json
import re
import sqlite3
import ssl
import subprocess
import sys
import time

from recorder import ROOT, Recorder, wait_for

STATES = {"met", "not_met", "unknown", "not_applicable"}


def identifiers():
    table = (ROOT / "src/model/requirements.tbl").read_text()
    return re.findall(r'^KM_REQUIREMENT\(\w+, "([a-i]\d\d-\d)"', table, re.M)


def asked(r, *words):
    return json.loads(r.komainu(*words, "--json"))


def answer(r, identifier, *words):
    found = [one for one in asked(r, "checklist", *words)["answers"] if one["requirement"] == identifier]
    assert len(found) == 1, found
    return found[0]


def wrong(r, words, code, expected):
    done = subprocess.run(r.command(*words), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=30)
    assert done.returncode == code and expected in done.stderr, (words, done)


def check_sockets(r, began):
    """Its own sockets are looked at 5 s after the start: until then nothing is said of them."""
    def state():
        [own] = [one for one in asked(r, "checklist", "show", "a02-1")["answers"] if one["level"] == "system"]
        return own["state"]

    first = state()
    if time.monotonic() - began < 5:
        assert first == "unknown", first
    wait_for("it has looked at its sockets", lambda: state() == "met", 20, 0.5)


def check_fresh(r):
    """Each identifier with its state, the kinds of answer, evidence and dates."""
    expected = identifiers()
    assert len(expected) == 67 and len(set(expected)) == 67
    given = asked(r, "checklist")
    answers = {one["requirement"]: one for one in given["answers"] if not one["is_audit_point"]}
    assert sorted(answers) == sorted(expected), set(expected) ^ set(answers)
    points = [one for one in given["answers"] if one["is_audit_point"]]
    assert len(points) == 16, len(points)
    described = {one["requirement"]: one for one in given["requirements"]}
    now_us = time.time() * 1e6
    for identifier, one in answers.items():
        assert one["state"] in STATES and one["reason_en"] and one["reason_ja"], one
        assert described[identifier]["kinds"] and described[identifier]["sureness"], one
        assert described[identifier]["title_ja"] and described[identifier]["question_ja"], one
        facts = [fact for fact in given["evidence"] if fact["requirement"] == identifier]
        assert len(facts) == one["evidence_count"], (one, facts)
        if one["state"] in ("met", "not_met"):
            assert facts and one["kinds"], one
            assert one["observed_us"] and one["due_us"] > now_us, one
    assert answers["a03-2"]["state"] == "met" and "E" in answers["a03-2"]["kinds"], answers["a03-2"]
    assert answers["a22-2"]["state"] == "met", answers["a22-2"]
    assert answers["a02-2"]["state"] == "not_met", answers["a02-2"]  # anybody may connect
    assert answers["a12-2"]["reason"] == "no_cameras", answers["a12-2"]
    assert answers["b01-1"]["state"] == "not_applicable", answers["b01-1"]
    assert answers["g01-2"]["state"] == "unknown", answers["g01-2"]
    assert {one["section"] for one in given["requirements"]} == set("abcdefghi")


def check_profile(r):
    said = asked(r, "checklist", "profile", "--serves-other-network", "yes", "--wireless", "yes")
    assert said["profiles"][0]["parts"] == "serves_other_network,wireless", said
    assert answer(r, "b02-1")["state"] == "not_met"  # its certificate is signed by itself
    assert answer(r, "b21-3")["state"] == "met"
    assert answer(r, "f01-1")["state"] == "not_applicable"
    said = asked(r, "checklist", "profile", "--wireless", "no")
    assert said["profiles"][0]["parts"] == "serves_other_network", said
    assert asked(r, "checklist", "profile")["profiles"][0]["by"] == "command line"
    asked(r, "duty", "done", "1", "--result", "fine", "--note", "all there")
    assert answer(r, "g01-2")["state"] == "met", answer(r, "g01-2")


def check_statements(r):
    assert answer(r, "a01-1")["reason"] == "not_stated"
    soon = f"@{int(time.time()) + 12}"
    made = asked(r, "attest", "a01-1", "--document", "plan of the rack room, no. 7", "--until", soon)
    assert made["attestations"][0]["by"] == "command line", made
    one = answer(r, "a01-1")
    assert one["state"] == "met" and one["kinds"] == "A" and one["attestation"], one
    wait_for("the statement runs out", lambda: answer(r, "a01-1")["state"] == "unknown", 40, 1)
    assert answer(r, "a01-1")["reason"] == "statement_ran_out", answer(r, "a01-1")
    number = asked(r, "attest", "a01-1", "--document", "plan")["attestations"][0]["number"]
    assert answer(r, "a01-1")["state"] == "met"
    r.komainu("attest", "withdraw", str(number))
    assert answer(r, "a01-1")["state"] == "unknown"
    kept = asked(r, "attest", "list")["attestations"]
    assert [one["withdrawn_us"] is not None for one in kept] == [False, True], kept
    for words, code, expected in [
            (("attest", "a99-1", "--document", "x"), 4, "as a01-1"),
            (("attest", "a01-1"), 1, "document"),
            (("attest", "a01-1", "--document", "x", "--until", "@1"), 1, "yet to come"),
            (("attest", "a01-1", "--document", "x", "--until", "2099-01-01T00:00:00Z"), 1, "5 years"),
            (("attest", "a12-2", "--document", "x"), 1, "observed"),
            (("attest", "a01-1", "--document", "x", "--answer", "unknown"), 1, "not_applicable"),
            (("attest", "a01-1", "--document", "x", "--answer", "perhaps"), 2, "met"),
            (("attest", "a01-1", "--document", "x", "--camera", "nobody"), 1, "nobody"),
            (("attest", "withdraw", "999"), 4, "no statement 999"),
            (("attest", "withdraw", str(number)), 1, "already"),
            (("waive", "a02-2", "--until", "@4000000000"), 1, "reason"),
            (("waive", "a02-2", "--reason", "x"), 2, "--until"),
            (("waive", "end", "999"), 4, "no waiver 999"),
            (("checklist", "--section", "z"), 1, "a to i"),
            (("checklist", "show", "zz"), 4, "no requirement zz"),
            (("checklist", "--language", "fr"), 2, "ja or en"),
            (("checklist", "profile", "--wireless", "perhaps"), 2, "yes or no"),
            (("spec", "--profile", "moon"), 2, "wireless")]:
        wrong(r, words, code, expected)


def check_waivers(r):
    """A waiver never makes an answer met: it is shown beside it."""
    until = f"@{int(time.time()) + 3600}"
    made = asked(r, "waive", "a02-2", "--reason", "the switch does it until May", "--until", until)
    one = answer(r, "a02-2")
    assert one["state"] == "not_met" and one["waiver"] == made["waivers"][0]["number"], one
    r.komainu("waive", "end", str(one["waiver"]))
    assert answer(r, "a02-2")["waiver"] == 0


def seed(r, camera, facts):
    """As an audit would have stored them."""
    database = sqlite3.connect(f"{r.state}/guard.db", timeout=20)
    kinds = dict(re.findall(r"^KM_FACT\((\d+), \w+, (\w+),", (ROOT / "src/model/facts.tbl").read_text(), re.M))
    numbers = {name: int(number) for number, name in kinds.items()}
    for (kind, subject, source, value, age_days) in facts:
        database.execute(
            "INSERT OR REPLACE INTO fact (camera, kind, subject, source, is_known, value, detail, observed_us)"
            " VALUES (?, ?, ?, ?, ?, ?, '', ?)",
            (bytes.fromhex(camera.replace("-", "")), numbers[kind], subject, source, value is not None,
             value or "", int((time.time() - age_days * 86400) * 1e6)))
    database.commit()
    database.close()


def check_camera(r):
    r.add("door", "rtsp://127.0.0.1:9/none")
    wait_for("the camera is there", lambda: r.camera("door"), 30)
    camera = r.camera("door")["id"]
    seed(r, camera, [
        ("open_video", "/live", 2, "yes", 1),
        ("port_open", "tcp/23", 2, "telnet", 1),
        ("ports_tried", "tcp", 2, "1-65535", 1),
        ("ports_tried", "udp", 2, "161,1900", 1),
        ("service_set", "rtsp", 1, "", 1),
        ("port_open", "tcp/554", 2, "rtsp", 1),
        ("clock_offset_ms", "", 2, "120", 1),
        ("onboard_storage", "", 1, "no", 40)])
    given = asked(r, "checklist", "--camera", "door")
    of_camera = {one["requirement"]: one for one in given["answers"]}
    assert all(one["level"] == "camera" and one["camera_name"] == "door" for one in given["answers"])
    assert of_camera["a12-2"]["state"] == "not_met" and of_camera["a12-2"]["kinds"] == "P", of_camera["a12-2"]
    assert of_camera["a02-1"]["state"] == "not_met" and "telnet" in of_camera["a02-1"]["subject"]
    assert of_camera["a02-1"]["is_disputed"], of_camera["a02-1"]
    assert of_camera["a04-4"]["state"] == "met", of_camera["a04-4"]
    assert of_camera["a01-2"]["state"] == "unknown" and of_camera["a01-2"]["reason"] == "aged"
    said = [one["reason"] for one in given["disagreements"]]
    assert said == ["said_off_seen_open"], said
    whole = answer(r, "a12-2")
    assert whole["state"] == "not_met" and whole["cameras_not_met"] == 1, whole
    shown = asked(r, "checklist", "show", "a12-2")
    assert {one["level"] for one in shown["answers"]} == {"camera", "all"}, shown
    # A person's word does not outweigh what was seen.
    asked(r, "attest", "a02-1", "--document", "x", "--camera", "door")
    one = answer(r, "a02-1", "--camera", "door")
    assert one["state"] == "not_met" and one["is_disputed"] and one["attestation"], one
    text = r.komainu("checklist", "--language", "ja")
    assert "満たさない" in text and "a02-1" in text, text
    assert "telnet" in r.komainu("checklist", "show", "a02-1", "--camera", "door")


def check_page(r):
    """As the page asks; who has no right is refused."""
    page = http.client.HTTPSConnection("localhost", r.port, context=ssl._create_unverified_context(),
                                       timeout=20)
    headers = {"Content-Type": "application/json"}

    def ask(method, path, body=None):
        page.request(method, "/api/v1" + path, None if body is None else json.dumps(body), headers)
        got = page.getresponse()
        return got, json.loads(got.read() or "null")

    got, said = ask("GET", "/checklist")
    assert got.status == 401, said
    got, session = ask("POST", "/setup", {"token": r.serving["setup_token"], "name": "admin",
                                          "password": "three words of mine"})
    headers["Cookie"] = got.getheader("Set-Cookie").split(";")[0]
    headers["X-Komainu-CSRF"] = session["csrf"]
    got, said = ask("GET", "/checklist?has_evidence=true&has_parts=true")
    assert got.status == 200 and len(said["answers"]) > 83 and said["evidence"], got.status
    # What a part shows is not told once more for the whole.
    shown = [{row["requirement"] for row in said["evidence"] if (row["level"] == "all") == is_whole}
             for is_whole in (False, True)]
    assert shown[0] and not shown[0] & shown[1], shown
    got, said = ask("POST", "/attestations", {"requirement": "e01-2", "document": "access point's settings"})
    assert got.status == 200 and said["attestations"][0]["by"] == "admin", said
    number = said["attestations"][0]["number"]
    got, said = ask("POST", f"/attestations/{number}/withdraw")
    assert got.status == 204, said
    got, said = ask("GET", "/checklist/e01-2/evidence")
    assert said["attestations"][0]["withdrawn_by"] == "admin", said
    got, said = ask("POST", "/profile", {"parts": "availability"})
    assert got.status == 200 and said["parts"] == "availability", said
    got, said = ask("POST", "/waivers", {"requirement": "a02-2", "reason": "", "until_us": 1})
    assert got.status in (400, 422) and "reason" in said["error"]["message"], said
    page.close()


def check_journal(r):
    database = sqlite3.connect(f"file:{r.state}/guard.db?mode=ro", uri=True)
    events = [event for event, in database.execute("SELECT event FROM journal")]
    database.close()
    for event in (180, 181, 182, 183, 184):
        assert event in events, event


def main():
    with Recorder() as r:
        text = r.komainu("spec", "--profile", "wireless", "--language", "ja")
        assert "e01-1" in text and "f01-1" not in text and "a01-1" in text, text
        began = time.monotonic()
        r.start()
        check_sockets(r, began)
        check_fresh(r)
        check_profile(r)
        check_statements(r)
        check_waivers(r)
        check_camera(r)
        check_page(r)
        check_journal(r)
    return 0


sys.exit(main())
