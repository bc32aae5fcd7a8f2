#!/usr/bin/env python3
# check: seconds=480
"""The journal of a running recorder: what people and cameras do is in it and no secret is; it is signed,
shown, exported and reviewed; a copy is verified elsewhere with the public key alone; what was tampered with
is found, by the verification and by the recorder itself."""
import base64
import json
import re
import secrets
import shutil
import sqlite3
import ssl
import subprocess
import urllib.error
import urllib.request

from recorder import Recorder, wait_for

PASSWORD = "korekara " + secrets.token_hex(8)
MISTYPED = "minasama-" + secrets.token_hex(8)
CAMERA_PASSWORD = "kamera-" + secrets.token_hex(8)
URL_PASSWORD = "vendor-" + secrets.token_hex(8)


class Browser:
    """The HTTPS API, with a session once somebody has logged in."""

    def __init__(self, recorder):
        self.base = f"https://localhost:{recorder.port}/api/v1"
        self.context = ssl._create_unverified_context()
        self.headers = {}
        self.secrets = []

    def ask(self, method, path, body=None, expect=(200, 201, 204)):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method,
                                         headers={"Content-Type": "application/json", **self.headers})
        try:
            answer = urllib.request.urlopen(request, context=self.context, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        text = answer.read().decode()
        assert answer.status in expect, f"{method} {path}: {answer.status} {text}"
        cookie = answer.headers.get("Set-Cookie")
        found = json.loads(text) if text else {}
        if cookie and "csrf" in found:
            value = cookie.split(";")[0]
            self.headers = {"Cookie": value, "X-Komainu-CSRF": found["csrf"]}
            self.secrets += [value.split("=", 1)[1], found["csrf"]]
        return found

    def journal(self, query=""):
        return self.ask("GET", f"/journal{query}")["entries"]


def do_things(recorder, browser, token):
    browser.ask("POST", "/setup", {"token": token, "name": "mika", "password": PASSWORD})
    stranger = Browser(recorder)
    for name, password in ((MISTYPED, "mika"), (MISTYPED, "mika"), ("mika", MISTYPED)):
        stranger.ask("POST", "/session", {"name": name, "password": password}, expect=(401,))
    made = browser.ask("POST", "/cameras", {
        "name": "gate", "url": f"rtsp://127.0.0.1:9/user=a&password={URL_PASSWORD}&channel=1",
        "user": "viewer", "password": CAMERA_PASSWORD})
    recorder.add("yard", f"rtsp://127.0.0.1:9/b?password={URL_PASSWORD}", "--user", "viewer",
                 "--password-file", recorder.secret(CAMERA_PASSWORD))
    recorder.komainu("user", "add", "ren", "--role", "user", "--password-file", recorder.secret(PASSWORD))
    return made["id"]


def check_list(browser, camera):
    entries = browser.journal()
    numbers = [entry["number"] for entry in entries]
    assert numbers == sorted(numbers, reverse=True) and numbers[-1] == 1, numbers
    events = [entry["event"] for entry in entries]
    for event in ("started", "setup_done", "login_failed", "camera_put", "account_put"):
        assert event in events, (event, events)
    assert {entry["camera"] for entry in browser.journal(f"?camera={camera}")} == {camera}
    done = browser.journal("?events=setup_done")
    assert len(done) == 1 and done[0]["account_name"] == "mika", done
    failed = browser.journal("?events=login_failed,login_locked")
    names = re.findall(r"an unknown name \(([0-9a-f]{8})\)", " ".join(entry["text"] for entry in failed))
    assert len(failed) == 3 and len(names) == 2 and len(set(names)) == 1, failed
    assert len(browser.journal("?search=YARD")) == 1
    page = browser.ask("GET", "/journal?limit=2")
    assert len(page["entries"]) == 2, page
    following = browser.journal(f"?limit=2&before_number={page['pages'][0]['next_number']}")
    assert following[0]["number"] == page["entries"][1]["number"] - 1
    browser.ask("GET", "/journal?events=nonsense", expect=(422, 400))
    browser.ask("GET", "/journal?limit=100000", expect=(422, 400))


def check_review(recorder, browser):
    browser.ask("POST", "/journal/reviews", {"note": ""}, expect=(422, 400))
    browser.ask("POST", "/journal/reviews", {"note": "all as it should be"})
    state = browser.ask("GET", "/journal/state")
    assert state["state"] == "ok" and state["reviewed_by"] == "mika", state
    assert state["review_note"] == "all as it should be" and state["reviewed_us"], state
    recorder.komainu("journal", "review", "--note", "again")
    assert browser.ask("GET", "/journal/state")["reviewed_by"] == "command line"


def check_rights(recorder):
    """Default deny: neither strangers nor users read the journal."""
    for path in ("/journal", "/journal/state"):
        Browser(recorder).ask("GET", path, expect=(401,))
    user = Browser(recorder)
    user.ask("POST", "/session", {"name": "ren", "password": PASSWORD})
    for path in ("/journal", "/journal/state"):
        user.ask("GET", path, expect=(403,))
    user.ask("POST", "/journal/reviews", {"note": "x"}, expect=(403,))
    user.ask("DELETE", "/session")
    return user.secrets


def check_no_secrets(recorder, more):
    """In no form, anywhere in the database's files or in an export."""
    recorder.komainu("journal", "export", recorder.directory / "all")
    content = b"".join(path.read_bytes() for path in
                       [*recorder.state.glob("guard.db*"), recorder.directory / "all"])
    for secret in (PASSWORD, MISTYPED, CAMERA_PASSWORD, *more):
        raw = secret.encode()
        for form in (raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"=")):
            assert form not in content, f"a secret is in the database: {secret[:6]}..."
    # The camera's address is a setting, which may hold it; the journal must not.
    journal = (recorder.directory / "all").read_text()
    assert URL_PASSWORD not in journal and "BEGIN" not in journal
    seed = (recorder.state / "root.key").read_bytes()
    assert seed not in content and seed.hex().encode() not in content


