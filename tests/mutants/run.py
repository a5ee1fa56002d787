"""Samples mutants and runs their nearest tests against each; scripts/mutants is how to start it."""

import argparse
import fnmatch
import json
import pathlib
import random
import re
import subprocess
import sys
import time

from built import PLACE, SWITCH, Build, copied
from held import Tests

# What is compiled only for fuzzing has no test here.
EXCLUDED = ("*fuzzing.rs", "*/tests/*", "*/tests.rs")
CRATES = (("tests/emulator/src/", "tests/emulator"), ("bootstrap/src/", "bootstrap/src"), ("src/", "src"))
OUTCOMES = PLACE / "outcomes.json"


class Row:
    """A line of nearest.txt."""

    def __init__(self, line):
        self.pattern, self.package, *words = line.split()
        variables = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
        words = [word for word in words if not re.match(r"[A-Z_]+=", word)]
        # The client of the functions that the tests run.
        self.client = variables.get("COLDSPARK_TEST_CLIENT", "own")
        self.filters = tuple(words[words.index("--") + 1:]) if "--" in words else ()
        words = words[:words.index("--")] if "--" in words else words
        self.tests = [words[at + 1] for at, word in enumerate(words) if word == "--test"]
        self.features = [words[at + 1] for at, word in enumerate(words) if word == "--features"]
        self.kinds = [word for word in words if word in ("--lib", "--bins", "--tests")]


def nearest():
    for line in (pathlib.Path(__file__).parent / "nearest.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            yield Row(line)


def row_of(name, rows):
    """The first row that fits a file."""
    return next((row for row in rows if fnmatch.fnmatch(name, row.pattern)), None)


def chosen(mutants, options):
    """Of all mutants, those of the paths, in the seed's order: a shard of it, or so many."""
    mutants = [
        mutant for mutant in mutants
        if not any(fnmatch.fnmatch(mutant["file"], pattern) for pattern in EXCLUDED)
        and (not options.paths or any(
            mutant["file"] == path or mutant["file"].startswith(path.rstrip("/") + "/") for path in options.paths))
    ]
    mutants.sort(key=lambda mutant: mutant["name"])
    random.Random(options.seed).shuffle(mutants)
    if options.shard:
        number, of = map(int, options.shard.split("/"))
        mutants = mutants[number::of]
    return mutants[:options.sample]


def missed_before(mutants, found):
    """Of the last run's mutants, those that no test caught, or that it did not come to; their lines may be
    others now."""
    def place(name):
        file, line, column, what = re.fullmatch(r"(.+?):(\d+):(\d+): (.+)", name).groups()
        return (file, what), (int(line), int(column))

    by_what = {}
    for mutant in mutants:
        what, where = place(mutant["name"])
        by_what.setdefault(what, []).append((where, mutant))
    for name, (summary, _) in found.items():
        if summary in ("Missed", "Timeout", "Open"):
            what, (line, column) = place(name)
            if near := by_what.get(what):
                yield name, min(near, key=lambda pair: (abs(pair[0][0] - line), abs(pair[0][1] - column)))[1]


def run(tree, package, group, rows, options, keep):
    """Runs the tests against the mutants that one build can hold."""
    begun = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - begun:.0f} s: {text}", file=sys.stderr, flush=True)

    used = [row for row in rows if any(row_of(mutant["file"], rows) is row for mutant in group)]
    build = Build(tree, package, used)
    switched, unviable, alone = build.switched(group)
    say(f"{package}: {len(switched)} mutants in one build, {len(unviable)} do not compile, {len(alone)} by themselves")
    for mutant in unviable:
        keep(mutant, "Unviable", "")
    tests = Tests(build, options)
    build.choose(0)
    tests.plan(used, say)

    def hold(mutant):
        outcome, why = tests.hold(row_of(mutant["file"], rows), say)
        keep(mutant, outcome, why)
        say(f"{outcome} {mutant['name']} ({why})")

    for mutant in switched:
        build.choose(mutant["number"])
        hold(mutant)
    for mutant in alone:
        if build.single(mutant):
            keep(mutant, "Unviable", "")
        else:
            hold(mutant)
    build.write([])


def report(found, options, took):
    print(f"seed {options.seed}, {len(found)} mutants, {took:.0f} s")
    score = True
    for start, crate in CRATES:
        here = {name: outcome for name, (outcome, _) in found.items() if name.startswith(start)}
        viable = [outcome for outcome in here.values() if outcome not in ("Unviable", "Open")]
        if not here:
            continue
        late = viable.count("Timeout")
        caught = viable.count("Caught") + late
        share = 100 * caught / len(viable) if viable else 100
        print(f"{crate}: {caught} of {len(viable)} viable caught ({share:.1f}%), {late} of them by the time limit")
        for name in sorted(name for name, outcome in here.items() if outcome == "Missed"):
            print(f"  missed: {name}")
        score = score and share >= options.least
    return 0 if score else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--shard")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--timeout", type=int, default=300)
    parser.add_argument("--least", type=float, default=0)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.shard and not re.fullmatch(r"(\d+)/([1-9]\d*)", options.shard):
        sys.exit("--shard wants K/N, such as 0/8")
    tree = copied()
    listed = subprocess.run(
        ["cargo", "mutants", "--list", "--json", "--dir", tree, "--workspace"], capture_output=True, text=True,
    )
    if listed.returncode:
        sys.exit(f"cargo mutants lists nothing: {listed.stderr}")
    rows = list(nearest())
    known = [mutant for mutant in json.loads(listed.stdout) if row_of(mutant["file"], rows)]
    # With --again, the names that mutants had in the last run, where those are others now.
    names = {}
    if options.again:
        last = json.loads(OUTCOMES.read_text())
        options.seed, found = last["seed"], last["found"]
        mutants = []
        for name, mutant in missed_before(known, found):
            names[mutant["name"]] = name
            mutants.append(mutant)
    else:
        mutants = chosen(known, options)
        found = {mutant["name"]: ("Open", "") for mutant in mutants}
    if not mutants:
        sys.exit("no mutant is in these paths; they are files or folders from the checkout on, such as src/log")
    if options.list:
        print("\n".join(mutant["name"] for mutant in mutants))
        return 0
    print(f"seed {options.seed}: {len(mutants)} mutants of {len(known)}", file=sys.stderr)
    for number, mutant in enumerate(mutants, 1):
        mutant["number"] = number
    switch = ["cargo", "build", "--quiet", "--release", "--locked", "--target-dir", PLACE / "switch"]
    if subprocess.run(switch, cwd=SWITCH).returncode:
        sys.exit("tests/mutants/switch does not build")

    def keep(mutant, outcome, why):
        name = names.get(mutant["name"], mutant["name"])
        found[name] = (outcome, why)
        OUTCOMES.write_text(json.dumps({"seed": options.seed, "found": found}, indent=1))

    groups = {}
    for mutant in mutants:
        row = row_of(mutant["file"], rows)
        groups.setdefault((row.package, row.client), []).append(mutant)
    begun = time.monotonic()
    for (package, _), group in groups.items():
        run(tree, package, group, rows, options, keep)
    return report(found, options, time.monotonic() - begun)


sys.exit(main())
