#!/usr/bin/env python3
"""Write a directory of page files as one C source: embed.py DIRECTORY OUTPUT.c

Text is packed with gzip where that helps. The output depends on the bytes of the files only.
"""

import gzip
import hashlib
import pathlib
import re
import sys

MIME = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
PACKED = {".html", ".js", ".css", ".json", ".webmanifest", ".svg", ".txt"}
HASHED = re.compile(r"-[0-9A-Za-z_]{8,}\.[a-z0-9]+$")


def c_bytes(data):
    lines = []
    for start in range(0, len(data), 24):
        lines.append("\t" + ",".join(str(byte) for byte in data[start:start + 24]) + ",")
    return "\n".join(lines) if lines else "\t0,"


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: embed.py DIRECTORY OUTPUT.c")
    root = pathlib.Path(sys.argv[1])
    arrays, rows = [], []
    files = {"/" + path.relative_to(root).as_posix(): path
             for path in root.rglob("*") if path.is_file() and path.suffix in MIME}
    if "/index.html" not in files:
        sys.exit(f"{root}: there is no index.html")
    # Sorted as strcmp does, because the server searches by halves.
    for number, name in enumerate(sorted(files, key=lambda text: text.encode())):
        path = files[name]
        data = path.read_bytes()
        packed = gzip.compress(data, 9, mtime=0) if path.suffix in PACKED else data
        is_gzip = len(packed) < len(data)
        if is_gzip:
            # The byte that names the packing system differs between versions of the library.
            data = packed[:9] + b"\xff" + packed[10:]
        etag = hashlib.sha256(data).hexdigest()[:32]
        arrays.append(f"static const uint8_t data_{number}[] = {{\n{c_bytes(data)}\n}};\n")
        rows.append(f'\t{{ "{name}", "{MIME[path.suffix]}", "\\"{etag}\\"", data_{number}, '
                    f'{len(data)}, {str(is_gzip).lower()}, '
                    f'{str(bool(HASHED.search(name))).lower()} }},')
    pathlib.Path(sys.argv[2]).write_text(
        "/* Made by ui/embed.py. */\n#include \"web/assets.h\"\n\n" + "\n".join(arrays) +
        "\nconst struct km_asset km_assets[] = {\n" + "\n".join(rows) + "\n};\n"
        f"const size_t km_assets_count = {len(rows)};\n")


if __name__ == "__main__":
    main()
