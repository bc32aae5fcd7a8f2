#!/usr/bin/env python3
"""A scripted RTSP camera that is hostile or odd in one named way. See lab/README.md.

Prints JSON lines: ready with the URL, connected, play, closed, and end with the counts.
"""
import argparse
import asyncio
import json
import signal
import sys
import time

from hostile_behaviours import ALL
from hostile_camera import REQUEST_MAX, World
from hostile_clip import Clip

LAB_PASSWORD = "lab-password"


def report(event, **members):
    print(json.dumps({"event": event, "wall_ms": int(time.time() * 1000), **members}), flush=True)


async def serve(world, behaviour, reader, writer):
    world.connections += 1
    camera = behaviour(world, reader, writer)
    number = world.connections
    report("connected", connection=number)
    try:
        await camera.run()
    except (OSError, EOFError, ValueError, asyncio.LimitOverrunError,
            asyncio.TimeoutError) as error:
        report("broken", connection=number, why=type(error).__name__)
    finally:
        await camera.finish()
        report("closed", connection=number, frames=world.frames)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--behaviour", choices=sorted(ALL), metavar="NAME", help="see --list")
    parser.add_argument("--list", action="store_true", help="the behaviours as JSON lines")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password-file", help=f"first line; without it '{LAB_PASSWORD}'")
    parser.add_argument("--frames", type=int, default=0,
                        help="pictures a PLAY, then BYE; 0: no end")
    parser.add_argument("--hold", type=float, default=10, help="seconds of teardown-needed")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if not arguments.list and not arguments.behaviour:
        parser.error("give --behaviour NAME, or --list")
    arguments.password = LAB_PASSWORD
    if arguments.password_file:
        with open(arguments.password_file, encoding="utf-8") as file:
            arguments.password = file.readline().rstrip("\r\n")
    return arguments


async def run(arguments):
    world = World(arguments, Clip(), report)
    behaviour = ALL[arguments.behaviour]
    tasks = set()

    def accept(reader, writer):
        task = asyncio.create_task(serve(world, behaviour, reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, arguments.address, arguments.port,
                                        limit=REQUEST_MAX)
    world.port = server.sockets[0].getsockname()[1]
    report("ready", url=world.base_url(), behaviour=arguments.behaviour, kind=behaviour.kind,
           port=world.port, auth=bool(behaviour.auth), user=arguments.user)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    report("end", connections=world.connections, plays=world.plays, frames=world.frames)


def main():
    arguments = parse_arguments()
    if arguments.list:
        for name, cls in sorted(ALL.items()):
            print(json.dumps({"behaviour": name, "kind": cls.kind, "text": cls.__doc__}))
        return 0
    asyncio.run(run(arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
