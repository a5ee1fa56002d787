#!/usr/bin/env python3
"""Checks that a web application's start and its ordinary events execute nothing behind .text.web.

web.py ARCH QEMU LAYER: the layer's bootstrap, built with its symbols, runs under qemu's user emulation, which
writes down each block of code that it executes for the first time. What lies behind .text.web is in another 64 KiB
of memory: one small function there, and all of them are resident (src/start_up.ld).
"""

import bisect
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

sys.dont_write_bytecode = True
TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "docs"), str(TESTS / "shipping")]
import check
from ports import free_port
from quiet_handler import QuietHandler

EVENTS = 3
# Seconds until the bootstrap must have asked for the event behind the last one.
LIMIT = 120
APPLICATION = f"""#!{sys.executable}
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Application(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"hello\\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Application).serve_forever()
"""
EVENT = {
    "version": "2.0",
    "rawPath": "/",
    "rawQueryString": "a=1",
    "cookies": ["b=2"],
    "headers": {"host": "example.com", "accept": "*/*", "x-forwarded-for": "203.0.113.1"},
    "requestContext": {"http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.1"}},
    "isBase64Encoded": False,
}


class RuntimeApi(ThreadingHTTPServer):
    """Gives the bootstrap its events; `over` is set when it asks for one more."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Calls)
        self.asked = 0
        self.answers = []
        self.over = threading.Event()


class Calls(QuietHandler):
    def do_GET(self):
        self.server.asked += 1
        if self.server.asked > EVENTS:
            self.server.over.set()
            threading.Event().wait()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": f"request-{self.server.asked}",
            "Lambda-Runtime-Deadline-Ms": "32503680000000",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:site",
        }
        self.reply(200, headers, json.dumps(EVENT).encode())

    def do_POST(self):
        answer = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answers.append((self.path, answer))
        if self.path.endswith("/error"):
            self.server.over.set()
        self.reply(202, {}, b"")


def executed(qemu, layer, folder):
    """The addresses at which blocks of code begin that the bootstrap has executed."""
    log = folder / "log"
    application = folder / "server"
    application.write_text(APPLICATION)
    application.chmod(0o755)
    api = RuntimeApi()
    threading.Thread(target=api.serve_forever, daemon=True).start()
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(free_port()),
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LAMBDA_TASK_ROOT": str(folder),
    }
    # A variable of this name would not arrive through the emulator (bench/src/measure/count.rs).
    command = [qemu, "-d", "in_asm", "-D", str(log), "-E", "_HANDLER=http:server", str(layer)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    came = api.over.wait(LIMIT)
    # Before the code that ends the process is in it, too. The emulator writes at once.
    written = log.read_text()
    process.terminate()
    _, errors = process.communicate()
    good = [answer for path, answer in api.answers if path.endswith("/response") and b"hello" in answer]
    if not came or len(good) != EVENTS:
        sys.exit(f"{len(good)} of {EVENTS} events were answered: {api.answers[-1:]}\n{errors.decode(errors='replace')}")
    return {int(address, 16) for address in re.findall(r"^IN:.*\n0x([0-9a-f]+):", written, re.M)}


def main():
    arch, qemu, layer = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    elf = check.Elf(layer)
    places = elf.places
    end = places[".text.web"][1]
    last = max(stop for name, (_, stop) in places.items() if name.startswith(".text"))
    with tempfile.TemporaryDirectory() as folder:
        blocks = executed(qemu, layer, Path(folder))
    first = places[".text.start"][0]
    inside = {block for block in blocks if first <= block < last}
    symbols = sorted((address, name) for _, address, name in elf.functions)
    behind = sorted({symbols[bisect.bisect(symbols, (block, "\x7f")) - 1][1] for block in inside if block >= end})
    if len(inside) < 1000:
        sys.exit(f"{arch}: only {len(inside)} blocks of code are in the emulator's log")
    if behind:
        sys.exit(
            f"{arch}: a web application executes what lies behind .text.web:\n"
            + "\n".join(f"  {name}" for name in behind)
            + "\nadd a pattern for each of them to .text.web in src/start_up.ld"
        )
    print(f"{arch}: {len(inside)} blocks of code for {EVENTS} events of a web application, all before the end of .text.web")


if __name__ == "__main__":
    main()
