"""Cold starts that are forced, and the REPORT lines that Lambda writes for them."""

import base64
import dataclasses
import re

from account import Refused, say

FIELDS = {
    "init_ms": r"Init Duration: ([\d.]+) ms",
    "duration_ms": r"(?<![\w] )Duration: ([\d.]+) ms",
    "billed_ms": r"Billed Duration: ([\d.]+) ms",
    "memory_mb": r"Max Memory Used: (\d+) MB",
}
# Tries for one cold start, for an environment that Lambda made without us.
TRIES = 3
# Failed events after which a function is given up.
GIVE_UP = 3


@dataclasses.dataclass
class Function:
    program: str
    arch: str
    memory: int
    name: str
    arn: str = ""
    event: str = "{}"
    cold: list = dataclasses.field(default_factory=list)
    warm: list = dataclasses.field(default_factory=list)
    failures: list = dataclasses.field(default_factory=list)
    lukewarm: int = 0

    @property
    def given_up(self):
        return len(self.failures) >= GIVE_UP


def report(tail):
    """The figures of the REPORT line in the end of a log; `None` if it has none."""
    lines = [line for line in tail.splitlines() if line.startswith("REPORT ")]
    if not lines:
        return None
    # Fields stand apart by tabs.
    fields = lines[-1].replace("\t", " \t")
    found = {name: re.search(pattern, fields) for name, pattern in FIELDS.items()}
    if not (found["duration_ms"] and found["billed_ms"]):
        return None
    return {name: float(match.group(1)) for name, match in found.items() if match}


def event(account, function):
    """Invokes once; gives the figures, or notes why there are no figures."""
    try:
        answer, response = account.invoke(function.name, function.event)
    except Refused as refused:
        function.failures.append(str(refused))
        return None
    if answer.get("FunctionError"):
        function.failures.append(f"the function failed: {response[:300]}")
        return None
    tail = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
    figures = report(tail)
    if figures is None:
        function.failures.append(f"no REPORT line in the end of the log: {tail[-300:]!r}")
    return figures


def cold_start(account, function, number):
    for attempt in range(TRIES):
        try:
            account.force_cold(function.name, f"{number}.{attempt}")
        except Refused as refused:
            function.failures.append(str(refused))
            return
        figures = event(account, function)
        if figures is None:
            return
        if "init_ms" in figures:
            function.cold.append(figures)
            warm = event(account, function)
            if warm and "init_ms" not in warm:
                function.warm.append(warm)
            return
        function.lukewarm += 1
    function.failures.append(f"no cold start in {TRIES} tries after a change of the configuration")


def measure(account, functions, starts):
    """Rounds over all functions, so that what changes with time changes for all."""
    for number in range(1, starts + 1):
        say(f"cold start {number} of {starts}, of {len(functions)} functions")
        for function in functions:
            if not function.given_up:
                cold_start(account, function, number)
    for function in functions:
        for failure in function.failures:
            say(f"{function.program}, {function.arch}, {function.memory} MB: {failure}")
