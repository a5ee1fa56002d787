"""What the tests of shipped things share: where things are, commands, and a stand-in for AWS."""

import os
import pathlib
import socket
import subprocess
import sys
import time
import unittest

import boto3

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/docs"))
from ports import free_port  # noqa: E402

CACHE = pathlib.Path(
    os.environ.get("COLDSPARK_CACHE")
    or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "coldspark"
)
TOOLS = CACHE / "tools"
TEMPLATES = ROOT / "layer" / "templates"
ARCHES = ("x86_64", "arm64")
# What AWS wants of a function URL without authorization since October 2025, as `open_to_all` gives it.
OPEN_URL = [("lambda:InvokeFunction", None, True), ("lambda:InvokeFunctionUrl", "NONE", None)]


def environment(**more):
    """This process's environment, with credentials that open nothing."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_PAGER": "",
        "SAM_CLI_TELEMETRY": "0",
        **more,
    }


def run(*command, cwd=ROOT, env=None, fails=False):
    """Runs a command that succeeds, or `fails`; gives what it printed to standard output, or all."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env or environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True,
    )
    if (done.returncode != 0) != fails:
        raise AssertionError(f"{command} ended with status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr if fails else done.stdout


class Moto:
    """A moto server: the control planes of AWS, in memory."""

    def __init__(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [str(TOOLS / "aws/bin/moto_server"), "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment(),
        )
        for _ in range(1200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("moto_server does not listen")

    def environment(self, **more):
        return environment(AWS_ENDPOINT_URL=self.url, **more)

    def ask(self, service, call, **parameters):
        """A call of an AWS service, such as ("lambda", "list_functions")."""
        client = boto3.client(
            service, endpoint_url=self.url, region_name="eu-central-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )
        return getattr(client, call)(**parameters)

    def stop(self):
        self.process.kill()
        self.process.wait()


def permissions(resources):
    """The properties of the permissions among the resources of a CloudFormation template."""
    return [one["Properties"] for one in resources.values() if one["Type"] == "AWS::Lambda::Permission"]


def open_to_all(resources):
    """What everybody may do, and under which condition."""
    return sorted(
        (one["Action"], one.get("FunctionUrlAuthType"), one.get("InvokedViaFunctionUrl"))
        for one in permissions(resources) if one["Principal"] == "*"
    )


class WithMoto(unittest.TestCase):
    """Tests that share one moto server."""

    @classmethod
    def setUpClass(cls):
        cls.moto = Moto()
        cls.addClassCleanup(cls.moto.stop)
