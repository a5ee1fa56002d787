"""Runs the tests of a mutant until one fails."""

import os
import pathlib
import re
import resource
import selectors
import signal
import subprocess
import time

from built import PLACE

# A mutant may take all memory there is.
MEMORY = 12 << 30
FAILED = re.compile(rb"^test (.+?)(?: - should panic)? \.\.\. FAILED")
# What fails after this many seconds may have failed for lack of time.
LATE = 15


def leftovers():
    """Kills what programs under test have left behind: processes whose file or folder is in ours."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            places = (os.readlink(process / "exe"), os.readlink(process / "cwd"))
            if any(place.startswith(f"{PLACE}/target/") for place in places):
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue


def program(command, folder, environment, limit):
    """Runs a program of tests until one fails. Gives "" or why it failed, and the seconds until then."""
    begun = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY)),
    )
    why, line = None, b""
    os.set_blocking(process.stdout.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while why is None:
            left = begun + limit - time.monotonic()
            if left <= 0:
                why = "the time limit"
            elif selector.select(min(left, 1)):
                read = os.read(process.stdout.fileno(), 1 << 16)
                *lines, line = (line + read).split(b"\n")
                if failed := next(filter(None, map(FAILED.match, lines)), None):
                    # Some print names of one width.
                    why = failed[1].decode().rstrip()
                elif not read:
                    break
            elif process.poll() is not None:
                break
    took = time.monotonic() - begun
    if why is None:
        status = process.wait()
        why = f"status {status}" if status else ""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass
    process.wait()
    process.stdout.close()
    leftovers()
    return why, took


class Tests:
    """The tests of one build, and what they do without a mutant."""

    def __init__(self, build, options):
        self.build, self.options = build, options
        # By program and filters: the tests that fail without a mutant (`None`: the program is of no use), and the
        # seconds that it takes.
        self.baselines = {}

    def commands(self, row):
        """The programs of a row's tests, in its order."""
        for (kind, name), file in sorted(self.build.programs.items(), key=lambda item: item[0][0] == "test"):
            wanted = (
                name in row.tests or "--tests" in row.kinds if kind == "test"
                else "--lib" in row.kinds if kind == "lib" else "--bins" in row.kinds
            )
            if wanted:
                yield name, file, row.filters if kind == "test" else ()

    def run(self, name, file, words, waits="20", limit=None):
        folder = self.build.tree / {"coldspark": "", "coldspark-bootstrap": "bootstrap", "coldspark-emulator": "tests/emulator"}[self.build.package]
        environment = {
            # Many mutants keep an answer from coming: tests wait for it for less than a busy machine may need.
            **self.build.environment(), "COLDSPARK_TEST_LIMIT": waits, "CARGO_MANIFEST_DIR": str(folder),
        }
        return program([file, *words], folder, environment, limit or self.options.timeout)

    def baseline(self, row, say):
        """What fails without a mutant says nothing; gives the commands with such tests left out."""
        for name, file, filters in self.commands(row):
            key = (name, filters)
            if key not in self.baselines:
                skipped, longest = [], 0
                while True:
                    why, took = self.run(name, file, [*filters, *(word for test in skipped for word in ("--skip", test))])
                    longest = max(longest, took)
                    if not why:
                        break
                    say(f"without a mutant: {why} fails in {name} after {took:.0f} s, and is left out")
                    if why.startswith("status") or why == "the time limit" or len(skipped) > 20:
                        skipped = None
                        break
                    skipped.append(why)
                self.baselines[key] = skipped, longest
                say(f"without a mutant: {name} {' '.join(filters)} {longest:.1f} s")
            skipped, longest = self.baselines[key]
            if skipped is not None:
                yield name, file, [*filters, *(word for test in skipped for word in ("--skip", test))], longest

    def hold(self, row, say):
        """The outcome of the mutant that is built or chosen now, and which test says so."""
        late = ""
        for name, file, words, usual in self.plans[row.pattern]:
            limit = max(60, 5 * usual)
            while True:
                why, took = self.run(name, file, words, limit=limit)
                if not why:
                    break
                if why == "the time limit":
                    late = late or f"{name}: {why} of {limit:.0f} s"
                    break
                if why.startswith("status") or took < LATE:
                    return "Caught", f"{name}: {why}"
                # Once more, by itself, with more time.
                again, _ = self.run(name, file, [why, "--exact"], waits="40", limit=180)
                if again or why in words:
                    return "Caught", f"{name}: {why}"
                words = [*words, "--skip", why]
        return ("Timeout", late) if late else ("Missed", "")

    def plan(self, rows, say):
        self.plans = {row.pattern: list(self.baseline(row, say)) for row in rows}
