"""scripts/bench-aws in Python: plan, ask, deploy, measure, remove, report."""

import argparse
import datetime
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import tempfile

import power_tuning
import probe
import report
from account import PREFIX, Account, Refused, Stopped, say, zipped
from measure import Function, measure
from programs import ARTICLE, PROBE, PROGRAMS, event

# US dollars, list prices of us-east-1 without the free tier: a GB-second, and a request.
SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
REQUEST = 0.20 / 1_000_000
# What a cold start and a warm event are taken to be billed for, in seconds, on the safe side.
COLD, WARM = 0.5, 0.05
# Seconds that a cold start takes here: three calls, and Lambda's time to change a configuration.
PACE = 6


def options():
    parser = argparse.ArgumentParser(prog="scripts/bench-aws")
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--peer", action="append", default=[], help="ARCH=FILE: lambda_runtime's hello")
    parser.add_argument("--typed", action="append", default=[], help="ARCH=FILE: the typed function")
    parser.add_argument("--arch", required=True)
    parser.add_argument("--memory", default="128,512,1769")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--only", default=",".join(PROGRAMS))
    parser.add_argument("--region")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--power-tuning")
    parser.add_argument("--commit", required=True)
    parser.add_argument("--probe", action="store_true")
    parser.add_argument("--probe-seconds", type=float, default=probe.SECONDS)
    parser.add_argument("--yes", action="store_true")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--teardown", action="store_true")
    chosen = parser.parse_args()
    chosen.arch = chosen.arch.split(",")
    chosen.only = chosen.only.split(",")
    unknown = set(chosen.only) - set(PROGRAMS)
    if unknown:
        sys.exit(f"scripts/bench-aws: no program '{unknown.pop()}'; there are {', '.join(PROGRAMS)}")
    try:
        chosen.memory = [int(size) for size in chosen.memory.split(",")]
    except ValueError:
        sys.exit(f"scripts/bench-aws: --memory is a list such as 128,512, not '{chosen.memory}'")
    if not all(128 <= size <= 10240 for size in chosen.memory):
        sys.exit("scripts/bench-aws: a memory size is 128 to 10240 MB")
    if chosen.starts < 1:
        sys.exit("scripts/bench-aws: --starts is at least 1")
    return chosen


def planned(chosen):
    """What will be done, and what it is estimated to cost."""
    if chosen.probe:
        return (
            f"One function for each of {', '.join(chosen.arch)} ({probe.MEMORY} MB), which tells about the service and "
            f"about its own end; one more to try SnapStart with.\n"
            f"Estimated cost: below 0.01 US dollars, without SnapStart's cache, which Lambda bills for 3 hours at least; "
            f"about {round(2 + chosen.probe_seconds / 60)} minutes at most for each architecture.\n"
            f"Makes functions, a role that may write their logs, and log groups, all named {PREFIX}*, and removes them."
        )
    functions = len(chosen.arch) * len(chosen.only) * len(chosen.memory)
    events = 2 * functions * chosen.starts
    gigabytes = sum(chosen.memory) / 1024
    dollars = events * REQUEST
    for arch in chosen.arch:
        dollars += SECOND[arch] * gigabytes * len(chosen.only) * chosen.starts * (COLD + WARM)
    if chosen.power_tuning:
        tunings = len(chosen.arch) * len(chosen.only)
        runs = tunings * power_tuning.EVENTS * len(chosen.memory)
        dollars += runs * REQUEST + tunings * power_tuning.EVENTS * gigabytes * WARM * max(SECOND.values())
    minutes = max(1, round(functions * chosen.starts * PACE / 60))
    return (
        f"{functions} functions ({', '.join(chosen.only)}; {', '.join(chosen.arch)}; "
        f"{', '.join(map(str, chosen.memory))} MB), {chosen.starts} cold starts and warm events of each: {events} events.\n"
        f"Estimated cost: {dollars:.4f} US dollars (list prices of us-east-1, no free tier, {COLD} s billed for a cold "
        f"start and {WARM} s for a warm event); about {minutes} minutes.\n"
        f"Makes functions, layers{', a table' if tabled(chosen) else ''} and a role named {PREFIX}*, and removes them."
    )


def tabled(chosen):
    return any(PROGRAMS[name].table for name in chosen.only)


