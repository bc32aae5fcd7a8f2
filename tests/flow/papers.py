#!/usr/bin/env python3
# check: seconds=480
"""Lists of known weaknesses are taken in and matched; the checklist comes as a paper in every form, read
back by other programs: openpyxl, jsonschema with SARIF's own schema (out of an npm package), and, for
OSCAL, whose schema no package of Debian's or npm's holds, the rules of its reference written down here."""
import datetime
import html.parser
import json
import os
import pathlib
import re
import secrets
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import urllib.error
import urllib.request
import uuid

try:
    import jsonschema
    import openpyxl
except ModuleNotFoundError:  # another Python than the one that Debian's packages are for
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

from recorder import Recorder

SARIF_PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"
SARIF_MEMBER = "package/lib/schemas/sarif-2.1.0-rtm.5.json"
HOSTILE = '=HYPERLINK("http://x")<script>&\'"'


# --- known weaknesses ---

def nvd(identifier, product, before):
    return {"cve": {"id": identifier, "published": "2026-01-02T00:00:00.000", "vulnStatus": "Analyzed",
                    "descriptions": [{"lang": "en", "value": HOSTILE}],
                    "metrics": {"cvssMetricV31": [{"cvssData": {"baseScore": 9.8}}]},
                    "configurations": [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [{
                        "vulnerable": True, "criteria": f"cpe:2.3:o:{product}_firmware:*:*:*:*:*:*:*:*",
                        "versionEndExcluding": before}]}]}]}}


def write_lists(folder):
    (folder / "nvd.json").write_text(json.dumps({"resultsPerPage": 2, "vulnerabilities": [
        nvd("CVE-2099-0001", "hikvision:ds-2cd2032-i", "5.5.0"), nvd("CVE-2099-0002", "acme:toaster", "9")]}))
    (folder / "kev.json").write_text(json.dumps({"catalogVersion": "1", "vulnerabilities": [
        {"cveID": "CVE-2099-0001", "vendorProject": "Hikvision", "product": "Multiple Products",
         "vulnerabilityName": "n", "dateAdded": "2026-02-03"}]}))
    below = folder / "cves" / "2099"
    below.mkdir(parents=True)
    (below / "CVE-2099-0003.json").write_text(json.dumps({
        "dataType": "CVE_RECORD",
        "cveMetadata": {"cveId": "CVE-2099-0003", "state": "PUBLISHED", "datePublished": "2026-03-04T00:00:00Z"},
        "containers": {"cna": {"affected": [{"vendor": "OpenSSL", "product": "OpenSSL", "versions": [
            {"version": "3.0.0", "lessThan": "3.9.9", "status": "affected"}]}]}}}))
    (folder / "jvn.xml").write_text(
        '<VULDEF-Document xmlns="http://jvn.jp/vuldef/"><Vulinfo><VulinfoID>JVNDB-2026-000001</VulinfoID>'
        '<VulinfoData><Title>試験</Title><Affected><AffectedItem><Name>パナソニック</Name>'
        '<Cpe>cpe:/o:panasonic:wv-1_firmware</Cpe><VersionNumber>2.40 未満</VersionNumber></AffectedItem>'
        '</Affected></VulinfoData></Vulinfo></VULDEF-Document>')


