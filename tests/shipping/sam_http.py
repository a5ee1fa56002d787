"""The SAM templates by HTTP: function URLs, HTTP APIs, a web application; and the template for a crate."""

import json
import os
import pathlib
import shutil
import tempfile
import unittest

from harness import OPEN_URL, TEMPLATES, environment, open_to_all, permissions, run
from sam_templates import APPS, CRATE, LAYER, LINT, SAM, WEB, template_text, translate
from samtranslator.yaml_helper import yaml_parse

HTTP_TYPES = {
    "AWS::Lambda::Url", "AWS::Lambda::Permission", "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage",
}
# Puts its arguments where cargo and cargo-lambda put what they build.
CARGO = """#!/bin/sh
case $1 in
metadata) printf '{"packages":[],"target_directory":"%s/target","version":1}' "$PWD" ;;
zigbuild) mkdir -p "target/$4/release" && echo "$@" >"target/$4/release/$6" ;;
lambda)
    echo "$@" | sed 's/.*--lambda-dir \\([^ ]*\\).*/\\1/' | { read -r folder; echo "$@" >"$folder/bootstrap"; } ;;
esac
"""


def evaluated(text, parameters):
    """The resources that CloudFormation would make: conditions decided, and references to parameters resolved."""
    made = translate(text, parameters)
    values = {name: parameters.get(name, spec.get("Default")) for name, spec in made["Parameters"].items()}

    def value(node):
        if isinstance(node, list):
            return [value(one) for one in node]
        if not isinstance(node, dict):
            return node
        if set(node) == {"Ref"} and node["Ref"] in values:
            return values[node["Ref"]]
        return {name: value(one) for name, one in node.items()}

    def holds(condition):
        (kind, inner), = condition.items()
        if kind == "Condition":
            return holds(made["Conditions"][inner])
        if kind == "Fn::Equals":
            first, second = value(inner)
            return first == second
        return {"Fn::Not": lambda: not holds(inner[0]), "Fn::And": lambda: all(map(holds, inner)),
                "Fn::Or": lambda: any(map(holds, inner))}[kind]()

    return {
        name: value(one) for name, one in made["Resources"].items()
        if "Condition" not in one or holds({"Condition": one["Condition"]})
    }


class Http(unittest.TestCase):
    def is_open(self, resources):
        """The function is open to everybody, and only by the URL of its alias."""
        self.assertEqual(open_to_all(resources), OPEN_URL)
        opened = [one["FunctionName"] for one in permissions(resources) if one["Principal"] == "*"]
        self.assertEqual(opened, [{"Ref": "FunctionAliaslive"}] * len(OPEN_URL))

    def test_the_web_application_has_a_streaming_url_on_the_layer(self):
        for parameters in ({}, {"Architecture": "x86_64"}, {"LayerArn": LAYER}):
            made = translate(template_text(WEB), parameters)
            url = made["Resources"]["FunctionUrl"]["Properties"]
            self.assertEqual(url["InvokeMode"], "RESPONSE_STREAM")
            function = made["Resources"]["Function"]["Properties"]
            variables = function["Environment"]["Variables"]
            self.assertEqual(variables["AWS_LAMBDA_EXEC_WRAPPER"], "/opt/bootstrap")
            self.assertIn("GetAtt", str(made["Outputs"]["Url"]))
            self.is_open(made["Resources"])

    def test_a_function_url_and_an_http_api_are_options_closed_unless_told(self):
        for app in (*APPS, CRATE):
            text = template_text(app)
            made = evaluated(text, {})
            self.assertFalse([one for one in made.values() if one["Type"] in HTTP_TYPES], app)
            for mode in ("BUFFERED", "RESPONSE_STREAM"):
                made = evaluated(text, {"FunctionUrl": mode})
                url = {"TargetFunctionArn": {"Ref": "Function"}, "Qualifier": "live", "AuthType": "AWS_IAM", "InvokeMode": mode}
                self.assertEqual(made["Url"]["Properties"], url)
                self.assertEqual([one["Type"] for one in made.values() if one["Type"] in HTTP_TYPES], ["AWS::Lambda::Url"])
                made = evaluated(text, {"FunctionUrl": mode, "HttpAuth": "NONE"})
                self.assertEqual(made["Url"]["Properties"], {**url, "AuthType": "NONE"})
                self.is_open(made)
            for auth in ("AWS_IAM", "NONE"):
                made = evaluated(text, {"HttpApi": "true", "HttpAuth": auth})
                self.assertEqual({one["Type"] for one in made.values() if one["Type"] in HTTP_TYPES}, HTTP_TYPES - {"AWS::Lambda::Url"})
                alias = {"Ref": "FunctionAliaslive"}
                integration = made["ApiIntegration"]["Properties"]
                self.assertEqual((integration["PayloadFormatVersion"], integration["IntegrationUri"]), ("2.0", alias))
                route = made["ApiRoute"]["Properties"]
                self.assertEqual((route["RouteKey"], route["AuthorizationType"]), ("$default", auth))
                (permission,) = permissions(made)
                self.assertEqual((permission["Principal"], permission["FunctionName"]), ("apigateway.amazonaws.com", alias))
                self.assertTrue(permission["SourceArn"]["Fn::Sub"].endswith(":${Api}/*/$default"))


