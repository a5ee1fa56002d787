#!/usr/bin/env python3
"""Counts instructions of kernel and user in a virtual machine, for scripts/bench --kernel.

A virtual machine of qemu without hardware acceleration boots Debian's kernel with init.c as its first
process. That runs each program some rounds; plugin/kernel.c writes what had been executed at each
step. The figures of a program are medians over its rounds but the first, which has what the kernel
does only once. Exits with 1 when a sum is wrong, a program fails, or a budget is exceeded.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time

import debian
import report
from programs import CONTROL, PROGRAMS, SYSTEM

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests/clones/host"))
from machine import Machine, MachineError, initramfs  # noqa: E402

# The CPU is of a kind that Lambda has, and always the same: the kernel chooses its code by it.
CPU = {"x86_64": "EPYC-Milan", "arm64": "neoverse-n1"}
PARAMETERS = "nokaslr norandmaps"
# With a clock that the instructions drive, the timer interrupts a program at the same places in each
# run, however busy this machine is. It says nothing about cycles.
CLOCK = ["-icount", "shift=1,sleep=off", "-rtc", "base=2026-01-01,clock=vm", "-seed", "1"]
# MB, for a file system in memory that holds the programs, bash and curl with their libraries among them.
MEMORY = "256"
EVENTS = 6
# Rounds of programs that execute a hundred times as much as the others.
LONG = 5
# Marks, as init.c numbers them.
SPAWN, NEXT, SENT, ANSWERED, REPEAT, REPEATED, NOTHING = range(1, 8)
REPETITIONS = 1000
SIDES = ("kernel", "user", "harness")


class CountError(Exception):
    """A count that cannot be right."""


def parts(line):
    """A mark's number and the counts at it."""
    mark, kernel, harness, user, total, kernel_repeats, repeats = map(int, line.split())
    if kernel + user + harness != total:
        raise CountError(f"kernel {kernel} + user {user} + harness {harness} is not {total}")
    return mark, {"kernel": kernel, "user": user, "harness": harness, "total": total,
                  "repeats": kernel_repeats + repeats}


def between(before, after):
    """What was executed from one mark to another."""
    counts = {name: after[name] - before[name] for name in before}
    if sum(counts[side] for side in SIDES) != counts["total"]:
        raise CountError(f"the sides do not make the total: {counts}")
    return counts


def probed(marks, arch):
    """Takes the marks that are no program's off the front, and checks them."""
    first = [next(marks), next(marks)]
    nothing = between(first[0][1], first[1][1])
    if [mark for mark, _ in first] != [NOTHING, NOTHING] or nothing["total"] != 1:
        raise CountError(f"from a mark to the next one there is one instruction, not {nothing}")
    if arch != "x86_64":
        return
    first = [next(marks), next(marks)]
    repeated = between(first[0][1], first[1][1])
    # The first repetition is the instruction itself. qemu looks at the count once more to see the end.
    if [mark for mark, _ in first] != [REPEAT, REPEATED] or repeated["repeats"] != REPETITIONS:
        raise CountError(f"a `rep` of {REPETITIONS} is repeated as often, not {repeated}")


def one_round(marks):
    """The counts of a program's round, by figure."""
    at = []
    for expected in [SPAWN, NEXT] + [SENT, ANSWERED, NEXT] * EVENTS:
        mark, counts = next(marks)
        if mark != expected:
            raise CountError(f"mark {mark} came where {expected} should")
        at.append(counts)
    events = [between(at[i], at[i + 2]) for i in range(2, len(at), 3)]
    # The event's answer, without what looking into /proc between `next` and it has taken.
    init, first = between(at[0], at[1]), between(at[2], at[3])
    answer = {name: init[name] + first[name] for name in init}
    warm = {name: int(statistics.median_low(event[name] for event in events[1:])) for name in SIDES}
    return {"init": init, "first_response": answer,
            "warm_event": {**warm, "total": sum(warm.values())}}


