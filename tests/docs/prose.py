"""Numbers in prose: a mark right behind a number names its source.

    `hello` starts in 0.10<!-- = x86_64/hello/init_warm_us / 1000 --> ms

The number must be the value of the mark, with as many decimals as it has, and with commas in
thousands. A mark has operands, with `*` and `/` between them, and at last `to N` for a round number:

    ARCH/PROGRAM/FIGURE        of bench/results/ARCH.json: a count, or a median in microseconds
    ARCH/PROGRAM/FIGURE/ratio  the median of its ratio to the floor
    faults                     rows of tests/FAULTS.md
    calls/ARCH/NAME            system calls of the list tests/privilege/ARCH/NAME
    1000                       itself

figures.py --write puts in the values of today.
"""

import json
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARK = re.compile(r"(?P<number>\d[\d,]*(?:\.\d+)?)?(?P<mark><!-- = (?P<source>.*?) -->)")
# A row of FAULTS.md is a case when a call's heading is above it.
CALLS = re.compile(r"^## (next|response|error|streamed response|init/error|restore/next|restore/error)$")


class Unknown(Exception):
    """A mark that names nothing."""


@cache
def results(arch):
    path = ROOT / f"bench/results/{arch}.json"
    if not path.is_file():
        raise Unknown(f"bench/results/{arch}.json is not there")
    found = json.loads(path.read_text())
    return {program["name"]: program for program in found["programs"] + found["allocators"]}


def faults():
    is_case, count = False, 0
    for line in (ROOT / "tests/FAULTS.md").read_text().splitlines():
        if line.startswith("## "):
            is_case = bool(CALLS.match(line))
        elif is_case and line.startswith("| ") and not line.startswith("| fault "):
            count += 1
    return count


def operand(text):
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if text == "faults":
        return faults()
    first, *names = text.split("/")
    if first == "calls" and len(names) == 2:
        path = ROOT / "tests/privilege" / names[0] / names[1]
        if not path.is_file():
            raise Unknown(f"{text}: there is no such list")
        return sum(bool(line.strip()) and not line.startswith("#") for line in path.read_text().splitlines())
    if len(names) not in (2, 3) or names[2:] not in ([], ["ratio"]):
        raise Unknown(f"{text} is no source; see tests/docs/prose.py")
    program = results(first).get(names[0])
    if not program:
        raise Unknown(f"{text}: no program {names[0]} was measured")
    timed, count = program["timed"].get(names[1]), program["counted"].get(names[1])
    if names[2:] and timed and timed["ratio"]:
        return timed["ratio"]["median"]
    if not names[2:] and (timed or count is not None):
        return timed["us"]["median"] if timed else count
    raise Unknown(f"{text}: it was not measured")


def value(source):
    """The number that a mark stands for, and to what it is rounded."""
    words, to = source.split(), 0
    if words[-2:-1] == ["to"]:
        to = int(words[-1])
        words = words[:-2]
    if len(words) % 2 == 0:
        raise Unknown(f"'{source}' is no operand with * or / and others behind it")
    found = operand(words[0])
    for sign, text in zip(words[1::2], words[2::2]):
        if sign not in "*/":
            raise Unknown(f"'{source}': {sign} is neither * nor /")
        found = found * operand(text) if sign == "*" else found / operand(text)
    return round(found / to) * to if to else found


def written(number, source):
    """What should stand in the place of `number`."""
    decimals = len(number.partition(".")[2])
    return f"{value(source):,.{decimals}f}"


def faults_of(text, name):
    """What is wrong with the marks of a page."""
    for found in MARK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        number = found["number"]
        try:
            if not number:
                yield f"{name}:{line}: no number stands right before {found['mark']}"
            elif (right := written(number, found["source"])) != number:
                yield f"{name}:{line}: {number} is {right} by {found['mark']}; see tests/docs/figures.py --write"
        except Unknown as error:
            yield f"{name}:{line}: {error}"


def refreshed(text):
    """The page with today's numbers."""
    def today(found):
        return written(found["number"], found["source"]) + found["mark"] if found["number"] else found[0]

    return MARK.sub(today, text)


def count(text):
    return sum(1 for _ in MARK.finditer(text))
