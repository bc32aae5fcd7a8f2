#!/usr/bin/env python3
"""Build the page and embed it: assets.py BUILD_DIRECTORY OUTPUT.c OUTPUT.d

Installs the packages of package-lock.json if they are not there, checks the types, bundles, and
writes the C source and the list of the files that it depends on.
"""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def run(*command):
    done = subprocess.run(command, cwd=HERE, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}")


def main():
    page, output, depfile = (os.path.abspath(word) for word in sys.argv[1:4])
    lock, stamp = HERE / "package-lock.json", HERE / "node_modules/.package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        run("npm", "ci", "--no-audit", "--no-fund")
    run("npx", "--no-install", "tsc", "--noEmit")
    run("node", "build.mjs", page)
    run(sys.executable, "embed.py", page, output)
    sources = [path for path in sorted(HERE.rglob("*"))
               if path.is_file() and "node_modules" not in path.parts]
    words = " ".join(str(path).replace(" ", "\\ ") for path in sources)
    pathlib.Path(depfile).write_text(f"{sys.argv[2]}: {words}\n")


if __name__ == "__main__":
    main()
