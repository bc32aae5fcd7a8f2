#!/usr/bin/env python3
"""Run every test and count.

tests/check.py [--only GROUP[,GROUP]] [--fuzz-seconds N]

Groups: lint, unit, sanitized, fuzz, flow, browser, bench. What mostly waits (the flow tests) runs beside
what only needs the processor (the others, which step back for them): the flow tests marked `slow`
all at once, the others two at a time. Those marked `alone` measure time: they come when all that is done, and
then browser and bench. The last line is
"N passed, N failed"; the exit status is 0 only if nothing failed.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
GROUPS = ["lint", "unit", "sanitized", "fuzz", "flow", "browser", "bench"]
SANITIZERS = "-Db_sanitize=address,undefined"
UNDEFINED_ENDS = {"UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
SANITIZED_FLOWS = ["first_recording", "quirks", "hostile"]
FUZZERS_AT_ONCE = 10  # on two cores: each has its minute, and less of the processor in it
FLOWS_AT_ONCE = 2
SLOW_FLOWS_MAX = 32  # all of them: they wait
# What only takes processor time steps back for the slow flow tests, which look at clocks.
PATIENT = ["nice", "-n", "15"]


class Results:
    def __init__(self):
        self.lock = threading.Lock()
        self.passed = 0
        self.failed = []

    def add(self, name, ok, seconds, output=""):
        with self.lock:
            print(f"{'pass' if ok else 'FAIL'}  {name}  ({seconds:.1f} s)", flush=True)
            if ok:
                self.passed += 1
                return
            self.failed.append(name)
            lines = output.splitlines()
            errors = [line for line in lines if re.match(r"(\w*Error|\w*Exception|Traceback|==\d+==ERROR)", line)]
            for line in [*errors[-2:], *lines[-60:]]:  # what went wrong first: logs may be cut
                print(f"      {line}", flush=True)


RESULTS = Results()


def run(name, command, seconds, env=None):
    """Run a test; the output is shown only if it fails."""
    began = time.monotonic()
    merged = dict(os.environ, **(env or {}))
    try:
        done = subprocess.run(command, cwd=ROOT, env=merged, timeout=seconds, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
        ok, output = done.returncode == 0, done.stdout
    except subprocess.TimeoutExpired as late:
        ok = False
        output = (late.stdout or b"").decode(errors="replace") if late.stdout else ""
        output += f"\nnot done after {seconds} s"
    except OSError as error:
        ok, output = False, f"{command[0]}: {error}"
    RESULTS.add(name, ok, time.monotonic() - began, output)
    return ok


def attempt(name, function, *args):
    """What goes wrong in here is a failed test, not one less."""
    began = time.monotonic()
    try:
        function(*args)
    except Exception:
        RESULTS.add(f"{name}: tests/check.py itself", False, time.monotonic() - began, traceback.format_exc())


def run_all(name, at_once, tests):
    """Each test as run() takes it, so many at a time. Where there is none, something is wrong."""
    tests = list(tests)
    if not tests:
        RESULTS.add(f"{name}: tests are found", False, 0)
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for test in tests:
            pool.submit(attempt, name, run, *test)


def build(directory, *options, env=None):
    """Set up a build directory if it is new, and build. Counts as a test: no warning is allowed."""
    path = ROOT / directory
    if not (path / "build.ninja").exists():
        if not run(f"{directory}: set up", ["meson", "setup", directory, *options], 300, env):
            return False
    return run(f"{directory}: build", [*PATIENT, "ninja", "-C", directory], 1800)


def meson_tests(directory, label):
    """Each unit test as a test of its own."""
    listing = subprocess.run(["meson", "test", "-C", directory, "--list"], cwd=ROOT, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    names = [line.split("/")[-1].strip() for line in listing.splitlines() if "test_" in line]
    env = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1", **UNDEFINED_ENDS}
    run_all(label, 2, ((f"{label}: {name}", [*PATIENT, str(ROOT / directory / "tests/unit" / name)], 400, env)
                       for name in names))


def group_lint(_):
    run_all("lint", 1, ((f"lint: {path.stem}", [*PATIENT, str(path)], 1800)
                        for path in sorted((ROOT / "tests/lint").iterdir()) if path.is_file()))


def group_unit(_):
    meson_tests("build", "unit")


def group_sanitized(_):
    """The unit tests, and the whole system against good and bad cameras, under ASan and UBSan."""
    if not build("build-asan", SANITIZERS, "-Db_lundef=false", "-Dpage=false"):
        return
    meson_tests("build-asan", "sanitized")
    # The search for leaks needs ptrace, which the sandbox takes away.
    env = {"KOMAINU_BUILD": "build-asan", "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1", **UNDEFINED_ENDS}
    run_all("sanitized", len(SANITIZED_FLOWS), ((f"sanitized: flow {name}", [f"tests/flow/{name}.py"], 600, env)
                                                for name in SANITIZED_FLOWS))


def fuzzer(binary, seconds):
    corpus = ROOT / "tests/data" / binary.name.removeprefix("fuzz_")
    work = ROOT / "build-fuzz/corpus" / binary.name
    work.mkdir(parents=True, exist_ok=True)
    command = [*PATIENT, str(binary), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024",
               "-print_final_stats=1", f"-artifact_prefix={work.parent}/", str(work)]
    if corpus.is_dir():
        command.append(str(corpus))
    return f"fuzz {seconds} s: {binary.name}", command, seconds + 120


def group_fuzz(args):
    if not build("build-fuzz", "-Dfuzz=true", "-Db_lundef=false", "-Dlab=false", "-Dpage=false",
                 env={"CC": "clang"}):
        return
    binaries = [path for path in sorted((ROOT / "build-fuzz/tests/fuzz").iterdir())
                if path.name.startswith("fuzz_") and path.is_file() and os.access(path, os.X_OK)]
    run_all("fuzz", FUZZERS_AT_ONCE, (fuzzer(binary, args.fuzz_seconds) for binary in binaries))


def flow_tests(lane):
    """Flow tests say in their first lines how they want to be run: `# check: slow seconds=900`. The lanes:
    slow, alone, and plain."""
    for path in sorted((ROOT / "tests/flow").glob("*.py")):
        marks = [line for line in path.read_text().splitlines()[:5] if line.startswith("# check:")]
        words = marks[0].removeprefix("# check:").split() if marks else []
        seconds = next((int(w.split("=")[1]) for w in words if w.startswith("seconds=")), 300)
        own = next((word for word in ("slow", "alone") if word in words), "plain")
        if marks and own == lane:
            yield f"flow: {path.stem}", [str(path)], seconds


def lane(name, at_once):
    run_all(f"flow, {name}", at_once, flow_tests(name))


def group_flow(_):
    lane("alone", 1)


def group_browser(_):
    run_all("browser", 1, ((f"browser: {path.stem}", [str(path)], 600)
                           for path in sorted((ROOT / "tests/browser").glob("*.py"))))


def group_bench(_):
    run("bench: short form", ["bench/run.py", "--build", "build", "--short"], 300)
    run("bench: audits", ["bench/night.py", "--cameras", "16"], 200)
    run("bench: journal", ["build/bench/komainu-bench-journal", "--entries", "50000"], 300)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default=",".join(GROUPS))
    parser.add_argument("--fuzz-seconds", type=int, default=60)
    args = parser.parse_args()
    wanted = args.only.split(",")
    unknown = [name for name in wanted if name not in GROUPS]
    if unknown:
        parser.error(f"{unknown[0]}: one of {', '.join(GROUPS)} is right")

    needs_build = any(name in wanted for name in ("lint", "unit", "flow", "browser", "bench"))
    if needs_build and not build("build"):
        print(f"{RESULTS.passed} passed, {len(RESULTS.failed)} failed")
        return 1
    beside = []
    if "flow" in wanted:
        beside = [threading.Thread(target=attempt, args=("flow", lane, *words))
                  for words in (("slow", SLOW_FLOWS_MAX), ("plain", FLOWS_AT_ONCE))]
    for thread in beside:
        thread.start()
    for name in GROUPS:
        if name == "flow":  # clocks are looked at from here on: nothing else runs meanwhile
            for thread in beside:
                thread.join()
        if name in wanted and name == "fuzz":
            beside.append(threading.Thread(target=attempt, args=("fuzz", group_fuzz, args)))
            beside[-1].start()
        elif name in wanted:
            attempt(name, globals()[f"group_{name}"], args)
    for thread in beside:
        thread.join()
    if RESULTS.failed:
        print("Failed: " + "; ".join(RESULTS.failed))
    print(f"{RESULTS.passed} passed, {len(RESULTS.failed)} failed")
    return 1 if RESULTS.failed else 0


if __name__ == "__main__":
    sys.exit(main())
