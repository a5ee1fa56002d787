"""Drives the state machine of AWS Lambda Power Tuning (github.com/alexcasalboni/aws-lambda-power-tuning)."""

import json
import time

from account import Refused, say

# Events for each memory size.
EVENTS = 50
SECONDS = 900


def tune(account, machine, functions, memory):
    """For each program and architecture, what the state machine finds: {arch: {program: output}}."""
    found, done = {}, set()
    for function in functions:
        key = function.program, function.arch
        if key in done or function.given_up:
            continue
        done.add(key)
        say(f"power tuning {function.program}, {function.arch}")
        order = {
            "lambdaARN": function.arn, "powerValues": memory, "num": EVENTS, "payload": function.event,
            "parallelInvocation": False, "strategy": "balanced",
        }
        started = account.ask("stepfunctions", "start-execution", "--state-machine-arn", machine, "--input", json.dumps(order))
        found.setdefault(function.arch, {})[function.program] = wait(account, started["executionArn"])
    return found


def wait(account, execution):
    give_up = time.monotonic() + SECONDS
    while time.monotonic() < give_up:
        state = account.ask("stepfunctions", "describe-execution", "--execution-arn", execution)
        if state["status"] == "SUCCEEDED":
            return json.loads(state["output"])
        if state["status"] != "RUNNING":
            raise Refused(f"the state machine ended with {state['status']}: {state.get('cause') or state.get('error') or 'no cause'}")
        time.sleep(1)
    raise Refused(f"the state machine {execution} did not end in {SECONDS} s")
