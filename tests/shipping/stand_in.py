"""A stand-in for AWS: moto has the control plane; what moto cannot do, run a function, is recorded.

A function's next event after a change of its configuration is a cold start, as on Lambda. The end of
the log is a REPORT line in Lambda's form. Step Functions runs one execution at once.
"""

import base64
import collections
import http.client
import http.server
import json
import threading
import time
import urllib.parse

from quiet_handler import QuietHandler

REPORT = (
    "START RequestId: 1-2-3 Version: $LATEST\nEND RequestId: 1-2-3\n"
    "REPORT RequestId: 1-2-3\tDuration: {duration:.2f} ms\tBilled Duration: {billed} ms\t"
    "Memory Size: {memory} MB\tMax Memory Used: {used} MB\t{init}\n"
)
# Milliseconds of an init at 128 MB.
INIT = {"hello": 10.0, "typed": 11.0, "http": 12.0, "aws": 40.0, "layer-bash": 30.0, "lambda_runtime": 20.0, "probe": 200.0}
# What bench/probe answers, on a machine of another time.
PROBED = {
    "initialization_type": "on-demand", "invocation_id": True, "telemetry_descriptor": False,
    "init": {"clock_us": 200_000, "cpu_us": 190_000, "work": 4000},
    "event": {"clock_us": 200_000, "cpu_us": 14_000, "work": 300},
    "machine": {
        "kernel": "5.10.1", "cpu": None, "user": 993, "descriptors": 1024, "shared_memory": False,
        "task": "ext4 on 254:16", "read_ahead_kb": {"254:0": 128, "254:16": 4096},
    },
}
# The words are this stand-in's; those of AWS are what the probe asks for.
NO_SNAP_START = {"Type": "User", "message": "SnapStart is not for provided.al2023"}


class StandIn:
    def __init__(self, moto):
        self.moto = urllib.parse.urlsplit(moto.url).netloc
        self.moto_of_logs = lambda call, **parameters: moto.ask("logs", call, **parameters)
        self.calls = collections.Counter()
        self.lock = threading.Lock()
        # What it does to programs: name -> "warm" (never cold), and for the probe "SnapStart" (its zip may
        # have it) and "no SIGTERM".
        self.behaviour = {}
        self.seen, self.executions = {}, {}
        # Called with the number of events so far, before each.
        self.before_event = lambda number: None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.stand_in = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def forward(self, method, path, headers, body):
        connection = http.client.HTTPConnection(self.moto, timeout=60)
        connection.request(method, path, body, {**headers, "Host": self.moto})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    def event(self, name, headers):
        with self.lock:
            self.calls["event"] += 1
            number = self.calls["event"]
        self.before_event(number)
        # A version is asked for by its number behind a colon.
        name = urllib.parse.unquote(name).partition(":")[0]
        _, _, described = self.forward("GET", f"/2015-03-31/functions/{name}", headers, b"")
        configuration = json.loads(described)["Configuration"]
        program = next(program for program in INIT if f"-{program}-" in name)
        behaviour = self.behaviour.get(program)
        variables = json.dumps(configuration.get("Environment"))
        cold = self.seen.get(name) != variables and behaviour != "warm"
        self.seen[name] = variables
        memory = configuration["MemorySize"]
        init = INIT[program] * 128 / memory
        text = REPORT.format(
            duration=1.25, billed=round(init) + 2 if cold else 2, memory=memory, used=14,
            init=f"Init Duration: {init:.2f} ms\t" if cold else "",
        )
        response = b'{"name":"World"}'
        if program == "probe":
            kind = "snap-start" if "-snapstart-" in name else "on-demand"
            response = json.dumps({**PROBED, "initialization_type": kind}).encode()
        return {"X-Amz-Log-Result": base64.b64encode(text.encode()).decode()}, response

    def ended(self, name):
        """The environment of a function whose configuration changes has ended: what the probe writes then."""
        group, stream = f"/aws/lambda/{name}", "one"
        self.moto_of_logs("create_log_group", logGroupName=group)
        if "no SIGTERM" in self.behaviour.get("probe", ""):
            return
        self.moto_of_logs("create_log_stream", logGroupName=group, logStreamName=stream)
        now = int(time.time() * 1000)
        lines = [{"timestamp": now + at, "message": f"PROBE shutdown {at} ms"} for at in range(0, 500, 20)]
        self.moto_of_logs("put_log_events", logGroupName=group, logStreamName=stream, logEvents=lines)

    def step_functions(self, action, order):
        if action == "StartExecution":
            arn = f"arn:aws:states:eu-central-1:123456789012:execution:tuning:{len(self.executions)}"
            self.executions[arn] = json.loads(order["input"])
            return {"executionArn": arn, "startDate": 1.0}
        tuned = self.executions[order["executionArn"]]
        output = json.dumps({"power": max(tuned["powerValues"]), "cost": 1e-7, "duration": 1.5})
        return {
            "executionArn": order["executionArn"], "stateMachineArn": "arn:aws:states:::tuning", "name": "1",
            "status": "SUCCEEDED", "startDate": 1.0, "input": "{}", "output": output,
        }


class Handler(QuietHandler):
    def answer(self):
        stand_in = self.server.stand_in
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        hop = ("host", "content-length", "transfer-encoding", "connection", "expect")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in hop}
        path = self.path.split("?")[0]
        target = self.headers.get("X-Amz-Target", "")
        if path.endswith("/invocations"):
            more, said = stand_in.event(path.split("/")[-2], headers)
            self.reply(200, {"Content-Type": "application/json", **more}, said)
        elif target.startswith("AWSStepFunctions."):
            said = stand_in.step_functions(target.split(".")[1], json.loads(body))
            self.reply(200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(said).encode())
        elif path.endswith("/functions") and b'"SnapStart"' in body and "SnapStart" not in stand_in.behaviour.get("probe", ""):
            self.reply(400, {"Content-Type": "application/json", "X-Amzn-ErrorType": "InvalidParameterValueException"},
                       json.dumps(NO_SNAP_START).encode())
        else:
            status, more, said = stand_in.forward(self.command, self.path, headers, body)
            if self.command == "PUT" and path.endswith("/configuration") and "-probe-" in path:
                stand_in.ended(path.split("/")[-2])
            with stand_in.lock:
                stand_in.calls[f"{self.command} {path}"] += 1
            kept = {name: value for name, value in more.items() if name.lower() not in (*hop, "server", "date")}
            self.reply(status, kept, said)

    do_GET = do_POST = do_PUT = do_DELETE = answer
