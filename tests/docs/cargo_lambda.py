#!/usr/bin/env python3
"""The examples under cargo-lambda as they are, by the commands of src/guide/rust.md: `watch` with
`invoke` and as a function URL, a second emulator that is not ours, and `build`.

    tests/docs/cargo_lambda.py

Needs `cargo lambda`, which scripts/setup installs, on PATH; scripts/test sees to it.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from ports import free_port

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "src/guide/rust.md"
# A function is compiled within it, with link-time optimisation on a machine that does other things.
LIMIT_SECONDS = 600


class Failed(Exception):
    """cargo-lambda did not do what it should."""


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    return done.returncode, done.stdout, done.stderr


def in_guide(command):
    """A command that is run here has to stand in the guide, word for word."""
    if command not in GUIDE.read_text().splitlines():
        raise Failed(f"{GUIDE.name} does not have the command: {command}")


class Watch:
    """`cargo lambda watch` with these options in the folder of an example, as the guide has it."""

    def __init__(self, example, *options):
        in_guide(" ".join(["cargo lambda watch", *options]))
        self.folder = ROOT / "examples" / example
        self.example = example
        self.port = str(free_port())
        # Compiled before, so that an error of the compiler is seen as one.
        status, _, errors = run("cargo", "build", "--quiet", "--locked", cwd=self.folder)
        if status != 0:
            raise Failed(f"{example} does not build: {errors}")
        self.log = tempfile.TemporaryFile("w+")
        options = [word.replace("$PWD", str(self.folder)) for option in options for word in option.split()]
        self.process = subprocess.Popen(
            ["cargo", "lambda", "watch", "--ignore-changes", "--invoke-address", "127.0.0.1", "--invoke-port", self.port,
             *options],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until = time.monotonic() + LIMIT_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(self.port))) == 0:
                    return
            if time.monotonic() > until or self.process.poll() is not None:
                raise Failed(f"cargo lambda watch does not listen: {self.end()}")
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.end()

    def invoke(self, event):
        status, response, errors = run(
            "cargo", "lambda", "invoke", self.example, "--invoke-address", "127.0.0.1", "--invoke-port", self.port,
            "--data-ascii", json.dumps(event), cwd=self.folder)
        return status, response.strip() or errors.strip()

    def request(self, path, body=None, **headers):
        """An HTTP request to the function's URL: status, headers, body."""
        url = f"http://127.0.0.1:{self.port}/lambda-url/{self.example}{path}"
        request = urllib.request.Request(url, data=body, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=LIMIT_SECONDS) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def end(self):
        # It may have ended by itself, and its log says why.
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()
        self.log.seek(0)
        return self.log.read()


def expect(what, seen, *parts):
    if not all(part in seen for part in parts):
        raise Failed(f"{what}: expected {parts} in: {seen}")
    print(f"  {what}", flush=True)


def json_function():
    with Watch("hello") as hello:
        event = {"a": [1, 2.5, "\U0001f980"]}
        for _ in range(2):
            status, response = hello.invoke(event)
            if status != 0 or json.loads(response) != event:
                raise Failed(f"hello: status {status}, {response}")
        print("  watch and invoke: hello returns its events", flush=True)


def init_and_several_handlers():
    with Watch("orders", "--env-var _HANDLER=orders.create", "--env-var LAMBDA_TASK_ROOT=$PWD") as orders:
        rope = {"items": [{"article": "rope", "quantity": 2}]}
        for _ in range(2):
            expect("watch and invoke: an order", orders.invoke(rope)[1], '"pieces":2', '"total":700')
            status, error = orders.invoke({"items": []})
            expect("watch and invoke: an error", error, "Order.Empty", "an order needs at least one item")
            if status == 0:
                raise Failed("cargo lambda invoke takes the error for a response")
        expect("the function's log", orders.end(), "price list loaded")
    with Watch("orders", "--env-var _HANDLER=orders.price", "--env-var LAMBDA_TASK_ROOT=$PWD") as orders:
        expect("watch and invoke: another handler", orders.invoke("rope")[1], "350")


