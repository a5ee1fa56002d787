#!/usr/bin/env python3
"""Snapshots virtual machines, restores each many times and compares what the clones made.

Run by scripts/verify-clones, which says what it proves. Exits with 1 when a value that must be
unique was made twice, or when a control did not show the duplicates that it must.
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import report
from machine import Machine, MachineError, initramfs

# Each clone serves so many events, so that what is made once per restore is seen to stay.
EVENTS = 10
# So many clones run at the same time.
AT_ONCE = threading.Semaphore(3)

ROWS = [
    # name, architecture, vmgenid
    ("x86_64, vmgenid", "x86_64", True),
    ("x86_64", "x86_64", False),
    ("arm64", "arm64", False),
]


class Row:
    """One kind of machine and what its clones made."""

    def __init__(self, name, arch, vmgenid, options, folder):
        self.name, self.arch, self.vmgenid = name, arch, vmgenid
        self.count = options.clones
        self.values = options.values
        self.twin = options.twin
        self.kernel = os.path.join(options.kernels, f"vmlinuz-{arch}")
        self.root = os.path.join(folder, f"initramfs-{arch}")
        self.snapshot = os.path.join(folder, f"snapshot-{name.replace(', ', '-')}")
        self.clones, self.twins = [], None

    def boot(self, **more):
        return Machine(self.arch, self.kernel, self.root, self.vmgenid, **more)

    def run(self):
        """Boots, snapshots, restores; the clones' values are in `clones` afterwards."""
        start = time.monotonic()
        with self.boot() as base:
            self.release, self.generator = base.expect("machine")
            self.uptime, self.quiet = map(float, base.expect("parked"))
            base.save(self.snapshot)
        size = os.path.getsize(self.snapshot) >> 20
        say(f"{self.name}: snapshot of {size} MB, {self.uptime:.0f} s after boot"
            f" ({time.monotonic() - start:.0f} s)")
        ids = [[str(uuid.uuid4()) for _ in range(EVENTS)] for _ in range(self.count)]
        if self.twin:
            ids.append(ids[0])
        with ThreadPoolExecutor(len(ids)) as pool:
            self.clones = list(pool.map(self.clone, ids))
        if self.twin:
            self.twins = self.clones[0], self.clones.pop()
        say(f"{self.name}: {len(ids)} clones served ({time.monotonic() - start:.0f} s)")
        return self

    def clone(self, ids):
        """Restores one clone; a dictionary from each kind to its values, in order."""
        with AT_ONCE, self.boot(snapshot=self.snapshot) as machine:
            machine.resume()
            machine.tell("restored")
            machine.expect("restored")
            made = {}
            for request_id in ids:
                machine.tell(f"event {request_id} {-(-self.values // EVENTS)}")
                while (words := machine.hear())[0] == "value":
                    made.setdefault(words[1], []).extend(words[2:])
                if words != ["done", request_id]:
                    raise machine.error(f"the guest said {words!r} to the event {request_id}")
            machine.tell("reseeds")
            made["reseeds"] = int(machine.expect("reseeds")[0])
            return made


def say(text):
    print(f"[verify-clones] {text}", file=sys.stderr, flush=True)


def stop(number, _frame):
    Machine.stop_all()
    sys.exit(128 + number)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", action="append", required=True)
    parser.add_argument("--kernels", required=True, help="folder of vmlinuz-ARCH")
    parser.add_argument("--guests", required=True, help="folder of ARCH/{clones-init,clones-function}")
    parser.add_argument("--clones", type=int, required=True)
    parser.add_argument("--values", type=int, required=True)
    parser.add_argument("--twin", action="store_true", help="one more clone, with the first one's request ids")
    return parser.parse_args()


def main():
    options = parse()
    start = time.monotonic()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with tempfile.TemporaryDirectory(prefix="clones-") as folder:
        for arch in options.arch:
            files = {}
            for name, guest in (("init", "clones-init"), ("function", "clones-function")):
                with open(os.path.join(options.guests, arch, guest), "rb") as file:
                    files[name] = file.read()
            with open(os.path.join(folder, f"initramfs-{arch}"), "wb") as file:
                file.write(initramfs(files))
        rows = [Row(*row, options, folder) for row in ROWS if row[1] in options.arch]
        with ThreadPoolExecutor(len(rows)) as pool:
            try:
                rows = list(pool.map(Row.run, rows))
            except MachineError as error:
                Machine.stop_all()
                say(f"FAILED: {error}")
                return 1
    return report.write(rows, time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())
