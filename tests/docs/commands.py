"""Runs the blocks of a page that are marked for it, in their order."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from ports import free_port

# A block that waits for something that does not come ends, too.
LIMIT_SECONDS = 900


class Failed(Exception):
    """A block did not do what the page says."""


class Session:
    """One page: the folder in which its blocks run, and what the last one printed."""

    def __init__(self, page, folder, checkout, environment):
        self.page, self.root, self.folder = page, folder, folder
        self.checkout = checkout
        self.environment = environment
        self.output = None
        self.aws = None

    def close(self):
        if self.aws:
            self.aws.close()

    def play(self, block):
        if block.marker == "run":
            self.run(block)
        elif block.marker == "prints":
            self.compare(block)
        elif block.marker == "file":
            path = self.root / block.argument
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
            if path.name == "Cargo.toml":
                # The versions that the other tests have; cargo drops what is not needed.
                shutil.copy(self.checkout / "Cargo.lock", path.parent)

    def run(self, block):
        started = time.monotonic()
        environment = self.environment
        if block.argument == "aws":
            self.aws = self.aws or Aws(self.environment)
            environment = environment | self.aws.variables
        with tempfile.NamedTemporaryFile("r") as place:
            # Where a block has gone, the next one goes on.
            script = f"trap 'pwd -P >{place.name}' EXIT\n{block.text}"
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=LIMIT_SECONDS,
                check=False,
            )
            where = place.read().strip()
        self.output = done.stdout.decode(errors="replace")
        if done.returncode != 0:
            self.fail(block, f"ended with status {done.returncode}")
        self.folder = Path(where)
        seconds = time.monotonic() - started
        print(f"  {self.page.path.name}:{block.line}: {block.text.splitlines()[0]} ({seconds:.0f} s)", flush=True)

    def compare(self, block):
        """Each line must come, in this order; `...` in a line stands for anything."""
        if self.output is None:
            raise Failed(f"{self.page.path}:{block.line}: says what comes, and nothing was run before")
        at = 0
        lines = self.output.splitlines()
        for line in filter(str.strip, block.text.splitlines()):
            pattern = re.compile(".*".join(re.escape(part) for part in line.strip().split("...")))
            while at < len(lines) and not pattern.search(lines[at]):
                at += 1
            if at == len(lines):
                self.fail(block, f"did not print, or not in this order: {line}")
            at += 1

    def fail(self, block, what):
        raise Failed(f"{self.page.path}:{block.line}: {what}\n{block.text}\nprinted:\n{self.output[-6000:]}")


class Aws:
    """A stand-in for AWS's control plane (moto), for the AWS CLI to talk to."""

    def __init__(self, environment):
        port = free_port()
        self.server = subprocess.Popen(
            ["moto_server", "-H", "127.0.0.1", "-p", str(port)],
            env=environment | {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.variables = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise Failed("moto_server does not listen")

    def close(self):
        self.server.terminate()
        self.server.wait()


def unmarked(page):
    """Shell blocks of which the page does not say whether they run, or why not."""
    for block in page.blocks:
        if block.is_shell and block.marker not in ("run", "not run"):
            yield f"{page.path}:{block.line}: a shell block without a marker: <!-- run --> or <!-- not run: why -->"
        if block.marker == "run" and block.argument not in (None, "aws"):
            yield f"{page.path}:{block.line}: <!-- run: {block.argument} --> is not known"
        if block.marker == "not run" and not block.argument:
            yield f"{page.path}:{block.line}: <!-- not run --> without a reason"
        if block.marker == "file" and not block.argument:
            yield f"{page.path}:{block.line}: <!-- file --> without a path"


def environment():
    """The caller's, without what cargo or a test runner set for themselves."""
    kept = {name: value for name, value in os.environ.items() if not re.match(r"CARGO_(TARGET|PROFILE)|RUSTFLAGS", name)}
    return kept | {"CARGO_TERM_COLOR": "never"}
