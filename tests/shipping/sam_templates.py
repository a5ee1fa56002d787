"""The SAM templates: linted, translated with every option on and off, built, deployed to moto."""

import functools
import json
import os
import pathlib
import tempfile
import unittest

import yaml
from harness import ARCHES, ROOT, TEMPLATES, TOOLS, WithMoto, environment, run
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# The translator asks for the region of the process.
os.environ["AWS_DEFAULT_REGION"] = "eu-central-1"
SAM = TOOLS / "templates/bin/sam"
LINT = TOOLS / "templates/bin/cfn-lint"
APPS = ("sam-layer", "sam-rust")
# Without the options for queues, streams, alarms and canaries.
WEB, CRATE = "sam-web", "sam-crate"
REGION = "arn:aws:{}:eu-central-1:123456789012:{}"
# Every option, with a value that is not its default.
OPTIONS = {
    "Architecture": "x86_64",
    "MemorySize": "256",
    "KmsKeyArn": REGION.format("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    "QueueArn": REGION.format("sqs", "orders"),
    "StreamArn": REGION.format("kinesis", "stream/orders"),
    "TableStreamArn": REGION.format("dynamodb", "table/orders/stream/2026-01-01T00:00:00.000"),
    "BatchWindowSeconds": "5",
    "FunctionUrl": "RESPONSE_STREAM",
    "HttpApi": "true",
    "HttpAuth": "NONE",
    "FilterPattern": '{"body":{"kind":["order"]}}',
    "DeadLetters": "true",
    "Alarms": "true",
    "AlarmTopicArn": REGION.format("sns", "alarms"),
    "ProvisionedConcurrency": "2",
}
LAYER = REGION.format("lambda", "layer:coldspark-arm64:1")


@functools.cache
def template_text(app):
    return (TEMPLATES / app / "template.yaml").read_text()


def choices(app):
    """Parameters: none, each option alone, all of them, and those that need each other."""
    yield {}
    for name, value in OPTIONS.items():
        yield {name: value}
    everything = {**OPTIONS, "Canary": "true", "ReportItemFailures": "true"}
    yield everything
    yield {"Alarms": "true", "Canary": "true"}
    yield {**everything, "ReportItemFailures": "false"}
    if app == "sam-layer":
        yield {"LayerArn": LAYER}
        yield {**everything, "Architecture": "arm64", "LayerArn": LAYER}


def translate(text, parameters):
    """What CloudFormation's transform makes of a template."""
    template = yaml_parse(text)
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            # The translator takes what `sam package` leaves there.
            if name in resource.get("Properties", {}) and isinstance(resource["Properties"][name], str):
                if not resource["Properties"][name].startswith("s3:"):
                    resource["Properties"][name] = "s3://bucket/key"
    values = {
        **{name: spec["Default"] for name, spec in template["Parameters"].items() if "Default" in spec},
        **parameters,
    }
    return transform(template, values, NoManagedPolicies())


class NoManagedPolicies:
    def load(self):
        return {}


class Static(unittest.TestCase):
    def test_sam_and_cfn_lint_accept_the_templates(self):
        for app in (*APPS, WEB, CRATE):
            with self.subTest(app):
                said = run(SAM, "validate", "--lint", "-t", TEMPLATES / app / "template.yaml", cwd=TEMPLATES / app)
                self.assertIn("is a valid SAM Template", said)

    def test_every_option_on_and_off_translates_to_a_template_that_lints(self):
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for app in APPS:
                for number, parameters in enumerate(choices(app)):
                    made = translate(template_text(app), parameters)
                    self.assertIn("FunctionAliaslive", made["Resources"])
                    # The transform cannot know a parameter of the deployment, only its value now.
                    canary = parameters.get("Canary") == "true"
                    self.assertEqual("FunctionDeploymentGroup" in made["Resources"], canary, parameters)
                    # An option alone lints like all together; the lint takes its time.
                    if len(parameters) != 1:
                        files.append(pathlib.Path(folder) / f"{app}-{number}.json")
                        files[-1].write_text(json.dumps(made))
            # W2001: what the transform has used up is not referred to any more.
            run(LINT, "--ignore-checks", "W2001", "--", *files)

    def test_a_mistake_in_a_template_is_seen(self):
        broken = template_text("sam-layer").replace("Statistic: Maximum", "Statistic: Highest")
        self.assertNotEqual(broken, template_text("sam-layer"))
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "template.yaml"
            path.write_text(broken)
            self.assertIn("Highest", run(LINT, path, fails=True))

    def test_both_templates_have_the_same_options(self):
        layer, own = (yaml_parse(template_text(app)) for app in APPS)
        only_layer = {
            "Parameters": {"LayerArn"},
            "Conditions": {"IsArm", "HasLayerArn", "PublishArm", "PublishX86"},
            "Resources": {"LayerArm64", "LayerX86"},
        }
        for section in ("Parameters", "Conditions", "Resources", "Rules", "Outputs"):
            shared = set(layer[section]) - only_layer.get(section, set())
            self.assertEqual(shared, set(own[section]))
            for name in shared - {"Function", "Architecture", "ReportItemFailures"}:
                self.assertEqual(layer[section][name], own[section][name], name)
        ours = {"CodeUri", "Handler", "Layers"}
        properties = [
            {name: value for name, value in template["Resources"]["Function"]["Properties"].items() if name not in ours}
            for template in (layer, own)
        ]
        self.assertEqual(*properties)

    def test_yaml_aliases_which_cloudformation_refuses_are_not_used(self):
        for app in APPS:
            events = yaml.parse(template_text(app))
            self.assertFalse([event for event in events if type(event).__name__ == "AliasEvent"])


class Deployed(WithMoto):
    """Built by `sam build`, packaged by `sam package`, and made by CloudFormation as moto has it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        where = {"LocationConstraint": "eu-central-1"}
        cls.moto.ask("s3", "create_bucket", Bucket="code", CreateBucketConfiguration=where)

    def deploy(self, app, arch, source):
        with tempfile.TemporaryDirectory() as folder:
            packaged = pathlib.Path(folder) / "packaged.yaml"
            run(
                SAM, "package", "-t", source, "--s3-bucket", "code", "--output-template-file", packaged,
                "--region", "eu-central-1", env=self.moto.environment(), cwd=TEMPLATES / app,
            )
            parameters = {"Architecture": arch, "DeadLetters": "true", "Alarms": "true", "QueueArn": self.queue()}
            made = translate(packaged.read_text(), parameters)
            # moto's CloudFormation makes no alias, so the queue is read by the function.
            made["Resources"]["QueueSource"]["Properties"]["FunctionName"] = {"Ref": "Function"}
            stack = f"{app}-{arch.replace('_', '-')}"
            self.moto.ask(
                "cloudformation", "create_stack", StackName=stack, TemplateBody=json.dumps(made),
                Capabilities=["CAPABILITY_IAM"],
                Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            )
        described = self.moto.ask("cloudformation", "describe_stacks", StackName=stack)["Stacks"][0]
        self.assertEqual(described["StackStatus"], "CREATE_COMPLETE", described)
        resources = self.moto.ask("cloudformation", "describe_stack_resources", StackName=stack)["StackResources"]
        made_ids = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in resources
            # What moto does not know has no id.
            if {"LogicalResourceId", "PhysicalResourceId"} <= resource.keys()
        }
        for layer in self.moto.ask("lambda", "list_layers")["Layers"]:
            # moto gives a layer no id in the stack, only a name that begins with both.
            if layer["LayerName"].startswith(stack + "-Layer"):
                made_ids[layer["LayerName"].removeprefix(stack + "-")] = layer["LatestMatchingVersion"]
        return made_ids

    def queue(self):
        """A queue for the function to read; the same one for all."""
        url = self.moto.ask("sqs", "create_queue", QueueName="orders")["QueueUrl"]
        asked = self.moto.ask("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["QueueArn"])
        return asked["Attributes"]["QueueArn"]

    def check(self, made, handler):
        function = self.moto.ask("lambda", "get_function", FunctionName=made["Function"])["Configuration"]
        # moto's CloudFormation does not read Architectures.
        self.assertEqual(
            (function["Runtime"], function["Handler"], function["MemorySize"]), ("provided.al2023", handler, 128)
        )
        mappings = self.moto.ask("lambda", "list_event_source_mappings")["EventSourceMappings"]
        self.assertTrue([one for one in mappings if one["EventSourceArn"] == self.queue()])
        attributes = self.moto.ask(
            "sqs", "get_queue_attributes", QueueUrl=made["DeadLetterQueue"], AttributeNames=["All"]
        )["Attributes"]
        self.assertEqual(attributes["MessageRetentionPeriod"], "1209600")
        policy = self.moto.ask("iam", "get_role_policy", RoleName=made["Role"], PolicyName="function")
        allowed = json.dumps(policy["PolicyDocument"])
        self.assertIn("sqs:ReceiveMessage", allowed)
        self.assertNotIn("kinesis:", allowed)

    def test_the_layer_app_is_deployed_on_both_architectures(self):
        for arch in ARCHES:
            made = self.deploy("sam-layer", arch, TEMPLATES / "sam-layer/template.yaml")
            self.check(made, "handler.worker")
            layer = next(made[name] for name in made if name.startswith("LayerArm64" if arch == "arm64" else "LayerX86"))
            self.assertEqual(layer["CompatibleRuntimes"], ["provided.al2023"])

    def test_the_rust_app_is_built_by_sam_with_the_makefile_and_deployed(self):
        for arch in ARCHES:
            with tempfile.TemporaryDirectory() as folder:
                built = pathlib.Path(folder) / "build"
                run(
                    SAM, "build", "--build-dir", built, "--parameter-overrides", f"Architecture={arch}",
                    cwd=TEMPLATES / "sam-rust", env=environment(ARCH=arch),
                )
                bootstrap = built / "Function/bootstrap"
                self.assertEqual(bootstrap.read_bytes(), (ROOT / f"dist/{arch}/queue/bootstrap").read_bytes())
                self.assertTrue(os.access(bootstrap, os.X_OK))
                made = self.deploy("sam-rust", arch, built / "template.yaml")
            self.check(made, "queue")