def http_function():
    with Watch("web") as web:
        status, headers, body = web.request("/", Cookie="visits=6")
        expect("watch: an HTTP response with a cookie", f"{status} {headers} {body}", "200 ",
               "text/plain; charset=utf-8", "set-cookie: visits=7", "visit 7 from 127.0.0.1")
        status, headers, body = web.request("/pixel.gif")
        expect("watch: an HTTP response without cookies", f"{status} {headers} {body}", "200 ", "image/gif", "GIF89a")
        sent = bytes(range(256))
        status, headers, body = web.request("/echo", sent, **{"Content-Type": "application/octet-stream"})
        if (status, body) != (200, sent):
            raise Failed(f"web: echo gives {status}, {body}")
        expect("watch: a path that is not there", f"{web.request('/nowhere')}", "404", "there is no /nowhere")
        in_guide("cargo lambda invoke web --data-file event.json")
        event = json.loads((ROOT / "examples/web/event.json").read_text())
        expect("invoke: an HTTP event", web.invoke(event)[1], '"statusCode":200', '"cookies":["visits=42"]')


def queue_function():
    event = json.loads((ROOT / "examples/queue/event.json").read_text())
    with Watch("queue") as queue:
        status, response = queue.invoke(event)
        # The second message is refused, and the third has to wait for it: they are of one group.
        failures = [{"itemIdentifier": id} for id in ("m-2", "m-3")]
        if status != 0 or json.loads(response) != {"batchItemFailures": failures}:
            raise Failed(f"queue: status {status}, {response}")
        print("  watch and invoke: messages of a queue that come back", flush=True)


def streaming_function():
    with Watch("stream") as stream:
        status, headers, body = stream.request("/")
        expect("watch: a streamed response", f"{status} {headers} {body}", "200 ", "text/event-stream",
               r"b'data: 3\n\ndata: 2\n\ndata: 1\n\nevent: end\n")
        expect("invoke: a streamed response", stream.invoke({"from": 1, "pause_ms": 1})[1], "data: 1", "event: end")
        status, error = stream.invoke({"from": 101})
        expect("invoke: an error before the stream", f"{status} {error}", "Countdown.TooLong")


def build():
    """A static bootstrap in a zip with the files that its init step reads."""
    command = ["cargo", "lambda", "build", "--release", "--target", "x86_64-unknown-linux-musl", "--disable-optimizations",
               "--output-format", "zip", "--include", "prices.json"]
    in_guide(" ".join(command))
    with tempfile.TemporaryDirectory(prefix="coldspark-lambda-") as folder:
        status, _, errors = run(*command, "--locked", "--lambda-dir", folder, cwd=ROOT / "examples/orders")
        if status != 0:
            raise Failed(f"cargo lambda build: {errors}")
        with zipfile.ZipFile(Path(folder) / "orders/bootstrap.zip") as package:
            bootstrap = package.read("bootstrap")
            mode = package.getinfo("bootstrap").external_attr >> 16 & 0o777
            prices = json.loads(package.read("prices.json"))
    if mode & 0o111 != 0o111:
        raise Failed(f"bootstrap in the zip has mode {mode:o}")
    if bootstrap[:4] != b"\x7fELF" or dynamic(bootstrap):
        raise Failed("cargo lambda build: the bootstrap has an interpreter")
    if prices.get("rope") != 350:
        raise Failed(f"cargo lambda build: prices.json in the zip is {prices}")
    print(f"  build: a static bootstrap of {len(bootstrap):,} bytes, mode {mode:o}, and prices.json", flush=True)


def dynamic(elf):
    """Whether an ELF file of 64 bits has a program header PT_INTERP."""
    table, size, count = (int.from_bytes(elf[at : at + length], "little") for at, length in ((32, 8), (54, 2), (56, 2)))
    kinds = [int.from_bytes(elf[table + n * size :][:4], "little") for n in range(count)]
    return 3 in kinds


if __name__ == "__main__":
    if sys.argv[1:]:
        print(__doc__.strip())
        sys.exit(sys.argv[1:] not in (["-h"], ["--help"]))
    try:
        for check in (json_function, init_and_several_handlers, http_function, queue_function, streaming_function, build):
            check()
    except (Failed, subprocess.TimeoutExpired) as error:
        sys.exit(str(error))