def verify(recorder, *words):
    done = subprocess.run(recorder.command("journal", "verify", *words, "--json"), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def check_elsewhere(recorder):
    """A copy and an export, with nothing but the public key."""
    away = recorder.directory / "away"
    away.mkdir()
    key = shutil.copy(recorder.state / "journal.pub", away)
    export = away / "journal.jsonl"
    recorder.komainu("journal", "export", export)
    code, found = verify(recorder, export, "--public-key", key)
    assert code == 0 and found["signed_number"] == found["entries"] > 8, found
    lines = export.read_text().splitlines(keepends=True)
    for line in lines:
        json.loads(line)
    victim = next(i for i, line in enumerate(lines) if '"name":"login_failed"' in line)
    number = json.loads(lines[victim])["entry"]
    for change, name in ((lines[victim].replace("unknown", "unknovn"), "changed"), ("", "missing")):
        tampered = away / name
        tampered.write_text("".join([*lines[:victim], change, *lines[victim + 1:]]))
        code, found = verify(recorder, tampered, "--public-key", key)
        assert code == 3 and found["broken"] == number, found
    cut = away / "cut"
    cut.write_text("".join(lines[:victim]))
    assert verify(recorder, cut, "--public-key", key, "--since", export)[0] == 3
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", away / "other"], check=True)
    other = subprocess.run(["openssl", "pkey", "-in", away / "other", "-pubout", "-out", away / "other.pub"])
    assert other.returncode == 0 and verify(recorder, export, "--public-key", away / "other.pub")[0] == 3
    return export


def check_tampering(recorder, export):
    """On the stopped recorder's own database."""
    copy = recorder.directory / "copy.db"
    shutil.copy(recorder.state / "guard.db", copy)
    assert verify(recorder, copy, "--since", export)[0] == 0
    database = sqlite3.connect(recorder.state / "guard.db")
    database.execute("DROP TRIGGER journal_keeps")
    try:
        database.execute("DELETE FROM journal")
        raise AssertionError("the journal lets entries be deleted")
    except sqlite3.IntegrityError:
        pass
    database.execute("UPDATE journal SET text = 'nothing happened' WHERE number = 3")
    database.commit()
    database.close()
    code, found = verify(recorder)
    assert code == 3 and found["broken"] == 3, found
    last = recorder.directory / "last"
    shutil.copy(recorder.state / "guard.db", last)
    database = sqlite3.connect(last)
    # Also what was signed last is changed: the start itself notices that.
    highest = database.execute("SELECT max(number) FROM journal_checkpoint").fetchone()[0]
    database.execute("DROP TRIGGER journal_checkpoint_keeps")
    database.execute("UPDATE journal_checkpoint SET unix_us = 0 WHERE number = ?", (highest,))
    database.commit()
    database.close()
    shutil.copy(last, recorder.state / "guard.db")
    recorder.start()
    wait_for("the status says that the journal is broken",
             lambda: (recorder.status() or {}).get("journal", {}).get("state") == "broken", 30)
    assert "journal-broken" in recorder.log_path.read_text()
    shown = json.loads(recorder.komainu("journal", "show", "--event", "journal_broken", "--json"))["entries"]
    assert len(shown) == 1 and str(highest) in shown[0]["text"], shown


def check_not_written(recorder):
    """A verb whose entry cannot be written says so, and no recording leaves without one."""
    database = sqlite3.connect(recorder.state / "guard.db")
    database.execute("CREATE TRIGGER away BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'away'); END")
    database.commit()
    picture = recorder.directory / "picture.mp4"
    for words, status, said in ((("metrics", "token", "--drop"), 1, "it was done, but the journal"),
                                (("certificate", "renew"), 1, "it was done, but the journal"),
                                (("export", "none", "--from", "@1", "--to", "@2", "-o", picture), 1, "")):
        done = subprocess.run(recorder.command(*words), text=True, capture_output=True, timeout=60)
        assert done.returncode == status and said in done.stderr, (words, done)
    assert not picture.exists()
    database.execute("DROP TRIGGER away")
    database.commit()
    database.close()


def main():
    with Recorder() as recorder:
        assert (recorder.state / "journal.pub").read_text().startswith("-----BEGIN PUBLIC KEY-----")
        code, found = verify(recorder)  # it never ran, and is whole and signed all the same
        assert code == 0 and found["signed_number"] == found["entries"] == 1, found
        check_not_written(recorder)
        serving = recorder.start()
        token = serving.get("token") or serving.get("setup_token")
        browser = Browser(recorder)
        assert recorder.status()["journal"]["state"] == "checking"
        wait_for("everything is verified", lambda: recorder.status()["journal"]["state"] == "ok", 40, 1)
        camera = do_things(recorder, browser, token)
        check_list(browser, camera)
        check_review(recorder, browser)
        user_secrets = check_rights(recorder)
        check_no_secrets(recorder, [token, *browser.secrets, *user_secrets])
        export = check_elsewhere(recorder)
        recorder.stop()
        code, found = verify(recorder, "--since", export)
        assert code == 0 and found["signed_number"] == found["entries"], found
        shown = json.loads(recorder.komainu("journal", "show", "--limit", "1", "--json"))["entries"]
        assert [entry["event"] for entry in shown] == ["stopped"], shown
        check_tampering(recorder, export)
    print("journal: ok")


if __name__ == "__main__":
    main()
