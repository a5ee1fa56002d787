"""What is made in the AWS account, and how it is removed again. All by the AWS CLI."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import zipfile

# All names begin with it, so that what was left over is found.
PREFIX = "coldspark-bench-"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
# How long a new role may take until Lambda can assume it.
ROLE_SECONDS = 90


class Refused(Exception):
    """A call of the AWS CLI that failed: its own words."""


class Stopped(BaseException):
    """Ctrl-C, or a signal that ends us."""


def say(text):
    print(f"[bench-aws] {text}", file=sys.stderr, flush=True)


def zipped(path, files):
    """Writes a function's zip: (name, bytes, mode)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data, mode in files:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return path


class Account:
    def __init__(self, region, run):
        self.where = ["--region", region] if region else []
        self.run = run
        self.tags = {"coldspark-bench": run}
        self.makes_something = False
        self.signal = None
        self.removing = False
        # Whether the role may have rights, and a table or logs may exist. To look for them, the caller needs
        # further rights, so it is done only then.
        self.extras = False
        # The environment that each function was made with, by its name.
        self.variables = {}

    def stop(self, name):
        """For a signal. What is being made is finished first, so that it is found and removed."""
        self.signal = name
        if not self.makes_something:
            raise Stopped(name)

    def ask(self, *arguments):
        """A call of the AWS CLI; gives its JSON."""
        self.makes_something = arguments[1] != "wait"
        try:
            done = subprocess.run(
                ["aws", *arguments, *self.where, "--output", "json"],
                # Ctrl-C is for us alone.
                stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True,
            )
        finally:
            self.makes_something = False
        if self.signal and not self.removing:
            raise Stopped(self.signal)
        if done.returncode != 0:
            raise Refused(f"aws {' '.join(arguments[:2])}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def name(self, *parts):
        return PREFIX + "-".join([self.run, *map(str, parts)])

    def make_role(self):
        """A role that may do nothing yet (see `allow`): without a right to write logs there are no logs to pay for or to
        remove, and a caller still gets the end of the log with the response."""
        made = self.ask(
            "iam", "create-role", "--role-name", self.name("role"), "--assume-role-policy-document", json.dumps(TRUST),
            "--tags", *[f"Key={key},Value={value}" for key, value in self.tags.items()],
        )
        return made["Role"]["Arn"]

    def allow(self, policy, actions, resource):
        """Gives the role a right."""
        self.extras = True
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}
        self.ask("iam", "put-role-policy", "--role-name", self.name("role"), "--policy-name", policy,
                 "--policy-document", json.dumps(document))

    def make_table(self, key, item):
        """A table with one item, which the role may read; gives its name."""
        name = self.name("table")
        self.extras = True
        made = self.ask(
            "dynamodb", "create-table", "--table-name", name, "--billing-mode", "PAY_PER_REQUEST",
            "--attribute-definitions", f"AttributeName={key},AttributeType=S", "--key-schema", f"AttributeName={key},KeyType=HASH",
            "--tags", *[f"Key={key},Value={value}" for key, value in self.tags.items()],
        )
        self.ask("dynamodb", "wait", "table-exists", "--table-name", name)
        self.ask("dynamodb", "put-item", "--table-name", name, "--item", json.dumps(item))
        self.allow("table", "dynamodb:GetItem", made["TableDescription"]["TableArn"])
        return name

    def publish_layer(self, arch, zip_file):
        made = self.ask(
            "lambda", "publish-layer-version", "--layer-name", self.name("layer", arch),
            "--compatible-runtimes", "provided.al2023", "--compatible-architectures", arch,
            "--zip-file", f"fileb://{zip_file}",
        )
        return made["LayerVersionArn"]

    def make_function(self, name, role, arch, memory, handler, zip_file, layers, variables=None, snap_start=False):
        self.variables[name] = variables or {}
        arguments = [
            "lambda", "create-function", "--function-name", name, "--runtime", "provided.al2023", "--role", role,
            "--handler", handler, "--architectures", arch, "--memory-size", str(memory), "--timeout", "30",
            "--zip-file", f"fileb://{zip_file}", "--description", "made by scripts/bench-aws",
            "--tags", ",".join(f"{key}={value}" for key, value in self.tags.items()),
        ]
        if layers:
            arguments += ["--layers", *layers]
        if variables:
            arguments += ["--environment", json.dumps({"Variables": variables})]
        if snap_start:
            arguments += ["--snap-start", "ApplyOn=PublishedVersions"]
        give_up = time.monotonic() + ROLE_SECONDS
        while True:
            try:
                made = self.ask(*arguments)
                break
            except Refused as refused:
                if "cannot be assumed" not in str(refused) or time.monotonic() > give_up:
                    raise
                time.sleep(3)
        self.ask("lambda", "wait", "function-active-v2", "--function-name", name)
        return made["FunctionArn"]

    def force_cold(self, name, number):
        """Lambda ends all environments of a function whose configuration changes."""
        variables = json.dumps({"Variables": {**self.variables[name], "COLD_START": str(number)}})
        self.ask("lambda", "update-function-configuration", "--function-name", name, "--environment", variables)
        self.ask("lambda", "wait", "function-updated-v2", "--function-name", name)

    def invoke(self, name, event):
        """One event; gives the CLI's answer and the response."""
        with tempfile.TemporaryDirectory() as folder:
            payload, response = pathlib.Path(folder) / "event", pathlib.Path(folder) / "response"
            payload.write_text(event)
            answer = self.ask(
                "lambda", "invoke", "--function-name", name, "--log-type", "Tail", "--payload", f"fileb://{payload}",
                str(response),
            )
            return answer, response.read_text()

    def publish(self, name):
        """Publishes a version, which makes its snapshot; gives the version."""
        version = self.ask("lambda", "publish-version", "--function-name", name)["Version"]
        self.ask("lambda", "wait", "published-version-active", "--function-name", name, "--qualifier", version)
        return version

    def logged(self, name, text):
        """Lines of a function's log with this text."""
        try:
            found = self.ask("logs", "filter-log-events", "--log-group-name", f"/aws/lambda/{name}", "--filter-pattern", f'"{text}"')
        except Refused as refused:
            # The service makes the log group with the first line.
            if "ResourceNotFoundException" in str(refused):
                return []
            raise
        return [event["message"] for event in found["events"] if text in event["message"]]

    def tear_down(self, prefix):
        """Removes all whose name begins with the prefix; gives what could not be removed, and why."""
        assert prefix.startswith(PREFIX)
        self.removing = True
        failed = []

        def remove(what, *arguments):
            say(f"removing {what}")
            try:
                self.ask(*arguments)
            except Refused as refused:
                failed.append(f"{what}: {refused}")

        for function in self.found(prefix, "lambda", "list-functions", "Functions", "FunctionName"):
            remove(function, "lambda", "delete-function", "--function-name", function)
        for layer in self.found(prefix, "lambda", "list-layers", "Layers", "LayerName"):
            versions = self.ask("lambda", "list-layer-versions", "--layer-name", layer)["LayerVersions"]
            for version in versions:
                number = str(version["Version"])
                remove(f"{layer}:{number}", "lambda", "delete-layer-version", "--layer-name", layer,
                       "--version-number", number)
        for role in self.found(prefix, "iam", "list-roles", "Roles", "RoleName"):
            policies = self.ask("iam", "list-role-policies", "--role-name", role)["PolicyNames"] if self.extras else []
            for policy in policies:
                remove(f"{role}: {policy}", "iam", "delete-role-policy", "--role-name", role, "--policy-name", policy)
            remove(role, "iam", "delete-role", "--role-name", role)
        if self.extras:
            for table in self.ask("dynamodb", "list-tables")["TableNames"]:
                if table.startswith(prefix):
                    remove(table, "dynamodb", "delete-table", "--table-name", table)
            for group in self.found(f"/aws/lambda/{prefix}", "logs", "describe-log-groups", "logGroups", "logGroupName"):
                remove(group, "logs", "delete-log-group", "--log-group-name", group)
        return failed

    def found(self, prefix, service, call, key, name):
        return [one[name] for one in self.ask(service, call).get(key, []) if one[name].startswith(prefix)]
