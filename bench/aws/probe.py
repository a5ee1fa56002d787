"""Asks the Lambda service what its documentation leaves open, and says it in lines for an issue."""

import dataclasses
import json
import re
import time

from account import Refused, say
from programs import PROBE

MEMORY = 128
# How long to wait for a sign of SIGTERM. AWS does not say when Lambda ends an environment that it replaces.
SECONDS = 900
PAUSE = 5
# AWS documents it: 1769 MB are one CPU.
CPU = 1769


@dataclasses.dataclass
class Probe:
    account: object
    arch: str
    role: str
    zip_file: object
    seconds: float = SECONDS

    def facts(self):
        """Lines of text."""
        name = self.account.name("probe", self.arch)
        say(f"making {name}")
        self.account.make_function(name, self.role, self.arch, MEMORY, PROBE.handler, self.zip_file, [])
        cold, warm = self._asked(name), self._asked(name)
        found = [*machine(cold, warm), self._snap_start()]
        say("ending its environment, and waiting for its log")
        self.account.force_cold(name, "the end of the environment before it")
        return [*found, self._shutdown(name)]

    def _asked(self, name):
        answer, response = self.account.invoke(name, PROBE.event)
        if answer.get("FunctionError"):
            raise Refused(f"the probe failed: {response[:300]}")
        return json.loads(response)

    def _snap_start(self):
        """Whether a zip on provided.al2023 may have SnapStart, and what its function then is told."""
        name = self.account.name("probe", "snapstart", self.arch)
        try:
            self.account.make_function(
                name, self.role, self.arch, MEMORY, PROBE.handler, self.zip_file, [], snap_start=True
            )
        except Refused as refused:
            return f"SnapStart of a zip on provided.al2023: refused: {refused}"
        try:
            version = self.account.publish(name)
            found = self._asked(f"{name}:{version}")
        except Refused as refused:
            return f"SnapStart of a zip on provided.al2023: taken, then: {refused}"
        return f"SnapStart of a zip on provided.al2023: taken; the initialization type is {found['initialization_type']}"

    def _shutdown(self, name):
        what = "SIGTERM with an internal extension registered"
        give_up = time.monotonic() + self.seconds
        lines = self.account.logged(name, "PROBE shutdown")
        while not lines and time.monotonic() < give_up:
            time.sleep(min(PAUSE, self.seconds))
            lines = self.account.logged(name, "PROBE shutdown")
        if not lines:
            return f"{what}: no sign of it in {self.seconds:.0f} s after a change of the configuration"
        # More may be on its way.
        time.sleep(min(PAUSE, self.seconds))
        lines = self.account.logged(name, "PROBE shutdown")
        last = max(int(re.search(r"shutdown (\d+) ms", line).group(1)) for line in lines)
        return f"{what}: it came; the hook wrote {len(lines)} lines, the last one {last} ms after it began"


def machine(cold, warm):
    """Lines about the machine, from the function's answers to its first event and to its second."""
    about = cold["machine"]
    init, event = share(cold["init"]), share(warm["event"])
    there = {True: "came", False: "did not come"}
    number = (about["task"] or "").rpartition(" ")[2]
    ahead = about["read_ahead_kb"].get(number)
    devices = ", ".join(f"{device} {size}" for device, size in sorted(about["read_ahead_kb"].items())) or "none is listed"
    return [
        f"kernel: {about['kernel']}; CPU: {about['cpu'] or 'not told'}",
        f"user: {about['user']}; open files: {about['descriptors']}; /dev/shm: {'yes' if about['shared_memory'] else 'no'}",
        f"share of a CPU at {MEMORY} MB, whose share is {100 * MEMORY / CPU:.0f}%: {init} in the init phase, {event} in an event",
        f"work done in the same time: {cold['init']['work']} in the init phase, {warm['event']['work']} in an event",
        f"initialization type: {cold['initialization_type']}",
        f"Lambda-Runtime-Invocation-Id: {there[cold['invocation_id']]}",
        f"_LAMBDA_TELEMETRY_LOG_FD: {'set' if cold['telemetry_descriptor'] else 'not set'}",
        f"/var/task: {about['task'] or 'not told'}, read ahead by {f'{ahead} KB' if ahead is not None else 'an unknown size'}; "
        f"devices, KB: {devices}",
    ]


def share(measured):
    if measured["cpu_us"] is None:
        return "not told"
    return f"{100 * measured['cpu_us'] / measured['clock_us']:.0f}%"


def told(found, about):
    """Markdown for an issue."""
    lines = [f"**Facts of AWS Lambda**, {about['region']}, {about['date']}, by `scripts/bench-aws --probe`, commit {about['commit']}:", ""]
    return "\n".join(lines + [f"- {arch}: {fact}" for arch, facts in found.items() for fact in facts])
