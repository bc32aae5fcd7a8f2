#!/usr/bin/env python3
"""Write komainu.yaml(5) from the table of the options: options.py OPTIONS.tbl OUTPUT"""
import pathlib
import re
import sys

HEAD = r""".Dd November 22, 2026
.Dt KOMAINU.YAML 5
.Os
.Sh NAME
.Nm komainu.yaml
.Nd settings of the Komainu recorder
.Sh DESCRIPTION
The file lies in the state directory and is read when
.Xr komainu 1
starts.
It is a YAML mapping of the keys below; a key that is left out has its default.
An unknown key, a wrong type or a value out of range is an error that names the file, the line and what would be right.
.Bl -tag -width Ds
"""
TAIL = """.El
.Sh SEE ALSO
.Xr komainu 1
"""
ROW = re.compile(r'^KM_OPTION_(NUMBER|TEXT)\((.*)\)$')


def value(text):
    """A C constant as people read it."""
    text = re.sub(r"UINT64_C\((\d+)\)", r"\1", text.strip())
    parts = [int(part) for part in text.split("<<")]
    return parts[0] << parts[1] if len(parts) == 2 else parts[0]


def main():
    out = [HEAD]
    for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
        row = ROW.match(line)
        if not row:
            continue
        fields = re.match(r'(\w+), (.*), "((?:[^"\\]|\\.)*)"$', row.group(2))
        name, middle, text = fields.groups()
        text = text.replace('\\"', '"')
        if row.group(1) == "NUMBER":
            unit, default, low, high = [part.strip() for part in middle.split(",")]
            out.append(f".It Cm {name}\n{text}\nIn {unit.strip(chr(34))}; {value(low)} to {value(high)}, "
                       f"default {value(default)}.\n")
        else:
            out.append(f".It Cm {name}\n{text}\nDefault {middle.split(',', 1)[1].strip()}.\n")
    out.append(TAIL)
    pathlib.Path(sys.argv[2]).write_text("".join(out))


main()
