"""scripts/bench-aws from end to end, against a stand-in for AWS: moto, with recorded events."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from harness import ROOT, TOOLS, WithMoto, run
from stand_in import INIT, StandIn

sys.path.insert(0, str(ROOT / "bench/aws"))
import measure  # noqa: E402

BENCH = ROOT / "scripts/bench-aws"
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:powerTuning"


class BenchAws(WithMoto):
    def setUp(self):
        self.stand_in = StandIn(self.moto)
        self.addCleanup(self.stand_in.stop)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.output = pathlib.Path(folder.name) / "results"
        self.addCleanup(self.nothing_is_left)

    def command(self, *options, only="hello,layer-bash"):
        return [str(BENCH), "--no-build", "--output", str(self.output), "--only", only, *options]

    def environment(self):
        path = f"{TOOLS / 'aws/bin'}:{os.environ['PATH']}"
        return {**self.moto.environment(PATH=path), "AWS_ENDPOINT_URL": self.stand_in.url}

    def bench(self, *options, fails=False, **more):
        return run(*self.command(*options, **more), cwd="/", env=self.environment(), fails=fails)

    def left(self):
        functions = [one["FunctionName"] for one in self.moto.ask("lambda", "list_functions")["Functions"]]
        layers = [one["LayerName"] for one in self.moto.ask("lambda", "list_layers")["Layers"]]
        roles = [one["RoleName"] for one in self.moto.ask("iam", "list_roles")["Roles"]]
        tables = self.moto.ask("dynamodb", "list_tables")["TableNames"]
        logs = [one["logGroupName"] for one in self.moto.ask("logs", "describe_log_groups")["logGroups"]]
        return [name for name in functions + layers + roles + tables + logs if "coldspark-bench-" in name]

    def nothing_is_left(self):
        self.assertEqual(self.left(), [])

    def results(self, arch):
        (file,) = self.output.glob(f"*-{arch}-aws-*.json")
        made = json.loads(file.read_text())
        return made, {program["name"]: program for program in made["programs"]}

    def test_figures_of_forced_cold_starts_become_results_and_charts(self):
        said = self.bench("--yes", "--starts", "2", "--memory", "512", "--power-tuning", MACHINE)
        for arch in ("x86_64", "arm64"):
            made, programs = self.results(arch)
            self.assertEqual(set(programs), {"hello 512 MB", "layer-bash 512 MB"})
            for name, program in programs.items():
                kind, size = name.split()[0], int(name.split()[1])
                init = program["timed"]["aws_init_us"]["us"]
                self.assertEqual((init["median"], init["count"]), (INIT[kind] * 128 / size * 1000, 2))
                self.assertEqual(program["timed"]["aws_warm_event_us"]["us"], {"median": 1250.0, "p10": 1250.0, "p90": 1250.0, "count": 2})
                self.assertEqual(program["timed"]["aws_first_billed_us"]["us"]["median"], (round(INIT[kind] * 128 / size) + 2) * 1000)
                self.assertEqual(program["counted"]["aws_max_memory_used_mb"], 14)
                self.assertGreater(program["counted"]["bytes"], 100_000)
                self.assertEqual(program["failed"], {})
            self.assertEqual(made["power_tuning"]["hello"]["power"], 512)
            chart = xml.etree.ElementTree.parse(self.output / f"{arch}-aws-init.svg")
            self.assertIn("hello 512 MB", "".join(chart.getroot().itertext()))
        self.assertIn("| hello 512 MB | 2.50 (2.50 to 2.50) | 1.25", said)

    def test_lambda_runtime_is_deployed_and_measured_like_the_others(self):
        # What scripts/bench-aws would build for it lies in a cache of the test's.
        cache = self.output.parent / "cache"
        cache.mkdir()
        (cache / "tools").symlink_to(TOOLS)
        options = ("--yes", "--arch", "arm64", "--memory", "128", "--starts", "1")
        environment = {**self.environment(), "COLDSPARK_CACHE": str(cache)}
        command = self.command(*options, only="lambda_runtime")
        self.assertIn("is missing; run without --no-build", run(*command, cwd="/", env=environment, fails=True))
        way = (TOOLS / "way").read_text().strip()
        peer = cache / f"bench/target-{way}/aarch64-unknown-linux-musl/release/peer-lambda_runtime"
        peer.parent.mkdir(parents=True)
        shutil.copy(ROOT / "dist/arm64/hello/bootstrap", peer)
        run(*command, cwd="/", env=environment)
        _, programs = self.results("arm64")
        self.assertEqual(set(programs), {"lambda_runtime 128 MB"})
        program = programs["lambda_runtime 128 MB"]
        self.assertEqual(program["timed"]["aws_init_us"]["us"]["median"], INIT["lambda_runtime"] * 1000)
        self.assertEqual((program["counted"]["bytes"], program["failed"]), (peer.stat().st_size, {}))

    def has_built(self, program):
        """Sees to it that arm64 has this program. Functions do not run here: any file will do."""
        built = ROOT / f"dist/arm64/{program}/bootstrap"
        if not built.exists():
            built.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "dist/arm64/hello/bootstrap", built)
            self.addCleanup(shutil.rmtree, built.parent)

    def test_a_function_that_calls_dynamodb_has_a_table_and_a_right(self):
        self.has_built("aws")
        seen = {}

        def look(number):
            (function,) = [one for one in self.moto.ask("lambda", "list_functions")["Functions"] if "coldspark-bench-" in one["FunctionName"]]
            (table,) = self.moto.ask("dynamodb", "list_tables")["TableNames"]
            item = self.moto.ask("dynamodb", "get_item", TableName=table, Key={"article": {"S": "rope"}})["Item"]
            role = function["Role"].rpartition("/")[2]
            policy = self.moto.ask("iam", "get_role_policy", RoleName=role, PolicyName="table")["PolicyDocument"]
            seen[number] = (function["Environment"]["Variables"], table, item["price"], policy["Statement"][0])

        self.stand_in.before_event = look
        self.bench("--yes", "--arch", "arm64", "--memory", "128", "--starts", "1", only="aws")
        variables, table, price, statement = seen[1]
        self.assertEqual(variables, {"TABLE": table, "COLD_START": "1.0"})
        self.assertEqual((price, statement["Action"]), ({"N": "350"}, "dynamodb:GetItem"))
        self.assertTrue(statement["Resource"].endswith(f"table/{table}"), statement)
        _, programs = self.results("arm64")
        self.assertEqual(programs["aws 128 MB"]["failed"], {})

    def probe(self, *options):
        self.has_built("probe")
        return self.bench("--probe", "--yes", "--arch", "arm64", *options)

    def test_a_probe_tells_facts_and_leaves_nothing(self):
        said = self.probe("--probe-seconds", "1")
        for fact in (
            "**Facts of AWS Lambda**, eu-central-1, ", "- arm64: kernel: 5.10.1; CPU: not told",
            "whose share is 7%: 95% in the init phase, 7% in an event", "Lambda-Runtime-Invocation-Id: came",
            "/var/task: ext4 on 254:16, read ahead by 4096 KB", "refused: aws lambda create-function:", "SnapStart is not for provided.al2023",
            "SIGTERM with an internal extension registered: it came; the hook wrote 25 lines, the last one 480 ms after",
        ):
            self.assertIn(fact, said)
        self.assertFalse(self.output.exists())

    def test_a_probe_says_what_it_did_not_see_and_tries_a_snapshot(self):
        self.stand_in.behaviour = {"probe": "SnapStart, no SIGTERM"}
        said = self.probe("--probe-seconds", "1")
        self.assertIn("internal extension registered: no sign of it in 1 s after a change", said)
        self.assertIn("SnapStart of a zip on provided.al2023: taken; the initialization type is snap-start", said)

    def test_it_asks_first_and_makes_nothing_without_a_yes(self):
        said = self.bench("--arch", "arm64", fails=True)
        self.assertIn("Estimated cost:", said)
        self.assertIn("In the account 123456789012, eu-central-1. Go on? [y/N]", said)
        self.assertFalse([call for call in self.stand_in.calls if call.startswith("POST /2")])

    def test_a_plan_needs_no_account(self):
        done = run(*self.command("--plan", "--starts", "1000"), env={"PATH": "/usr/bin:/bin", "HOME": "/"})
        self.assertEqual(done, "")

    def test_ctrl_c_removes_everything(self):
        for number, when in ((signal.SIGINT, 3), (signal.SIGTERM, 1)):
            process = subprocess.Popen(
                self.command("--yes", "--arch", "arm64", "--memory", "128", only="hello"), env=self.environment(), cwd="/",
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
            base = self.stand_in.calls["event"]
            self.stand_in.before_event = lambda now: process.send_signal(number) if now == base + when else None
            said = process.communicate(timeout=120)[0]
            self.assertEqual(process.returncode, 1, said)
            self.assertIn(f"stopped by {number.name}", said)
            self.assertEqual(self.left(), [])
            self.assertFalse(self.output.exists())

    def test_a_failed_deployment_removes_what_was_made(self):
        original = self.stand_in.forward

        def forward(method, path, headers, body):
            if method == "POST" and path.endswith("/functions") and b"layer-bash" in body:
                return 400, {"Content-Type": "application/json", "X-Amzn-ErrorType": "InvalidParameterValueException"}, (
                    b'{"Type":"User","message":"no such thing"}')
            return original(method, path, headers, body)

        self.stand_in.forward = forward
        said = self.bench("--yes", "--arch", "arm64", "--memory", "128", fails=True)
        self.assertIn("no such thing", said)
        self.assertIn("removing coldspark-bench-", said)

    def test_a_function_that_fails_says_why_and_the_others_are_measured(self):
        self.stand_in.behaviour = {"layer-bash": "warm"}
        said = self.bench("--yes", "--arch", "arm64", "--memory", "128", "--starts", "1", fails=True)
        reason = "no cold start in 3 tries"
        self.assertIn(reason, said)
        _, programs = self.results("arm64")
        self.assertIn(reason, programs["layer-bash 128 MB"]["failed"]["aws_init_us"])
        self.assertEqual(programs["hello 128 MB"]["timed"]["aws_init_us"]["us"]["count"], 1)

    def test_events_without_figures_say_why(self):
        line = "REPORT RequestId: 1\tDuration: 1.50 ms\tBilled Duration: 30 ms\tMemory Size: 128 MB\tMax Memory Used: 9 MB"
        self.assertEqual(measure.report(line), {"duration_ms": 1.5, "billed_ms": 30.0, "memory_mb": 9.0})
        self.assertEqual(measure.report(line + "\tInit Duration: 27.25 ms\t\n")["init_ms"], 27.25)
        self.assertIsNone(measure.report("START\nEND\n"))

        class Canned:
            def __init__(self, answer):
                self.invoke = lambda name, event: (answer, '{"errorType":"Runtime.ExitError"}')

        for answer, reason in (({"FunctionError": "Unhandled"}, "Runtime.ExitError"), ({"LogResult": "RU5ECg=="}, "no REPORT line")):
            function = measure.Function("hello", "arm64", 128, "name")
            self.assertIsNone(measure.event(Canned(answer), function))
            self.assertIn(reason, function.failures[0])

    def test_what_a_killed_run_left_is_torn_down(self):
        process = subprocess.Popen(
            self.command("--yes", "--arch", "arm64", "--memory", "128"), env=self.environment(), cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.stand_in.before_event = lambda number: process.kill()
        process.wait(120)
        self.assertGreater(len(self.left()), 3)
        self.moto.ask("iam", "create_role", RoleName="somebody-elses", AssumeRolePolicyDocument="{}")
        self.bench("--teardown")
        roles = [one["RoleName"] for one in self.moto.ask("iam", "list_roles")["Roles"]]
        self.assertIn("somebody-elses", roles)

    def test_wrong_options_are_named(self):
        for options, named in (
            (["--memory", "64"], "128 to 10240 MB"), (["--memory", "much"], "'much'"), (["--starts", "0"], "at least 1"),
            (["--arch", "mips"], "unknown architecture 'mips'"), (["--region"], "--region needs a value"),
            (["--only", "helo"], "no program 'helo'"),
        ):
            self.assertIn(named, self.bench("--plan", *options, fails=True))
