#!/usr/bin/env python3
"""Read the frame number and the wall clock out of the virtual camera's pictures.

Decodes a file or URL with ffmpeg to grey pictures and prints one JSON line a picture and a summary
at the end. Leaves with 1 if a picture could not be read, or numbers do not rise by one (--gaps
allows larger steps), so that flow tests can use it as a judge. Layout: lab/README.md.
"""
import argparse
import json
import subprocess
import sys

COLUMNS, ROWS = 40, 16
FIRST_BIT, BITS = 4, 32
NUMBER_ROW, WALL_ROW = 1, 2
THRESHOLD = 128


def read_cell(picture, width, height, column, row):
    """Mean of a small square in the middle of a cell of the grid."""
    x = int(width * (column + 0.5) / COLUMNS)
    y = int(height * (row + 0.5) / ROWS)
    dots = [picture[(y + dy) * width + x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return sum(dots) / len(dots) > THRESHOLD


def read_row(picture, width, height, row):
    """The 32 bits of a row, or None if its markers or its parity are wrong."""
    cells = [read_cell(picture, width, height, column, row)
             for column in range(FIRST_BIT - 2, FIRST_BIT + BITS + 3)]
    bits, parity = cells[2:2 + BITS], cells[2 + BITS]
    if cells[:2] != [True, False] or cells[-2:] != [False, True]:
        return None
    if sum(bits) % 2 != parity:
        return None
    return int("".join("1" if bit else "0" for bit in bits), 2)


def probe_size(url, options):
    """Width and height of the first video stream."""
    out = subprocess.run(
        ["ffprobe", "-v", "error", *options, "-select_streams", "v:0", "-show_entries",
         "stream=width,height", "-of", "json", url],
        check=True, stdout=subprocess.PIPE, timeout=60).stdout
    stream = json.loads(out)["streams"][0]
    return stream["width"], stream["height"]


def pictures(url, options, width, height, frames):
    """Yield the pictures as grey bytes."""
    command = ["ffmpeg", "-v", "error", "-nostdin", *options, "-i", url, "-map", "0:v:0",
               "-fps_mode", "passthrough"]
    if frames:
        command += ["-frames:v", str(frames)]
    command += ["-vf", f"scale={width}:{height}", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        try:
            while True:
                picture = child.stdout.read(width * height)
                if len(picture) < width * height:
                    return
                yield picture
        finally:
            child.kill()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="file or URL that ffmpeg reads")
    parser.add_argument("--transport", choices=["tcp", "udp"], help="for rtsp")
    parser.add_argument("--frames", type=int, default=0, help="stop after so many pictures")
    parser.add_argument("--size", help="WxH; asked from ffprobe if not given")
    parser.add_argument("--gaps", action="store_true", help="numbers may rise by more than one")
    parser.add_argument("--quiet", action="store_true", help="only the summary")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    options = ["-rtsp_transport", arguments.transport] if arguments.transport else []
    if arguments.size:
        width, height = map(int, arguments.size.split("x"))
    else:
        width, height = probe_size(arguments.url, options)
    numbers, unread = [], 0
    for picture in pictures(arguments.url, options, width, height, arguments.frames):
        number = read_row(picture, width, height, NUMBER_ROW)
        wall = read_row(picture, width, height, WALL_ROW)
        if number is None or wall is None:
            unread += 1
        else:
            numbers.append(number)
        if not arguments.quiet:
            print(json.dumps({"number": number, "wall_ms_mod": wall}))
    steps = [b - a for a, b in zip(numbers, numbers[1:])]
    missing = sum(step - 1 for step in steps if step > 1)
    backward = sum(1 for step in steps if step < 1)
    summary = {"pictures": len(numbers) + unread, "unread": unread, "missing": missing,
               "backward": backward, "first": numbers[0] if numbers else None,
               "last": numbers[-1] if numbers else None}
    print(json.dumps(summary))
    is_good = numbers and not unread and not backward and (arguments.gaps or not missing)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
