#!/usr/bin/env python3
"""The page's QR codes (ui/model/qr.ts), of each version and mask, read by somebody else's decoder (zbar)."""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCALE, QUIET = 4, 4
PROGRAM = """
import { readFileSync } from 'node:fs';
import { makeQr } from './qr.mjs';
for (const text of JSON.parse(readFileSync(0, 'utf8'))) {
  const square = makeQr(text);
  const rows = square && [...Array(square.size).keys()].map((y) =>
    [...Array(square.size).keys()].map((x) => (square.isDark(x, y) ? '1' : '0')).join(''));
  console.log(JSON.stringify(rows ?? null));
}
"""


def build(directory):
    """qr.ts as a module of its own, by the page's own bundler."""
    subprocess.run([str(ROOT / "ui/node_modules/.bin/esbuild"), str(ROOT / "ui/model/qr.ts"), "--format=esm",
                    f"--outfile={directory}/qr.mjs"], check=True, capture_output=True, timeout=60)
    (directory / "run.mjs").write_text(PROGRAM)


def picture(rows, path):
    """As a portable bitmap with its quiet zone."""
    side = (len(rows) + 2 * QUIET) * SCALE
    blank = ["0" * (len(rows) + 2 * QUIET)] * QUIET
    wide = blank + ["0" * QUIET + row + "0" * QUIET for row in rows] + blank
    lines = [" ".join(bit for bit in row for _ in range(SCALE)) for row in wide for _ in range(SCALE)]
    path.write_text(f"P1\n{side} {side}\n" + "\n".join(lines) + "\n")


def main():
    chance = random.Random(18004)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz234567:/?&=%-._~"
    # Each length up to what fits, so that each version is met at its ends.
    texts = ["".join(chance.choices(letters, k=size)) for size in range(1, 214)]
    texts += [f"otpauth://totp/Komainu:{name}?secret={''.join(chance.choices('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', k=32))}"
              "&issuer=Komainu&algorithm=SHA1&digits=6&period=30" for name in ("a", "somebody", "n" * 63)]
    with tempfile.TemporaryDirectory(prefix="komainu-qr-") as name:
        directory = pathlib.Path(name)
        build(directory)
        done = subprocess.run(["node", str(directory / "run.mjs")], input=json.dumps(texts + ["x" * 214]), text=True,
                              capture_output=True, check=True, timeout=120)
        squares = [json.loads(line) for line in done.stdout.splitlines()]
        assert squares.pop() is None, "what is too long is not made"
        assert {len(rows) for rows in squares} == {17 + 4 * version for version in range(1, 11)}
        paths = [directory / f"{i:03}.pbm" for i in range(len(squares))]
        for rows, path in zip(squares, paths, strict=True):
            picture(rows, path)
        done = subprocess.run(["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", *map(str, paths)], text=True,
                              capture_output=True, timeout=300)
        read = done.stdout.splitlines()
        wrong = [(i, text) for i, (text, found) in enumerate(zip(texts, read)) if text != found]
        assert len(read) == len(texts) and not wrong, (len(read), len(texts), wrong[:3], done.stderr[-500:])
    print(f"qr: {len(texts)} codes are read as they were written")
    return 0


sys.exit(main())