def summed_up(rounds, faults):
    """A program's figures: medians, and the lowest and highest total."""
    figures = {}
    for figure in rounds[0]:
        rows = [row[figure] for row in rounds[1:]]
        # Of one round, so that the sides still make the total.
        row = sorted(rows, key=lambda counts: counts["total"])[(len(rows) - 1) // 2]
        totals = [counts["total"] for counts in rows]
        figures[figure] = {**{name: row[name] for name in (*SIDES, "total")},
                           "least": min(totals), "most": max(totals)}
    minor, major, processes = (int(statistics.median_low(column)) for column in zip(*faults[1:]))
    return {**figures, "rounds": len(rounds) - 1, "minor_faults": minor, "major_faults": major, "processes": processes}


def guest(arch, names, options):
    """The files of the guest, and the programs that are not there."""
    files, plan, missing = {}, [], []
    with open(os.path.join(options.cache, "kernel", arch, "init"), "rb") as file:
        files["init"] = file.read()
    for name in names:
        handler, sources = PROGRAMS[name]
        paths = {target: source.format(dist=f"{options.dist}/{arch}", built=f"{options.cache}/programs/{arch}")
                 for target, source in sources.items()}
        if not all(os.path.exists(path) for path in paths.values()):
            missing.append(name)
            continue
        for target, path in paths.items():
            with open(path, "rb") as file:
                files[f"programs/{name}/{target}"] = file.read()
        if name in SYSTEM:
            files.update(debian.files(os.path.join(options.system, arch), arch, SYSTEM[name]))
        rounds = min(options.rounds, LONG) if name in SYSTEM else options.rounds
        plan.append(f"{rounds} {EVENTS} {name} {handler}\n")
    files["plan"] = "".join(plan).encode()
    return files, missing


def count(arch, names, options):
    """Boots the machine and returns the programs' figures, the kernel's release, and what is missing."""
    files, missing = guest(arch, names, options)
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        root, lines = os.path.join(folder, "root"), os.path.join(folder, "lines")
        with open(root, "wb") as file:
            file.write(initramfs(files))
        kernel = os.path.join(options.kernels, f"vmlinuz-{arch}")
        faults = {}
        with Machine(arch, kernel, root, limit=options.limit, parameters=PARAMETERS,
                     options=["-m", MEMORY, "-cpu", CPU[arch], *CLOCK, "-plugin", f"{options.plugin},out={lines}"]) as machine:
            release = machine.expect("kernel")[0]
            while (words := machine.hear())[0] != "end":
                if words[0] != "run":
                    raise machine.error(f"the guest said {' '.join(words)!r}")
                faults.setdefault(words[1], []).append([int(word) for word in words[2:]])
        with open(lines, encoding="ascii") as file:
            marks = iter([parts(line) for line in file])
        probed(marks, arch)
        figures = {name: summed_up([one_round(marks) for _ in rows], rows) for name, rows in faults.items()}
        if next(marks, None) is not None:
            raise CountError("there are more marks than rounds")
        return figures, release, missing


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", default="all", choices=[*CPU, "all"])
    parser.add_argument("--only", default="", help="NAME,...")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--short", action="store_true", help="hold hello against budgets.json")
    parser.add_argument("--limit", type=float, default=900, help="seconds for a machine")
    for name in ("kernels", "system", "plugin", "cache", "dist", "output", "date", "commit"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error("--rounds: the first one does not count, so there must be 2")
    return options


def main():
    options = parse()
    with open(os.path.join(HERE, "budgets.json"), encoding="utf-8") as file:
        budgets = json.load(file)
    fine = True
    results = {}
    for arch in CPU if options.arch == "all" else [options.arch]:
        start = time.monotonic()
        names = [name for name in options.only.split(",") if name] or [name for name in PROGRAMS if name != CONTROL]
        if options.short:
            names = [*budgets[arch], CONTROL]
        try:
            figures, release, missing = count(arch, [name for name in PROGRAMS if name in names], options)
        except (MachineError, CountError, OSError) as error:
            print(f"[bench] {arch}: FAILED: {error}", file=sys.stderr)
            return 1
        print(f"[bench] {arch}: {time.monotonic() - start:.0f} s in a virtual machine", file=sys.stderr)
        results[arch] = {"date": options.date, "commit": options.commit, "kernel": release,
                         "cpu": CPU[arch], "programs": figures,
                         "missing": missing}
        if options.short:
            fine &= report.held(arch, figures, budgets[arch], CONTROL)
    if options.short:
        return 0 if fine else 1
    report.written(results, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
