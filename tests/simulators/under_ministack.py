"""Functions under ministack, an emulator of AWS that runs `provided.al2023` as local processes.

`COLDSPARK_TEST_BINARIES` is a folder with `<name>/bootstrap`, `COLDSPARK_TEST_LAYER` the layer's; the
interpreter is that of the venv which `scripts/setup test` makes, with ministack and botocore.
"""

import base64
import io
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile

import botocore.config
import botocore.session

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARIES = pathlib.Path(os.environ["COLDSPARK_TEST_BINARIES"])
LAYER = pathlib.Path(os.environ["COLDSPARK_TEST_LAYER"])
LIMIT = 60
EXECUTABLE = 0o100755 << 16


class Server:
    """The emulator; everything it is told is gone with it."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory(prefix="coldspark-ministack-")
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+b")
        self.process = subprocess.Popen(
            [pathlib.Path(sys.executable).with_name("ministack")],
            env={
                "PATH": os.environ["PATH"],
                "HOME": self.folder.name,
                "TMPDIR": self.folder.name,
                "GATEWAY_PORT": str(port),
                "BIND_HOST": "127.0.0.1",
            },
            cwd=self.folder.name,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        self.wait_until_it_listens(port)
        self.client = botocore.session.Session().create_client(
            "lambda",
            region_name="us-east-1",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=botocore.config.Config(retries={"max_attempts": 0}, read_timeout=LIMIT),
        )

    def wait_until_it_listens(self, port):
        limit = time.monotonic() + LIMIT
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() > limit:
                    raise RuntimeError(f"ministack does not listen: {self.text()}") from None
                time.sleep(0.05)

    def text(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.folder.cleanup()


class Outcome:
    """What the caller of a function sees."""

    def __init__(self, answer):
        self.status = answer["StatusCode"]
        self.error = answer.get("FunctionError")
        self.bytes = answer["Payload"].read()
        self.log = base64.b64decode(answer.get("LogResult", "")).decode()

    @property
    def json(self):
        return json.loads(self.bytes)


class Functions(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.end)

    def function(self, binary, handler, files=(), timeout=30):
        """Deploys a package with that bootstrap; gives what invokes it. Files are paths, or names
        with their text."""
        executable = LAYER if binary == "layer" else BINARIES / binary / "bootstrap"
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            bootstrap = zipfile.ZipInfo("bootstrap")
            bootstrap.external_attr = EXECUTABLE
            bootstrap.create_system = 3
            bootstrap.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(bootstrap, executable.read_bytes())
            for file in files:
                if isinstance(file, tuple):
                    archive.writestr(*file)
                else:
                    archive.write(file, file.name)
        client = self.server.client
        name = self.id().rsplit(".", 1)[1][:60] + "-" + binary
        client.create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Role="arn:aws:iam::000000000000:role/function",
            Handler=handler,
            Code={"ZipFile": package.getvalue()},
            Timeout=timeout,
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name)
        self.addCleanup(client.delete_function, FunctionName=name)

        def invoke(event):
            payload = event if isinstance(event, bytes) else json.dumps(event).encode()
            return Outcome(client.invoke(FunctionName=name, Payload=payload, LogType="Tail"))

        return invoke

    def starts(self, binary):
        """How many processes of the function were started."""
        name = self.id().rsplit(".", 1)[1][:60] + "-" + binary
        return self.server.text().count(f"environment spawned for {name} ")

    def assert_failed(self, outcome, error_type, *texts):
        self.assertEqual((outcome.status, outcome.error), (200, "Unhandled"), outcome.bytes)
        self.assertEqual(outcome.json["errorType"], error_type, outcome.bytes)
        for text in texts:
            self.assertIn(text, outcome.json["errorMessage"])

    def test_hello_returns_its_events(self):
        invoke = self.function("hello", "hello")
        for event in [{}, {"a": [1, 2.5, "\U0001f980"]}, "text", None, [[]], "x" * 5_000_000]:
            outcome = invoke(event)
            self.assertEqual((outcome.status, outcome.error), (200, None), outcome.bytes[:200])
            self.assertTrue(outcome.json == event)
        self.assertEqual(self.starts("hello"), 1)

    def test_errors_have_their_types_and_keep_the_process(self):
        prices = ROOT / "examples/orders/prices.json"
        invoke = self.function("orders", "orders.create", [prices])
        for _ in range(2):
            receipt = invoke({"items": [{"article": "rope", "quantity": 2}]})
            self.assertIsNone(receipt.error, receipt.bytes)
            self.assertEqual((receipt.json["pieces"], receipt.json["total"]), (2, 700))
            unknown = invoke({"items": [{"article": "moon", "quantity": 1}]})
            self.assert_failed(unknown, "Order.UnknownArticle")
            self.assert_failed(invoke([]), "Runtime.InvalidEvent")
        self.assertEqual(self.starts("orders"), 1)

    def test_a_failed_init_step_is_told(self):
        invoke = self.function("orders", "orders.create")
        for _ in range(2):
            outcome = invoke({})
            self.assertIsNotNone(outcome.error, outcome.bytes)
            self.assertIn("prices.json", outcome.bytes.decode())

    def test_an_event_has_its_context(self):
        invoke = self.function("fixture-functions", "context")
        context = invoke({}).json
        self.assertIn(":function:", json.dumps(context))
        self.assertTrue(context["request_id"], context)
        self.assertNotEqual(invoke({}).json["request_id"], context["request_id"])

    def test_a_panic_is_told_and_the_next_event_served(self):
        invoke = self.function("fixture-functions", "panic")
        for _ in range(2):
            outcome = invoke("on purpose")
            self.assertEqual(outcome.error, "Unhandled", outcome.bytes)
            self.assertIn("on purpose", outcome.json["errorMessage"])

    def test_a_stream_is_collected(self):
        invoke = self.function("fixture-stream", "script")
        script = [{"Write": '"first '}, "Flush", {"Write": 'second"'}]
        for _ in range(2):
            outcome = invoke(script)
            self.assertEqual((outcome.error, outcome.json), (None, "first second"))
        failed = invoke([{"Fail": {"error_type": "Stream.Failed", "message": "as told"}}])
        self.assert_failed(failed, "Stream.Failed", "as told")
        self.assertEqual(self.starts("fixture-stream"), 1)

    def test_the_layer_answers_for_a_shell_function(self):
        script = 'handler() { echo "to the log" >&2; [ "$(cat)" != 0 ] || exit 3; echo 1; }\n'
        invoke = self.function("layer", "function.handler", [("function.sh", script)])
        for _ in range(2):
            served = invoke(2)
            self.assertEqual((served.error, served.json), (None, 1))
            self.assertIn("to the log", served.log)
            self.assertEqual(invoke(0).error, "Unhandled")
        self.assertEqual(self.starts("layer"), 1)

    def test_a_timeout_ends_the_process_and_the_next_event_is_served(self):
        invoke = self.function("fixture-concurrent", "work", timeout=1)
        hangs = invoke({"do": "hold"})
        self.assertEqual(hangs.error, "Unhandled")
        self.assertIn("timed out", hangs.json["errorMessage"])
        served = invoke({"do": "wait", "milliseconds": 0})
        self.assertIsNone(served.error, served.bytes)
        self.assertEqual(self.starts("fixture-concurrent"), 2)

    def test_what_a_function_logs_is_in_the_log_of_its_event(self):
        invoke = self.function("fixture-functions", "log")
        self.assertIn("first", invoke("first").log)
