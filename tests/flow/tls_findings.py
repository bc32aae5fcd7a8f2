#!/usr/bin/env python3
# check: seconds=480
"""testssl.sh against the recorder, which has a certificate of its own authority that testssl.sh is told
to trust: no finding above LOW. [IPA b02-1]

tests/flow/tls_findings.py [--full]     --full: every check that it knows, some minutes
"""
import json
import subprocess
import sys

from recorder import Recorder

# Severities that are no fault, and those that need a reason to be let pass.
HARMLESS = {"OK", "INFO", "LOW", "DEBUG"}
# Finding: why it is none here.
ALLOWED = {
    "cert_revocation": "a private authority of one recorder: a certificate is replaced, not revoked",
    "cert_crlDistributionPoints": "as above",
    "cert_ocspURL": "as above",
    "OCSP_stapling": "as above",
    "DNS_CAArecord": "the recorder has no public name, so nobody asks DNS who may issue for it",
    "cert_caIssuers": "a private authority has no public address",
    "cert_certificatePolicies_EV": "extended validation is for public authorities",
    "cert_validityPeriod": "820 days, which browsers take from authorities that people add themselves",
    "cert_expirationStatus": "as above",
    "cert_extlifeSpan": "as above",
    "engine_problem": "about the openssl that testssl.sh itself uses",
    "overall_grade": "a sum of the others",
}
# Protocols, suites, forward secrecy, certificate, preferences, headers, vulnerabilities.
CHECKS = ["-p", "-s", "-f", "-S", "-P", "-h", "-H", "-I", "-T", "-R", "-C", "-O", "-Z", "-W", "-A",
          "-L", "-F", "-J", "-4"]


def main():
    full = "--full" in sys.argv
    with Recorder() as r:
        r.komainu("certificate", "ca", "init", "--title", "Recorder under test")
        r.komainu("certificate", "ca", "issue", "--names", "localhost")
        authority = r.directory / "authority.pem"
        r.komainu("certificate", "ca", "export", "-o", authority)
        r.start()
        report = r.directory / "report.json"
        done = subprocess.run(
            ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--ip", "127.0.0.1", "--nodns", "none",
             "--connect-timeout", "5", "--openssl-timeout", "10", "--add-ca", str(authority),
             "--jsonfile", str(report), *([] if full else CHECKS), f"localhost:{r.port}"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1800 if full else 220)
        findings = json.loads(report.read_text())
        seen = {finding["id"] for finding in findings}
        # It did look: what an auditor asks for first.
        for needed in ("TLS1_2", "TLS1_3", "SSLv3", "TLS1", "heartbleed", "secure_renego", "HSTS_time",
                       "cert_chain_of_trust"):
            assert needed in seen, (needed, sorted(seen), done.stdout[-3000:])
        faults = [finding for finding in findings
                  if finding["severity"] not in HARMLESS and finding["id"].split(" ")[0] not in ALLOWED]
        assert not faults, json.dumps(faults, indent=1)
        by_id = {finding["id"]: finding["finding"] for finding in findings}
        assert "passed" in by_id["cert_chain_of_trust"], by_id["cert_chain_of_trust"]
        assert "not supported" in by_id.get("sessionresumption_ticket", "not supported"), by_id
        assert r.roles("web"), "web is still there"
        print(f"tls_findings: {len(findings)} results, nothing above LOW")
    return 0


sys.exit(main())
