"""What was measured, beside what it is to be.

Each goal is a row: what it is, how it is found in the rounds, and the most it may be. A value that
could not be measured is None, and then the goal is not met.
"""

RECORDERS = ("komainu", "ffmpeg")


def rows_of(rounds, cameras, name, is_watched=False, is_alone=False):
    """The recorder's rows of all rounds of one kind."""
    return [each["rows"][name] for each in rounds
            if each["name"] == name and (not cameras or each["cameras"] == cameras)
            and bool(each["viewers"]) == is_watched
            and (("floor-tick" in each["rows"]) != is_alone)]


def middle(values, median):
    values = [value for value in values if value is not None]
    return median(values) if values else None


def without_web(row, floor_row):
    roles = row["cpu_s_per_camera_minute_by_role"]
    least = floor_row["cpu_s_per_camera_minute"]
    web = sum(value for name, value in roles.items() if name.startswith("komainu-web"))
    return (row["cpu_s_per_camera_minute"] - web) / least if least > 0 else None


def ratio(a, b):
    return a / b if a is not None and b else None


def judge(rounds, archive, cameras, median):
    plain = rows_of(rounds, cameras, "komainu")
    watched = rows_of(rounds, cameras, "komainu", is_watched=True)
    ffmpeg = rows_of(rounds, cameras, "ffmpeg")
    watched_without_web = [
        without_web(each["rows"]["komainu"], each["rows"]["floor-arrival"]) for each in rounds
        if each["viewers"] and "floor-arrival" in each["rows"]]

    def of(rows, key):
        return middle([row.get(key) for row in rows], median)

    def cost_alone(count):
        return of(rows_of(rounds, count, "komainu", is_alone=True), "cpu_s_per_camera_minute")

    x_tick = of(plain, "x_floor_tick")
    live = [row["live"] for row in rows_of(rounds, 0, "komainu", is_watched=True, is_alone=True)
            + watched if row.get("live")]
    lost = [each["rows"]["komainu"]["lost"] for each in rounds if each["name"] == "komainu"]
    starts = [row.get("recorded_after_s") for row in plain]
    found = [
        ("CPU, all roles, x floor that drains on a tick", x_tick, 1.4, "x"),
        ("CPU, all roles, x ffmpeg", ratio(x_tick, of(ffmpeg, "x_floor_tick")), 0.2, "x"),
        ("CPU while all are watched, recording roles, x floor that drains on arrival",
         middle(watched_without_web, median), 1.2, "x"),
        ("CPU while all are watched, with web's encryption for the viewers, x the same floor",
         of(watched, "x_floor_arrival"), 1.2, "x"),
        ("CPU while all are watched, all roles, x floor that also sends each picture over TLS",
         of(watched, "x_floor_live"), 1.2, "x"),
        ("memory per camera, all roles", of(plain, "pss_mib_per_camera"), 2, "MiB"),
        ("pictures lost, all rounds", sum(lost) if lost and None not in lost else None, 0, ""),
        ("all cameras record, after the start (slowest of the rounds)",
         max(starts) if starts and None not in starts else None, 2, "s"),
        ("cost per camera, 256 cameras against 16",
         ratio(cost_alone(256), cost_alone(16)), 1.2, "x"),
        (f"first picture in an archive of {(archive or {}).get('rows', 0)} segments, p99",
         (archive or {}).get("p99_ms"), 50, "ms"),
        ("live delay, camera's send to viewer's receipt, median",
         middle([one["delay_ms"]["p50"] for one in live if one["delays"]], median), 150, "ms"),
    ]
    return [{"goal": text, "value": value, "most": most, "unit": unit,
             "is_met": value is not None and value <= most}
            for text, value, most, unit in found]


def print_table(table, is_short):
    print("\n{:<86}{:>10}{:>10}  {}".format(
        "goal" + (" (too short a run for ratios)" if is_short else ""), "measured", "at most",
        "met"))
    for row in table:
        value = "-" if row["value"] is None else f"{row['value']:.4g} {row['unit']}"
        verdict = "not measured" if row["value"] is None else "yes" if row["is_met"] else "NO"
        print(f"{row['goal']:<86}{value:>10}{row['most']:>6} {row['unit']:<3}  {verdict}")
