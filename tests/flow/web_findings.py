#!/usr/bin/env python3
# check: seconds=480
"""wapiti against the recorder, logged in as an administrator: it is given every GET route of the table
(with the ids of a real camera) to attack, since it cannot follow the page's script. No finding that is
real. [IPA b21-1]"""
import http.client
import json
import os
import re
import ssl
import subprocess
import sys

from recorder import ROOT, Camera, Recorder

# (part of the category's name, part of the text, why it is no fault here)
IGNORED = [
    ("Content Security Policy", "script-src", "'self' only, which wapiti calls missing where default-src is 'none'"),
    ("HTTP Secure Headers", "X-XSS-Protection", "browsers have dropped it; the policy forbids inline script"),
]
MODULES = "csp,http_headers,cookieflags,exec,file,sql,xss,crlf,redirect,methods,backup"


def ask(r, method, path, body=None, headers=()):
    connection = http.client.HTTPSConnection(
        "127.0.0.1", r.port, context=ssl._create_unverified_context(), timeout=20)
    connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json", **dict(headers)})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


def routes(camera):
    table = (ROOT / "src/web/routes.tbl").read_text()
    paths = re.findall(r'^KM_ROUTE\(GET, "([^"]+)"', table, re.M)
    paths += re.findall(r'^KM_RELAY\(GET, "([^"]+)"', table, re.M)
    for path in paths:
        if path.endswith("/live") or path.endswith("*"):
            continue  # a WebSocket; and what the page itself links to
        path = re.sub(r"{camera}", camera, path)
        path = re.sub(r"{\w+}", "00000000-0000-0000-0000-000000000001", path)
        yield path + ("?from=1&to=2" if "timeline" in path or "segments" in path else "")


def main():
    with Recorder() as r:
        camera = Camera("--mount", "/a", "--width", 320, "--height", 240, "--fps", 10, "--gop", 10)
        try:
            r.add("front", camera.url)
            token = r.start()["setup_token"]
            r.wait_streaming("front")
            answer, data = ask(r, "POST", "/api/v1/setup",
                               {"token": token, "name": "admin", "password": "correct horse battery"})
            assert answer.status in (200, 201), data
            cookie = answer.getheader("set-cookie").split(";")[0]
            csrf = json.loads(data)["csrf"]
            logged_in = {"Cookie": cookie}
            base = f"https://127.0.0.1:{r.port}"
            starts = [word for path in routes(r.camera("front")["id"]) for word in ("-s", base + path)]
            # It would fetch lists from the network: whatever is not the recorder meets a closed port.
            environment = dict(os.environ, HTTPS_PROXY="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9",
                               https_proxy="http://127.0.0.1:9", NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
            report = r.directory / "report.json"
            done = subprocess.run(
                ["wapiti", "-u", base + "/", *starts, "-H", f"Cookie: {cookie}", "-H", f"X-Komainu-CSRF: {csrf}",
                 "--scope", "domain", "-m", MODULES, "-d", "3", "-l", "1",
                 "--max-scan-time", "100", "--max-attack-time", "20", "-t", "5", "--verify-ssl", "0", "--no-bugreport",
                 "--flush-session", "--store-session", str(r.directory / "wapiti"), "-f", "json", "-o", str(report)],
                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=230, env=environment)
            found = re.search(r"Wapiti found (\d+) URLs", done.stdout)
            assert report.exists() and found and int(found[1]) >= len(starts) // 2, done.stdout[-3000:]
            told = json.loads(report.read_text())
            faults = []
            for group in ("vulnerabilities", "anomalies"):
                for category, findings in told[group].items():
                    for finding in findings:
                        text = f"{finding.get('info')} {finding.get('path')} {finding.get('parameter')}"
                        if not any(c in category and t in text for c, t, _ in IGNORED):
                            faults.append(f"{category}: {text}")
            assert not faults, "\n".join(faults)
            # It still lives, the session too, and nothing was changed.
            answer, data = ask(r, "GET", "/api/v1/status", headers=logged_in)
            assert answer.status == 200 and len(json.loads(data)["cameras"]) == 1, data
            assert not any(role["restarts"] for role in json.loads(data)["roles"]), data
            print(f"web_findings: {found[1]} URLs attacked, nothing real")
        finally:
            camera.stop()
    return 0


sys.exit(main())
