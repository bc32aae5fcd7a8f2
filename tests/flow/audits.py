#!/usr/bin/env python3
# check: seconds=240
"""What audits do when the recorder's own database refuses, and when people stop them: the auditor is
not to blame for the one, and the other is in the journal."""
import json
import random
import sys

from recorder import Camera, Recorder, wait_for

ADDRESS = f"127.{random.randrange(16, 250)}.{random.randrange(1, 250)}.9"


def asked(r, *words):
    return json.loads(r.komainu(*words, "--json"))


def last_audit(r, camera):
    return asked(r, "audit", "list", camera)["audits"][0]


def audit(r, camera, state):
    number = last_audit(r, camera)["number"] if asked(r, "audit", "list", camera)["audits"] else 0
    r.komainu("audit", camera, "--no-wait")

    def ended():
        last = last_audit(r, camera)
        return last if last["number"] > number and last["state"] not in ("waiting", "running") else None

    last = wait_for(f"the audit of {camera}", ended, 60)
    assert last["state"] == state, last
    return last


def entries(r, event):
    return asked(r, "journal", "show", "--event", event)["entries"]


def test_a_database_that_refuses_is_not_the_auditor_s_fault(r):
    audit(r, "gate", "done")
    auditor = r.roles("auditor")
    assert len(auditor) == 1, auditor
    r.refuse("no_facts", "INSERT ON fact")
    last = audit(r, "gate", "failed")
    assert "could not store" in last["text"], last
    r.allow("no_facts")
    # Its end is stored as soon as that is possible.
    r.refuse("no_end", "UPDATE OF ended_us ON audit WHEN NEW.ended_us <> 0")
    before = last["number"]
    r.komainu("audit", "gate", "--no-wait")
    wait_for("the audit's end that is not stored", lambda: "the end is not stored yet" in r.log_path.read_text(), 60)
    assert last_audit(r, "gate")["state"] == "running", last_audit(r, "gate")
    r.allow("no_end")
    wait_for("its end", lambda: last_audit(r, "gate")["state"] == "done", 20)
    assert last_audit(r, "gate")["number"] == before + 1
    audit(r, "gate", "done")
    assert r.roles("auditor") == auditor, "the auditor was ended"


def test_stopping_one_that_waits_is_in_the_journal(r):
    r.komainu("audit", "gate", "--no-wait")
    r.komainu("audit", "yard", "--no-wait")
    waiting = last_audit(r, "yard")
    assert waiting["state"] == "waiting", waiting
    r.komainu("audit", "stop", waiting["number"])
    assert last_audit(r, "yard")["state"] == "stopped"
    told = [entry["text"] for entry in entries(r, "audit_ended")]
    assert any(text.startswith("yard: stopped before it began, by ") for text in told), told


def main():
    with Recorder({"audit_hours": 0, "audit_jobs": 1}) as r:
        cameras = [Camera("--mount", "/gate", "--address", ADDRESS, "--fps", 10),
                   Camera("--mount", "/yard", "--address", ADDRESS, "--fps", 10)]
        try:
            for name, camera in zip(("gate", "yard"), cameras):
                r.add(name, camera.url)
            r.start()
            r.wait_streaming("gate", "yard")
            test_a_database_that_refuses_is_not_the_auditor_s_fault(r)
            test_stopping_one_that_waits_is_in_the_journal(r)
        finally:
            for camera in cameras:
                camera.stop()
    return 0


sys.exit(main())
