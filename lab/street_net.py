"""A street of hosts, each in a network namespace of its own, that cannot outlive the program.

enter() runs the program anew as the first process of network, mount and process namespaces of its
own. All that it makes (namespaces, devices, addresses, mounts, processes) exists only in there: no
packet can leave, nothing has to be removed, and nothing is left when the program is killed.
"""
import contextlib
import ctypes
import os
import pathlib
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "build-peers"  # servers of Debian that are unpacked, not installed
INSIDE = "KOMAINU_STREET"
OUTSIDE = "KOMAINU_STREET_PID"  # the process whose network it is, as the machine counts
PRIVATE = pathlib.Path("/run/komainu-street")  # in memory, and only the street sees it
NETWORK = "10.77.0"
NETWORK_V6 = "fd77"
RECORDER = f"{NETWORK}.1"
SECOND = f"{NETWORK}.2"  # the owner's second source address
NEIGHBOUR = 9  # is no camera: nobody should send anything there
FIRST = 11
BRIDGE = "street"
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]


def run(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, **options)


def program(name):
    """Where a server is: unpacked (packaging/install.sh unpack), or installed."""
    for place in (PRIVATE / "peers/usr", PRIVATE / "peers", pathlib.Path("/usr"), pathlib.Path("/")):
        for folder in ("sbin", "bin"):
            if os.access(place / folder / name, os.X_OK):
                return str(place / folder / name)
    raise SystemExit(f"{name} is not there: packaging/install.sh check unpack")


def give_up(*_):
    print("the street's time is up", file=sys.stderr, flush=True)
    os._exit(124)


def enter(seconds):
    """Be the first process of the street's namespaces, for so many seconds at most."""
    if os.environ.get(INSIDE) == "1" and os.getpid() == 1:
        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(seconds)
        return
    if os.geteuid() != 0:
        raise SystemExit("the street needs root: it makes network namespaces")
    os.execvpe("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
                           "--mount-proc", "--propagation", "private", sys.executable, *sys.argv],
               dict(os.environ, **{INSIDE: "1", OUTSIDE: str(os.getpid())}))


def set_network(descriptor):
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Host:
    """One address on the street."""

    def __init__(self, street, name, number, mac):
        self.street, self.name, self.number, self.mac = street, name, number, mac
        self.address = f"{NETWORK}.{number}"
        self.device = f"host{number}"  # the recorder's end of its line
        run("ip", "netns", "add", name)
        run("ip", "link", "add", self.device, "type", "veth", "peer", "name", "eth0",
            "address", mac, "netns", name)
        run("ip", "link", "set", self.device, "master", BRIDGE, "up")
        self.inside("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                    "net.ipv4.ip_unprivileged_port_start=0")
        for words in (["link", "set", "lo", "up"], ["addr", "add", f"{self.address}/24", "dev", "eth0"],
                      ["link", "set", "eth0", "up"]):
            run("ip", "-n", name, *words)

    def inside(self, *words, **options):
        """Run a command in its network to the end."""
        return run("ip", "netns", "exec", self.name, *words, **options)

    def start(self, *words, is_root=False, **options):
        """Start a program in its network, as nobody; it ends with the street."""
        command = ["ip", "netns", "exec", self.name, *([] if is_root else NOBODY), *words]
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen([str(word) for word in command], **options)
        self.street.processes.append(process)
        return process

    @contextlib.contextmanager
    def network(self):
        """Sockets that this thread makes meanwhile are the host's."""
        with open("/proc/thread-self/ns/net", "rb") as ours, open(f"/run/netns/{self.name}", "rb") as its:
            set_network(its.fileno())
            try:
                yield
            finally:
                set_network(ours.fileno())

    def rules(self, text):
        """nftables rules in its network."""
        self.inside("nft", "-f", "-", input=text, text=True)


class Street:
    """The recorder's side, and a line to each host. One for a program, after enter()."""

    def __init__(self, build=ROOT / "build"):
        assert os.environ.get(INSIDE) == "1" and os.getpid() == 1, "enter() comes first"
        self.processes = []
        self.hosts = {}
        for place in (pathlib.Path("/run/netns"), PRIVATE):
            place.mkdir(exist_ok=True)
            run("mount", "-t", "tmpfs", "-o", "mode=0755", "street", place)
        # Nobody may not be let through the directories that lead to the tree.
        for name, path in (("peers", PEERS), ("lab", ROOT / "lab"), ("build", build)):
            if path.exists():
                (PRIVATE / name).mkdir()
                run("mount", "--bind", path, PRIVATE / name)
        run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", BRIDGE, "type", "bridge", "mcast_snooping", "0")
        for address in (RECORDER, SECOND):
            run("ip", "addr", "add", f"{address}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")

    def speak_v6(self):
        """IPv6 for the recorder and the hosts that are there."""
        self.join_v6(BRIDGE, 1, [])
        for host in self.hosts.values():
            self.join_v6("eth0", host.number, ["ip", "netns", "exec", host.name])

    @staticmethod
    def join_v6(device, number, inside):
        run(*inside, "sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=0")
        run(*inside, "ip", "addr", "add", f"{NETWORK_V6}::{number}/64", "dev", device, "nodad")

    def add(self, name, mac=None, number=None):
        number = number or FIRST + len(self.hosts)
        mac = mac or f"02:00:00:77:00:{number:02x}"
        self.hosts[name] = Host(self, name, number, mac)
        return self.hosts[name]

    def directory(self, name):
        """A directory in memory that nobody can write in."""
        path = PRIVATE / name
        path.mkdir(mode=0o755)
        os.chown(path, 65534, 65534)
        return path

    def finish(self, seconds=10):
        """End what was started; what is left ends with the program."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
