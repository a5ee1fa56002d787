#!/usr/bin/env python3
"""The examples under cargo-lambda as they are: `watch` with `invoke`, a second emulator that is not
ours, and `build`.

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
import zipfile
from pathlib import Path

from ports import free_port

ROOT = Path(__file__).resolve().parents[2]
# A function is compiled within it.
LIMIT_SECONDS = 120


class Failed(Exception):
    """cargo-lambda did not do what it should."""


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    return done.returncode, done.stdout, done.stderr


class Watch:
    """`cargo lambda watch` in the folder of an example."""

    def __init__(self, example, handler):
        self.folder = ROOT / "examples" / example
        self.example = example
        self.port = str(free_port())
        # Compiled before, so that an error of the compiler is seen as one.
        status, _, errors = run("cargo", "build", "--quiet", "--locked", cwd=self.folder)
        if status != 0:
            raise Failed(f"{example} does not build: {errors}")
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            ["cargo", "lambda", "watch", "--ignore-changes", "--invoke-address", "127.0.0.1", "--invoke-port", self.port,
             "--env-var", f"_HANDLER={handler}", "--env-var", f"LAMBDA_TASK_ROOT={self.folder}"],
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

    def invoke(self, event):
        status, response, errors = run(
            "cargo", "lambda", "invoke", self.example, "--invoke-address", "127.0.0.1", "--invoke-port", self.port,
            "--data-ascii", json.dumps(event), cwd=self.folder)
        return status, response.strip() or errors.strip()

    def end(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        self.log.seek(0)
        return self.log.read()


def expect(what, seen, *parts):
    if not all(part in seen for part in parts):
        raise Failed(f"{what}: expected {parts} in: {seen}")
    print(f"  {what}", flush=True)


def watch():
    hello = Watch("hello", "hello")
    try:
        event = {"a": [1, 2.5, "\U0001f980"]}
        for _ in range(2):
            status, response = hello.invoke(event)
            if status != 0 or json.loads(response) != event:
                raise Failed(f"hello: status {status}, {response}")
        print("  watch and invoke: hello returns its events", flush=True)
    finally:
        log = hello.end()
    orders = Watch("orders", "orders.create")
    try:
        rope = {"items": [{"article": "rope", "quantity": 2}]}
        for _ in range(2):
            expect("watch and invoke: an order", orders.invoke(rope)[1], '"pieces":2', '"total":700')
            status, error = orders.invoke({"items": []})
            expect("watch and invoke: an error", error, "Order.Empty", "an order needs at least one item")
            if status == 0:
                raise Failed("cargo lambda invoke takes the error for a response")
    finally:
        log = orders.end()
    expect("the function's log", log, "price list loaded")


def build():
    """A static bootstrap in a zip, as the guide for Rust says."""
    with tempfile.TemporaryDirectory(prefix="coldspark-lambda-") as folder:
        status, _, errors = run(
            "cargo", "lambda", "build", "--release", "--locked", "--target", "x86_64-unknown-linux-musl",
            "--disable-optimizations", "--output-format", "zip", "--lambda-dir", folder,
            cwd=ROOT / "examples/hello")
        if status != 0:
            raise Failed(f"cargo lambda build: {errors}")
        with zipfile.ZipFile(Path(folder) / "hello/bootstrap.zip") as package:
            bootstrap = package.read("bootstrap")
            mode = package.getinfo("bootstrap").external_attr >> 16 & 0o777
    if mode & 0o111 != 0o111:
        raise Failed(f"bootstrap in the zip has mode {mode:o}")
    if bootstrap[:4] != b"\x7fELF" or dynamic(bootstrap):
        raise Failed("cargo lambda build: the bootstrap has an interpreter")
    print(f"  build: a static bootstrap of {len(bootstrap):,} bytes, mode {mode:o}", flush=True)


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
        watch()
        build()
    except (Failed, subprocess.TimeoutExpired) as error:
        sys.exit(str(error))
