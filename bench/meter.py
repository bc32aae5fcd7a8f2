"""What a tree of processes costs, from /proc: CPU time, memory, context switches.

CPU is the scheduler's nanoseconds of each thread (schedstat) where the kernel keeps them, and not
less than utime + stime of stat with those of reaped children. So threads and children that end
between two samples count with at most 10 ms of error each.
"""
import os

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def read(*parts):
    try:
        with open(os.path.join("/proc", *map(str, parts)), encoding="latin-1") as file:
            return file.read()
    except OSError:
        return ""


def stat_fields(pid):
    """The fields of /proc/PID/stat from `state` (field 3) on."""
    return read(pid, "stat").rpartition(")")[2].split()


def tree(roots):
    """The roots and all their descendants that live."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := stat_fields(name)):
            children.setdefault(int(fields[1]), []).append(int(name))
    found, queue = [], list(roots)
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


def threads(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


class Sample:
    """The tree at one moment."""

    def __init__(self, roots):
        self.pids = tree(roots)
        self.stat_s = 0.0
        self.run_ns = {}
        self.switches = {}
        self.names = {}
        for pid in self.pids:
            fields = stat_fields(pid)
            name = read(pid, "comm").strip()
            self.stat_s += sum(map(int, fields[11:15])) * TICK_S
            for thread in threads(pid):
                run = read(pid, "task", thread, "schedstat").split()
                self.names[thread] = name
                self.run_ns[thread] = int(run[0]) if run else 0
                for line in read(pid, "task", thread, "status").splitlines():
                    if line.startswith("voluntary_ctxt_switches"):
                        self.switches[thread] = int(line.split()[1])

    def pss_bytes(self):
        """Proportional memory of all processes: shared pages are divided among their users."""
        total = 0
        for pid in self.pids:
            for line in read(pid, "smaps_rollup").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total


def rise(before, after):
    return sum(value - before.get(key, 0) for key, value in after.items())


def cpu_seconds(before, after):
    return max(rise(before.run_ns, after.run_ns) / 1e9,
               after.stat_s - before.stat_s - TICK_S * len(after.pids))


def voluntary_switches(before, after):
    return rise(before.switches, after.switches)


def cpu_by_name(before, after):
    """CPU seconds of the threads, by the names of their processes (at most 15 letters)."""
    sums = {}
    for thread, value in after.run_ns.items():
        name = after.names[thread]
        sums[name] = sums.get(name, 0) + (value - before.run_ns.get(thread, 0)) / 1e9
    return sums
