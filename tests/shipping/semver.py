"""The public API against that of an earlier commit, by cargo-semver-checks: what breaks its users is listed
here, and CHANGELOG.md says what to do. COLDSPARK_SEMVER_CHECKS names the tool (scripts/setup semver)."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tomllib
import unittest

from checkout import ROOT, run

TOOL = os.environ.get("COLDSPARK_SEMVER_CHECKS", "cargo-semver-checks")
FOLDER = ROOT / "target/semver"
# Before the public API was changed for the first time after it was documented.
EARLIER = "9df378e"
# What is reported, and where the changelog says so.
BREAKS = {
    "function_missing: function coldspark::http::prelude": "`http::prelude(&parts)`, which gave bytes",
    **{
        f"inherent_method_missing: Context::{name}": "`Metadata` has all data of a `Context` except the state"
        for name in (
            "client_context", "cognito_identity", "deadline", "function_arn", "invocation_id", "request_id",
            "tenant_id", "time_left", "trace_id", "traceparent",
        )
    },
}
FAILURE = re.compile(r"^--- failure (\w+): .*? ---$(.*?)(?=^--- |^\s+Summary )", re.M | re.S)
# `  function coldspark::http::prelude, previously in file ...`, `  type Writer is no longer ..., in ...`
ITEM = re.compile(r"^  (\S.*?)(?:, (?:previously )?in .*)?$", re.M)


def described(checkout, name):
    """The description of the library's API that rustdoc gives as JSON, with all features."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    # JSON is an unstable option of rustdoc's, and nothing else is to be built otherwise for it.
    rustdoc = FOLDER / "rustdoc"
    rustdoc.write_text('#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc "$@"\n')
    rustdoc.chmod(0o755)
    run(
        "cargo", "rustdoc", "--quiet", "--locked", "-p", "coldspark", "--lib", "--all-features",
        "--target-dir", ROOT / "target", "--", "-Zunstable-options", "--output-format", "json", "--cap-lints", "allow",
        cwd=checkout, env={"RUSTDOC": rustdoc},
    )
    return shutil.copy(ROOT / "target/doc/coldspark.json", FOLDER / f"{name}.json")


def earlier():
    """A checkout of the earlier commit."""
    packed = subprocess.run(["git", "-C", ROOT, "archive", EARLIER], capture_output=True, check=False)
    if packed.returncode != 0:
        raise AssertionError(f"this clone does not have the commit {EARLIER}: git fetch --unshallow")
    folder = FOLDER / EARLIER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
    return folder


def features(checkout):
    return set(tomllib.loads((checkout / "Cargo.toml").read_text())["features"])


def breaks(before, after):
    """What breaks a user of the first API with the second: `LINT: ITEM`."""
    done = subprocess.run(
        [TOOL, "semver-checks", "--color", "never", "--release-type", "patch", "--baseline-rustdoc", before, "--current-rustdoc", after],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )
    said = done.stdout + done.stderr
    if "unsupported rustdoc format" in said:
        raise unittest.SkipTest(f"cargo-semver-checks does not read the JSON of this compiler: {said.strip()}")
    found = set()
    for lint, text in FAILURE.findall(said):
        found |= {f"{lint}: {item}" for item in ITEM.findall(text.partition("Failed in:\n")[2])}
    if "Checked [" not in said or (done.returncode == 0) != (not found):
        raise AssertionError(f"cargo-semver-checks ended with status {done.returncode}:\n{said}")
    return found


class PublicApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which(TOOL):
            raise AssertionError("cargo-semver-checks is not there; scripts/setup semver installs it")
        cls.checkout = earlier()
        cls.before = described(cls.checkout, EARLIER)
        cls.now = described(ROOT, "now")

    def test_what_breaks_is_listed_and_stands_in_the_changelog(self):
        self.assertEqual(breaks(self.before, self.now), set(BREAKS))
        unreleased = " ".join((ROOT / "CHANGELOG.md").read_text().split())
        for item, text in BREAKS.items():
            self.assertIn(text, unreleased, f"{item} is not in CHANGELOG.md")

    def test_no_feature_was_removed(self):
        self.assertEqual(features(self.checkout) - features(ROOT), set())

    def test_a_function_that_is_missing_is_reported(self):
        api = json.loads(pathlib.Path(self.now).read_text())
        items = next(
            item["inner"]["module"]["items"] for item in api["index"].values()
            if item["name"] == "batch" and "module" in item["inner"]
        )
        queue = next(id for id in items if api["index"][str(id)]["name"] == "queue")
        items.remove(queue)
        without = FOLDER / "without.json"
        without.write_text(json.dumps(api))
        self.assertEqual(breaks(self.now, without), {"function_missing: function coldspark::batch::queue"})