class Crate(unittest.TestCase):
    def test_the_template_for_a_crate_lints_with_every_option_and_shares_the_others_ones(self):
        own = yaml_parse(template_text("sam-rust"))
        crate = yaml_parse(template_text(CRATE))
        for section in ("Parameters", "Conditions", "Resources", "Outputs"):
            for name in set(crate[section]) - {"Function", "Role"}:
                self.assertEqual(crate[section][name], own[section][name], name)
        role = crate["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        self.assertEqual([one["Action"] for one in role], [["logs:CreateLogStream", "logs:PutLogEvents"]])
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for number, parameters in enumerate(({}, {"FunctionUrl": "BUFFERED", "HttpApi": "true", "HttpAuth": "NONE"})):
                files.append(pathlib.Path(folder) / f"crate-{number}.json")
                files[-1].write_text(json.dumps(translate(template_text(CRATE), parameters)))
            run(LINT, "--ignore-checks", "W2001", "--", *files)

    def test_sam_builds_a_crate_with_the_flags_of_the_guide(self):
        # Cargo is a stand-in that tells its arguments.
        for builder, arch, target in (
            ("zigbuild", "arm64", "aarch64-unknown-linux-musl"), ("cargo-lambda", "x86_64", "x86_64-unknown-linux-musl"),
        ):
            with tempfile.TemporaryDirectory() as folder:
                crate, tools = pathlib.Path(folder) / "crate", pathlib.Path(folder) / "bin"
                shutil.copytree(TEMPLATES / CRATE, crate)
                tools.mkdir()
                (crate / "Cargo.toml").write_text('[package]\nname = "a-crate"\n\n[[bin]]\nname = "other"\n')
                (tools / "cargo").write_text(CARGO)
                (tools / "cargo").chmod(0o755)
                run(
                    SAM, "build", cwd=crate,
                    env=environment(BUILDER=builder, ARCH=arch, PATH=f"{tools}:{os.environ['PATH']}"),
                )
                built = crate / ".aws-sam/build/Function/bootstrap"
                said = built.read_text().split()
                self.assertEqual(said[: 4 if builder == "zigbuild" else 5][-3:], ["--release", "--target", target])
                self.assertEqual(said[said.index("--bin") + 1], "a-crate")

    def test_an_architecture_that_lambda_lacks_is_an_error_of_the_makefile(self):
        said = run("make", "-n", "build-Function", "ARCH=riscv64", "BIN=one", cwd=TEMPLATES / CRATE, fails=True)
        self.assertIn("ARCH is arm64 or x86_64, not riscv64", said)