def check_weaknesses(r):
    lists = r.directory / "lists"
    lists.mkdir()
    write_lists(lists)
    before = json.loads(r.komainu("vuln", "status", "--json"))
    assert [row["list"] for row in before["lists"]] == ["known"] and before["imported_unix_us"] == 0, before
    done = json.loads(r.komainu("vuln", "import", lists, "--json"))
    assert done == {"files": 4, "bytes": done["bytes"], "records": 5, "kept": 5, "strange": 0, "broken": 0}, done
    held = r.komainu("vuln", "status", "--json")

    # What is no list changes nothing.
    for name, content in (("broken.json", b'{"vulnerabilities":[{'), ("zip.json", b"\x1f\x8b\x08"),
                          ("entities.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), ("other.json", b'{"a":1}')):
        (r.directory / name).write_bytes(content)
        r.komainu("vuln", "import", r.directory / name, expect=1)
    r.komainu("vuln", "import", r.directory / "is-not-there", expect=1)
    assert r.komainu("vuln", "status", "--json") == held
    assert sorted(p.name for p in r.state.glob("weaknesses*")) == ["weaknesses.db", "weaknesses.db.lock"]
    assert (r.state / "weaknesses.db").stat().st_mode & 0o777 == 0o600

    with open(lists / "kev.json") as piped:
        subprocess.run(r.command("vuln", "import", "-"), stdin=piped, check=True, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shown = json.loads(r.komainu("vuln", "show", "CVE-2099-0001", "--json"))
    assert [row["list"] for row in shown["lists"]] == ["nvd", "kev"], shown
    r.komainu("vuln", "show", "CVE-1999-1", expect=4)
    hits = json.loads(r.komainu("vuln", "list", "--maker", "HIKVISION", "--model", "DS-2CD2032-I", "--firmware",
                                "V5.4.0 build 160530", "--json", expect=3))["weaknesses"]
    assert hits[0]["id"] == "CVE-2099-0001" and hits[0]["confidence"] >= 90 and "KEV" in hits[0]["reason"], hits


def facts(r, kind):
    rows = json.loads(r.komainu("audit", "facts", "--all", "--kind", kind, "--json"))["facts"]
    return {row["subject"]: row for row in rows}


def check_entered(r):
    """What a person enters of a camera is matched at once; its own parts are, with the recorder running."""
    r.komainu("camera", "fact", "front", "maker=HIKVISION", "model=DS-2CD2032-I", "firmware=V5.4.0 build 160530",
              "support_end=2027-02", "bought=2021-05-06", f"jc_star=★1 {HOSTILE}")
    found = facts(r, "vulnerability")
    assert int(found["CVE-2099-0001"]["value"]) >= 90 and found["CVE-2099-0001"]["source"] == "import", found
    end = int(facts(r, "support_end")[""]["value"])
    assert datetime.datetime.fromtimestamp(end / 1e6, datetime.timezone.utc).strftime("%F %T") == "2027-02-28 23:59:59"
    assert "nvd" in facts(r, "weaknesses_compared")[""]["value"]
    r.komainu("camera", "fact", "front", "firmware=V5.7.3 build 220112")
    assert "CVE-2099-0001" not in facts(r, "vulnerability")
    r.komainu("camera", "fact", "front", "firmware=")
    uncertain = facts(r, "vulnerability")["CVE-2099-0001"]
    assert 30 <= int(uncertain["value"]) < 70, uncertain
    for wrong in ("port_open=1", "support_end=soon", "nonsense"):
        assert subprocess.run(r.command("camera", "fact", "front", wrong), stderr=subprocess.PIPE,
                              timeout=30).returncode in (1, 2, 4), wrong
    r.komainu("camera", "fact", "front", "firmware=V5.4.0 build 160530")
    journal = r.komainu("journal", "show", "--json")
    assert "fact_entered" in journal and "weaknesses_imported" in journal
    # Debian repairs without a new version: it is known, and not shouted.
    r.komainu("vuln", "import", r.directory / "lists")
    own = json.loads(r.komainu("vuln", "list", "--all", "--json", expect=3))["weaknesses"]
    own = [row for row in own if row["camera"] == "(recorder)"]
    assert own and all(row["confidence"] < 70 for row in own), own


# --- papers ---

def paper(r, form, language):
    path = r.directory / f"paper-{language}.{form}"
    r.komainu("checklist", "report", "--format", form, "--language", language, "-o", path)
    return path


def check_xlsx(r, answers):
    for language, sheet in (("en", "Checklist"), ("ja", "チェックリスト")):
        book = openpyxl.load_workbook(paper(r, "xlsx", language))
        assert len(book.sheetnames) == 7 and sheet in book.sheetnames, book.sheetnames
        rows = list(book[sheet].iter_rows(values_only=True))
        assert len(rows) == 68 and [row[0] for row in rows[1:]] == list(answers), len(rows)
        words = {"en": {"met": "met", "not_met": "not met", "unknown": "unknown", "not_applicable": "not applicable"},
                 "ja": {"met": "満たす", "not_met": "満たさない", "unknown": "不明", "not_applicable": "該当なし"}}
        assert all(row[3] == words[language][answers[row[0]]] for row in rows[1:])
        assert any(isinstance(row[6], datetime.datetime) and abs((datetime.datetime.now(datetime.timezone.utc).replace(
            tzinfo=None) - row[6]).total_seconds()) < 3600 for row in rows[1:]), "no time of an observation"
        cells = [cell for one in book.worksheets for row in one.iter_rows() for cell in row]
        assert all(cell.data_type != "f" for cell in cells), "a formula"
        assert any(isinstance(cell.value, str) and HOSTILE in cell.value for cell in cells), "nothing hostile came through"


def sarif_schema():
    """Out of the npm package that holds it, at the time of the test."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder, SARIF_PACKAGE], check=True,
                       cwd=folder, stdout=subprocess.DEVNULL, timeout=90)
        with tarfile.open(next(pathlib.Path(folder).glob("*.tgz"))) as package:
            return json.load(package.extractfile(SARIF_MEMBER))


def check_sarif(r, answers):
    schema = sarif_schema()
    for language in ("en", "ja"):
        log = json.loads(paper(r, "sarif", language).read_text())
        jsonschema.validate(log, schema, format_checker=jsonschema.FormatChecker())
        run = log["runs"][0]
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert set(answers) < set(rules)
        assert run["results"] and all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
        assert all(answers.get(result["ruleId"], "not_met") == "not_met" for result in run["results"]), "a pass"
        prints = [result["partialFingerprints"]["requirementOfDevice/v1"] for result in run["results"]]
        assert len(prints) == len(set(prints)), prints


UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TOKEN = re.compile(r"[a-zA-Z_][a-zA-Z0-9._-]*")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def only(thing, needed, more=()):
    assert set(needed) <= set(thing) <= {*needed, *more}, thing


def check_oscal(r, answers):
    """assessment-results as the reference of OSCAL 1.1.2 has it: what must be there, what may, and what
    values look like."""
    first, again = (json.loads(paper(r, "oscal", "en").read_text()) for _ in range(2))
    only(first, ["assessment-results"])
    whole = first["assessment-results"]
    only(whole, ["uuid", "metadata", "import-ap", "results", "back-matter"])
    only(whole["metadata"], ["title", "last-modified", "version", "oscal-version", "props"])
    assert whole["metadata"]["oscal-version"] == "1.1.2" and STAMP.fullmatch(whole["metadata"]["last-modified"])
    assert whole["import-ap"]["href"] == "#" + whole["back-matter"]["resources"][0]["uuid"]
    result = whole["results"][0]
    only(result, ["uuid", "title", "description", "start", "reviewed-controls", "observations", "findings"])
    assert STAMP.fullmatch(result["start"])
    controls = [control["control-id"] for control in
                result["reviewed-controls"]["control-selections"][0]["include-controls"]]
    assert controls == [name for name, state in answers.items() if state != "not_applicable"]
    assert all(TOKEN.fullmatch(name) for name in controls)
    for seen in result["observations"]:
        only(seen, ["uuid", "description", "methods", "collected"], ["title", "props", "subjects", "expires"])
        assert set(seen["methods"]) <= {"EXAMINE", "INTERVIEW", "TEST"} and STAMP.fullmatch(seen["collected"]), seen
        assert seen["description"].strip()
        for subject in seen["subjects"]:
            only(subject, ["subject-uuid", "type"], ["title"])
            assert UUID.fullmatch(subject["subject-uuid"]), subject
    known = {seen["uuid"] for seen in result["observations"]}
    assert len(known) == len(result["observations"]), "two observations with one UUID"
    for finding in result["findings"]:
        only(finding, ["uuid", "title", "description", "target"], ["props", "related-observations"])
        only(finding["target"], ["type", "target-id", "status"])
        only(finding["target"]["status"], ["state"], ["reason", "remarks"])
        state = answers[finding["target"]["target-id"]]
        assert (finding["target"]["status"]["state"], finding["target"]["status"]["reason"]) == {
            "met": ("satisfied", "pass"), "not_met": ("not-satisfied", "fail"),
            "unknown": ("not-satisfied", "other")}[state], finding
        for related in finding.get("related-observations", [{"observation-uuid": next(iter(known))}]):
            only(related, ["observation-uuid"])
            assert related["observation-uuid"] in known
        assert finding.get("related-observations") != []
    uuids = re.findall(r'"(?:\w+-)?uuid": ?"([^"]+)"', json.dumps(first))
    assert uuids and all(UUID.fullmatch(one) for one in uuids)
    assert [one["uuid"] for one in result["findings"]] == [
        one["uuid"] for one in again["assessment-results"]["results"][0]["findings"]], "findings change their names"


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.anchors, self.links, self.outside, self.open = {}, set(), set(), [], []

    def handle_starttag(self, tag, attributes):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag not in ("meta", "br"):
            self.open.append(tag)
        for name, value in attributes:
            assert not name.startswith("on"), (tag, name)
            if name == "id":
                assert value not in self.anchors, value
                self.anchors.add(value)
            if name in ("href", "src"):
                (self.links.add(value[1:]) if value.startswith("#") else self.outside.append(value))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, (tag, self.getpos())


def check_html(r, answers):
    for language in ("en", "ja"):
        text = paper(r, "html", language).read_text()
        page = Page()
        page.feed(text)
        assert not page.open and not page.outside and "script" not in page.tags, (page.open, page.tags, page.outside)
        assert page.links <= page.anchors, page.links - page.anchors
        assert {f"r-{name}" for name in answers} | {f"e-{name}" for name in answers} <= page.anchors
        assert "&lt;script&gt;" in text and f'lang="{language}"' in text


def check_json(r):
    rows = json.loads(paper(r, "json", "ja").read_text())
    answers = {row["requirement"]: row["answer"]["state"] for row in rows["requirements"] if not row["audit_point"]}
    assert len(answers) == 67 and sum(rows["summary"].values()) == 67, rows["summary"]
    assert any(row["evidence"] for row in rows["requirements"]) and rows["attestations"], rows["attestations"]
    return answers


def check_served(r):
    """The same papers over HTTPS, for who has the right."""
    r.komainu("user", "add", "boss", "--role", "administrator", "--password-file", r.secret())
    r.komainu("user", "add", "anna", "--role", "user", "--password-file", r.secret())
    context = ssl._create_unverified_context()

    def make_token(account, right):
        return re.search(r"kmt_[\w-]+", r.komainu("token", "add", account, f"{account}-{secrets.token_hex(4)}", "--rights",
                                                  right)).group()

    def get(account, right, query, made=None):
        made = made or make_token(account, right)
        request = urllib.request.Request(f"https://localhost:{r.port}/api/v1/checklist/report{query}",
                                         headers={"Authorization": "Bearer " + made})
        try:
            with urllib.request.urlopen(request, context=context, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read()

    for form, kind in (("html", "text/html"), ("xlsx", "application/vnd."), ("sarif", "application/sarif+json"),
                       ("oscal", "application/json"), ("json", "application/json")):
        status, headers, body = get("boss", "audit", f"?format={form}&language=ja")
        assert status == 200 and headers["Content-Type"].startswith(kind) and len(body) > 10000, (status, body[:200])
        assert re.fullmatch(r'attachment; filename="komainu-checklist-[\d-]{10}\.[a-z.]+"', headers["Content-Disposition"])
    assert get("boss", "audit", "?format=exe")[0] == 422
    assert get("boss", "audit", "?language=fr")[0] == 422
    assert get("boss", "audit", "?other=1")[0] == 422
    assert get("anna", "live", "")[0] == 403
    # A part of it: of one camera, of one section; of the whole no evidence that a part has shown.
    camera = r.camera("front")["id"]
    part = json.loads(get("boss", "audit", f"?format=json&camera={camera}")[2])
    assert part["camera_name"] == "front" and 10 < len(part["requirements"]) < 67, part["camera_name"]
    assert {row["answer"]["level"] for row in part["requirements"]} == {"camera"}
    part = json.loads(get("boss", "audit", "?format=json&section=b")[2])
    assert {row["section"] for row in part["requirements"]} == {part["section"]} == {"b"}, part["section"]
    assert not part["attestations"] and sum(part["summary"].values()) > 5, (part["attestations"], part["summary"])
    for query, field in (("?section=z", "section"), ("?section=ab", "section"), ("?camera=front", "camera")):
        status, _, body = get("boss", "audit", query)
        assert status == 422 and json.loads(body)["error"]["field"] == field, (query, body)
    assert get("boss", "audit", f"?camera={uuid.uuid4()}")[0] == 404
    words = ("checklist", "report", "--format", "json", "--camera", "front", "--section", "a")
    part = json.loads(r.komainu(*words))
    assert {row["section"] for row in part["requirements"]} == {"a"} and part["camera_name"] == "front"
    r.komainu("checklist", "report", "--section", "z", expect=2)
    # One at a time: whoever comes meanwhile is told to come again, and nobody is thrown out.
    token, got = make_token("boss", "audit"), []
    crowd = [threading.Thread(target=lambda: got.append(get("boss", "audit", "", token))) for _ in range(12)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert len(got) == 12 and {status for status, *_ in got} <= {200, 503}, [status for status, *_ in got]
    assert any(status == 200 for status, *_ in got)
    assert all(headers["Retry-After"] for status, headers, _ in got if status == 503)
    assert all(role["restarts"] == 0 for role in r.status()["roles"]), r.status()["roles"]


def check_spec(r):
    path = r.directory / "spec.xlsx"
    r.komainu("spec", "--profile", "wireless", "--format", "xlsx", "--language", "ja", "-o", path)
    rows = list(openpyxl.load_workbook(path)["チェックリスト"].iter_rows(values_only=True))
    names = [row[0] for row in rows[1:]]
    assert "e01-1" in names and "b01-1" not in names and rows[0][5] == "供給者の回答", names
    assert names == re.findall(r"^\| ([a-i]\d\d-\d) \|", r.komainu("spec", "--profile", "wireless"), re.M)
    r.komainu("spec", "--format", "pdf", expect=2)


def main():
    with Recorder() as r:
        r.add("front", "rtsp://127.0.0.1:9/")
        check_weaknesses(r)
        r.start()
        check_entered(r)
        r.komainu("attest", "a01-1", "--document", HOSTILE)
        answers = check_json(r)
        check_xlsx(r, answers)
        check_html(r, answers)
        check_oscal(r, answers)
        check_sarif(r, answers)
        check_served(r)
        check_spec(r)
        for words in (["--format", "doc"], ["--language", "fr"]):
            r.komainu("checklist", "report", *words, expect=2)
        kept = os.environ.get("KOMAINU_PAPERS")
        if kept:
            for path in r.directory.glob("paper-*"):
                shutil.copy(path, kept)
    print("papers: lists imported and matched; html, xlsx, json, sarif, oscal in two languages read back")


if __name__ == "__main__":
    sys.exit(main())