def packages(chosen, programs, folder):
    """The zip of each program and architecture, with the sizes that the report tells."""
    zips, sizes = {}, {}
    built = {name: dict(pair.split("=", 1) for pair in getattr(chosen, name)) for name in ("peer", "typed")}
    for arch in chosen.arch:
        for name, program in programs.items():
            files = {where: paths.get(arch, "/nowhere") for where, paths in built.items()}
            source = pathlib.Path(program.source.format(root=chosen.root, arch=arch, **files))
            if not source.is_file():
                raise Refused(f"{source} is missing; run without --no-build, which makes it")
            zips[name, arch] = zipped(folder / f"{name}-{arch}.zip", [(program.file, source.read_bytes(), 0o755)])
            size = {"bytes": source.stat().st_size, "zip_bytes": zips[name, arch].stat().st_size}
            if program.layer:
                size["bytes"] += (chosen.root / f"dist/{arch}/layer/bootstrap").stat().st_size
                size["zip_bytes"] += (chosen.root / f"dist/coldspark-{arch}.zip").stat().st_size
            sizes[name, arch] = size
    return zips, sizes


def deploy(account, chosen, zips):
    role = account.make_role()
    table = None
    if tabled(chosen):
        say("making a table")
        table = account.make_table("article", {"article": {"S": ARTICLE}, "price": {"N": "350"}})
    functions = []
    for arch in chosen.arch:
        layers = []
        if any(PROGRAMS[name].layer for name in chosen.only):
            layers = [account.publish_layer(arch, chosen.root / f"dist/coldspark-{arch}.zip")]
        for name in chosen.only:
            for memory in chosen.memory:
                program = PROGRAMS[name]
                function = Function(name, arch, memory, account.name(name, arch, memory), event=event(program, chosen.root))
                say(f"making {function.name}")
                function.arn = account.make_function(
                    function.name, role, arch, memory, program.handler, zips[name, arch],
                    layers if program.layer else [], {"TABLE": table} if program.table else None,
                )
                functions.append(function)
    return functions


def probed(account, chosen, zips):
    """What the service does where its documentation is silent: lines for each architecture."""
    role = account.make_role()
    account.allow("logs", ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "*")
    asked = {}
    for arch in chosen.arch:
        asked[arch] = probe.Probe(account, arch, role, zips["probe", arch], chosen.probe_seconds).facts()
    return asked


def removed(account, prefix):
    """Removes everything; whether nothing is left."""
    try:
        failed = account.tear_down(prefix)
    except Refused as refused:
        failed = [str(refused)]
    for failure in failed:
        say(f"NOT removed: {failure}")
    if failed:
        say("remove it with scripts/bench-aws --teardown")
    return not failed


def main():
    chosen = options()
    run = datetime.datetime.now().strftime("%Y%m%d-") + secrets.token_hex(3)
    account = Account(chosen.region, run)
    if chosen.teardown:
        account.extras = True
        return 0 if removed(account, PREFIX) else 1
    print(planned(chosen), file=sys.stderr)
    if chosen.plan:
        return 0
    who = account.ask("sts", "get-caller-identity")
    region = chosen.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or subprocess.run(
        ["aws", "configure", "get", "region"], capture_output=True, text=True
    ).stdout.strip()
    if not chosen.yes:
        print(f"In the account {who['Account']}, {region}. Go on? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            say("nothing was done")
            return 1
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(number, _):
        # Once is enough: what follows is the removal.
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        account.stop(signal.Signals(number).name)

    for number in signals:
        signal.signal(number, stop)
    failure, functions, tuned, sizes, facts = None, [], {}, {}, {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            programs = {"probe": PROBE} if chosen.probe else {name: PROGRAMS[name] for name in chosen.only}
            zips, sizes = packages(chosen, programs, pathlib.Path(folder))
            if chosen.probe:
                facts = probed(account, chosen, zips)
            else:
                functions = deploy(account, chosen, zips)
                measure(account, functions, chosen.starts)
                if chosen.power_tuning:
                    tuned = power_tuning.tune(account, chosen.power_tuning, functions, chosen.memory)
    except Stopped as stopped:
        failure = f"stopped by {stopped}"
    except (Refused, OSError) as error:
        failure = str(error)
    for number in signals:
        signal.signal(number, signal.SIG_IGN)
    clean = removed(account, PREFIX + run)
    about = {
        "date": datetime.date.today().isoformat(), "commit": chosen.commit, "region": region, "starts": chosen.starts,
        "versions": {"aws-cli": subprocess.run(["aws", "--version"], capture_output=True, text=True).stdout.strip()},
        "power_tuning": tuned,
    }
    if failure:
        say(f"{failure}; no results")
        return 1
    if chosen.probe:
        print(probe.told(facts, about))
        return 0 if clean else 1
    chosen.output.mkdir(parents=True, exist_ok=True)
    for arch in chosen.arch:
        made = report.results(arch, functions, sizes, about)
        print(report.table(made) + "\n")
        for file in report.write(made, chosen.output):
            say(f"wrote {file}")
    return 0 if clean and not any(function.given_up or not function.cold for function in functions) else 1


try:
    sys.exit(main())
except Refused as refused:
    sys.exit(f"scripts/bench-aws: {refused}")
