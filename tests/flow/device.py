"""A virtual ONVIF device of lab/ as the flow tests need it: its settings in a file, its events in a list."""
import http.client
import json
import subprocess
import sys
import threading

from recorder import ROOT, wait_for


class Device:
    """`accounts` are what the factory gave it: "name:password:level"."""

    def __init__(self, folder, address, accounts, *options, port=0):
        self.state = folder / "device.json"
        self.address = address
        self.options = [word for account in accounts for word in ("--user", account)]
        self.options += map(str, options)
        self.asked_port = port
        self.events = []
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "lab/onvif_device.py"), "--bind", self.address, "--port",
             str(self.asked_port), *self.options, "--state", str(self.state)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        threading.Thread(target=self.listen, args=(self.process.stdout,), daemon=True).start()

    def listen(self, lines):
        for line in lines:
            self.events.append(json.loads(line))

    def stop(self):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(10)

    def settings(self):
        return json.loads(self.state.read_text()) if self.state.exists() else None

    def change(self, edit):
        """As somebody else changes it, without the recorder."""
        self.stop()
        settings = self.settings()
        edit(settings)
        self.state.write_text(json.dumps(settings))
        self.start()

    def password(self, account):
        settings = self.settings()
        return settings["users"][account]["password"] if settings else None

    def count(self, event):
        return sum(1 for one in self.events if one["event"] == event)

    def is_up(self):
        connection = http.client.HTTPConnection(self.address, self.port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 404
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait_restarted(self, times):
        """Since it began, and that it is there again."""
        wait_for(f"restart {times}", lambda: self.count("restart") == times and self.is_up(), 20)
