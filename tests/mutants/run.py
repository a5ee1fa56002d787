"""Samples mutants and has their nearest tests look for them; scripts/mutants is how to start it."""

import argparse
import fnmatch
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACE = ROOT / "target/mutants"
# What is compiled only for fuzzing has no test here.
EXCLUDED = ("*fuzzing.rs", "*/tests/*", "*/tests.rs")
CRATES = (("tests/emulator/src/", "tests/emulator"), ("bootstrap/src/", "bootstrap/src"), ("src/", "src"))


def copied():
    """The checkout's files, whatever is committed, in a folder of their own: mutants are made there."""
    tree = PLACE / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            # With its date, so that cargo builds again only what has changed.
            shutil.copy2(ROOT / name, tree / name)
    return tree


def nearest():
    """Patterns, packages, variables and arguments."""
    for line in (pathlib.Path(__file__).parent / "nearest.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, package, *words = line.split()
            variables = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
            yield pattern, package, variables, tuple(word for word in words if not re.match(r"[A-Z_]+=", word))


def tests_of(name, rows):
    """The first row that fits a file."""
    return next((row for row in rows if fnmatch.fnmatch(name, row[0])), None)


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


def run(tree, group, row, options):
    """Has cargo-mutants make the mutants of one row; gives their outcomes by name."""
    _, package, variables, arguments = row
    output = PLACE / "output"
    shutil.rmtree(output, ignore_errors=True)
    command = [
        "cargo", "mutants", "--in-place", "--workspace", "--dir", tree, "--output", output, "--no-shuffle", "--colors", "never",
        # The unmutated tests run first: what fails without a mutant says nothing.
        "--baseline", "run", "--timeout", str(options.timeout), "--build-timeout", str(2 * options.timeout),
        "--test-package", package, "--cargo-arg=--locked",
    ]
    for mutant in group:
        command += ["--file", mutant["file"], "--re", f"^{re.escape(mutant['name'])}$"]
    done = subprocess.run(
        [*map(str, command), "--", *arguments], stdout=sys.stderr, stdin=subprocess.DEVNULL,
        # What a mutant keeps from coming is not waited for as long as on a busy machine.
        env={**os.environ, **variables, "COLDSPARK_TEST_LIMIT": "20", "CARGO_TARGET_DIR": str(PLACE / "target"), "RUST_BACKTRACE": "0"},
    )
    # 0: all caught, 2: some missed, 3: some timed out.
    if done.returncode not in (0, 2, 3):
        print(
            f"cargo mutants ended with status {done.returncode}; do these tests pass without a mutant? {arguments}",
            file=sys.stderr,
        )
        return {}
    outcomes = json.loads((output / "mutants.out/outcomes.json").read_text())["outcomes"]
    return {
        outcome["scenario"]["Mutant"]["name"]: outcome["summary"]
        for outcome in outcomes if outcome["scenario"] != "Baseline"
    }


def report(found, options, took):
    print(f"seed {options.seed}, {len(found)} mutants, {took:.0f} s")
    score = True
    for start, crate in CRATES:
        here = {name: summary for name, summary in found.items() if name.startswith(start)}
        viable = [summary for summary in here.values() if summary != "Unviable"]
        if not here:
            continue
        late = viable.count("Timeout")
        caught = viable.count("CaughtMutant") + late
        share = 100 * caught / len(viable) if viable else 100
        print(f"{crate}: {caught} of {len(viable)} viable caught ({share:.1f}%), {late} of them by the time limit")
        for name in sorted(name for name, summary in here.items() if summary == "MissedMutant"):
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
    known = [mutant for mutant in json.loads(listed.stdout) if tests_of(mutant["file"], rows)]
    mutants = chosen(known, options)
    if not mutants:
        sys.exit("no mutant is in these paths; they are files or folders from the checkout on, such as src/log")
    if options.list:
        print("\n".join(mutant["name"] for mutant in mutants))
        return 0
    print(f"seed {options.seed}: {len(mutants)} mutants of {len(known)}", file=sys.stderr)
    groups = {}
    for mutant in mutants:
        row = tests_of(mutant["file"], rows)
        groups.setdefault(row[0], (row, []))[1].append(mutant)
    found, begun = {}, time.monotonic()
    for row, group in groups.values():
        here = run(tree, group, row, options)
        found.update(here)
        for name, summary in here.items():
            print(f"{time.monotonic() - begun:.0f} s: {summary} {name}", file=sys.stderr)
    status = report(found, options, time.monotonic() - begun)
    if lost := [mutant["name"] for mutant in mutants if mutant["name"] not in found]:
        print("these were not made, and are not in the score:", *lost, sep="\n  ")
        status = 1
    return status


sys.exit(main())
