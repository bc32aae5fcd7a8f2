#!/usr/bin/env python3
"""The street: virtual cameras of real servers, each in a network namespace of its own.

lab/street.py            starts it and prints who lives there, until Ctrl-C
lab/street.py check      proves with curl, openssl, ffprobe and others that each weakness is there
"""
import argparse
import os
import pathlib
import secrets
import sys
import time

import street_cameras
import street_net
import street_proofs
import street_services

LIFE_S = 3600


def make(build, names=None):
    street = street_net.Street(build)
    street_services.PASSWORD.write_text(secrets.token_urlsafe(12) + "\n")
    street_services.PASSWORD.chmod(0o644)
    return street, street_cameras.start(street, names)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["show", "check"], default="show")
    parser.add_argument("--only", help="names, separated by commas")
    parser.add_argument("--build", type=pathlib.Path, default=street_net.ROOT / "build")
    parser.add_argument("--seconds", type=int, default=LIFE_S, help="it ends after so long")
    args = parser.parse_args()
    street_net.enter(args.seconds)
    street, lived = make(args.build, args.only.split(",") if args.only else None)
    try:
        if args.what == "check":
            return street_proofs.check(lived)
        print(f"To get there: nsenter -t {os.environ[street_net.OUTSIDE]} -n -m; you are "
              f"{street_net.RECORDER}, the cameras' user is {street_services.USER}, their password "
              f"is in {street_services.PASSWORD}")
        for camera, host in lived.values():
            ports = " ".join(f"{port}:{protocol}" for port, protocol in camera.ports.items())
            print(f"{host.address:12} {camera.name:9} {camera.text} ({ports})", flush=True)
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        return 0
    finally:
        street.finish()


if __name__ == "__main__":
    sys.exit(main())
