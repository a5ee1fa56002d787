"""A copy of the checkout, with stand-ins for the binaries: the scripts that ship things, run there."""

import os
import pathlib
import random
import shutil
import struct
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARCHES = ("x86_64", "arm64")
MACHINES = {"x86_64": 62, "arm64": 183}
EXAMPLES = ("hello", "hello-lean", "hello-ureq", "orders")
# cargo without the build that `cargo package` ends with: what is packed is the same.
CARGO = """#!/bin/sh
[ "$1" = package ] || exec "$CARGO_ITSELF" "$@"
exec "$CARGO_ITSELF" "$@" --no-verify --offline
"""


def elf(arch, size=1000, seed=""):
    """The head of an ELF file for an architecture, and bytes that do not compress behind it."""
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", 2, MACHINES[arch])
    return head + random.Random(f"{arch}{size}{seed}").randbytes(size - len(head))


def run(*command, env=None, cwd="/", fails=False):
    """Runs a command that succeeds, or `fails`; gives all that it printed."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    if (done.returncode != 0) != fails:
        raise AssertionError(f"{command} ended with status {done.returncode}\n{done.stdout}")
    return done.stdout


class Checkout:
    """The files that git knows, in `folder`; `dist` holds what `elf` makes."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "checkout"
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True, text=True, check=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)
        tools = pathlib.Path(folder) / "tools"
        tools.mkdir()
        (tools / "cargo").write_text(CARGO)
        (tools / "cargo").chmod(0o755)
        self.env = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "CARGO_ITSELF": shutil.which("cargo"),
            "SOURCE_DATE_EPOCH": "0",
        }
        for arch in ARCHES:
            for name in ("layer", *EXAMPLES):
                self.binary(arch, name, elf(arch, seed=name))

    def binary(self, arch, name, data):
        path = self.folder / "dist" / arch / name / "bootstrap"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def script(self, name, *options, fails=False):
        return run(self.folder / "scripts" / name, *options, env=self.env, fails=fails)
