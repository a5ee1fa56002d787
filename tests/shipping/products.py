"""The layer's zip and what a release consists of, by Python's own zip, tar and hashes."""

import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import unittest
import zipfile

from checkout import ARCHES, EXAMPLES, ROOT, Checkout, elf

VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
DATE = (1980, 1, 1, 0, 0, 0)
TRIPLES = {"x86_64": "x86_64-unknown-linux-musl", "arm64": "aarch64-unknown-linux-musl"}


def entries(archive):
    return [(entry.filename, oct(entry.external_attr >> 16), entry.create_system, entry.date_time)
            for entry in archive.infolist()]


def linked(arch):
    """Names and versions of what the layer's binary links, by cargo's lock file and tree."""
    tree = subprocess.run(
        ["cargo", "tree", "--locked", "--offline", "-p", "coldspark-bootstrap", "-e", "normal,no-proc-macro",
         "--target", TRIPLES[arch], "--prefix", "none", "--format", "{p}|{l}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout
    found = {}
    for line in tree.splitlines():
        package, _, licence = line.partition("|")
        name, version = package.split()[:2]
        found[name, version.removeprefix("v")] = licence.removesuffix(" (*)")
    return found


class WithCheckout(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.checkout = Checkout(folder.name)
        cls.dist = cls.checkout.folder / "dist"

    def within(self, said, *parts):
        for part in parts:
            self.assertIn(part, said)


class Layer(WithCheckout):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.checkout.script("package-layer", "--no-build")

    def zip(self, arch):
        return zipfile.ZipFile(self.dist / f"coldspark-{arch}.zip")

    def test_each_zip_has_its_own_binary_version_and_licences(self):
        for arch in ARCHES:
            with self.zip(arch) as archive:
                self.assertIsNone(archive.testzip())
                self.assertEqual(entries(archive), [
                    ("bootstrap", "0o100755", 3, DATE),
                    ("coldspark/LICENSE-APACHE", "0o100644", 3, DATE),
                    ("coldspark/LICENSE-MIT", "0o100644", 3, DATE),
                    ("coldspark/VERSION", "0o100644", 3, DATE),
                    ("coldspark/sbom.cdx.json", "0o100644", 3, DATE),
                ])
                self.assertEqual(archive.read("bootstrap"), elf(arch, seed="layer"))
                self.assertEqual(archive.read("coldspark/VERSION").decode(), f"coldspark {VERSION} {arch}\n")
                for name in ("LICENSE-APACHE", "LICENSE-MIT"):
                    self.assertEqual(archive.read(f"coldspark/{name}"), (ROOT / name).read_bytes())

    def test_the_bill_of_materials_is_what_cargo_links(self):
        for arch in ARCHES:
            with self.zip(arch) as archive:
                bill = json.loads(archive.read("coldspark/sbom.cdx.json"))
            self.assertEqual((bill["bomFormat"], bill["specVersion"], bill["version"]), ("CycloneDX", "1.5", 1))
            self.assertEqual(bill["metadata"]["properties"], [{"name": "architecture", "value": arch}])
            top = bill["metadata"]["component"]
            self.assertEqual((top["name"], top["version"], top["type"]), ("coldspark-bootstrap", VERSION, "application"))
            parts = {(part["name"], part["version"]): part for part in [top, *bill["components"]]}
            self.assertEqual(len(parts), 1 + len(bill["components"]), "a part is there twice")
            expected = linked(arch)
            self.assertEqual(set(parts), set(expected))
            for (name, version), part in parts.items():
                [licence] = part["licenses"]
                self.assertEqual(licence["expression"], expected[name, version].replace("/", " OR "))
                self.assertNotIn("/", licence["expression"])
                self.assertTrue(licence["expression"], f"{name} has no licence")
                self.assertEqual(part["purl"], f"pkg:cargo/{name}@{version}")
                self.assertEqual(part["type"], "application" if part is top else "library")

    def test_the_old_form_of_two_licences_becomes_spdxs(self):
        # No crate that is linked now has it: cargo's metadata as it would be.
        packages = [
            {"name": name, "version": "1.0.0", "license": licence}
            for name, licence in [("coldspark-bootstrap", "MIT"), ("old", "MIT/Apache-2.0"), ("not-linked", "MIT")]
        ]
        output = self.dist / "old.zip"
        subprocess.run(
            [sys.executable, ROOT / "layer/package.py", "arm64", self.checkout.folder, output,
             "old@1.0.0", "coldspark-bootstrap@1.0.0"],
            input=json.dumps({"packages": packages}), text=True, check=True,
        )
        with zipfile.ZipFile(output) as archive:
            [old] = json.loads(archive.read("coldspark/sbom.cdx.json"))["components"]
        self.assertEqual((old["name"], old["licenses"]), ("old", [{"expression": "MIT OR Apache-2.0"}]))

    def test_the_bill_of_materials_is_valid_cyclonedx(self):
        try:
            from cyclonedx.schema import SchemaVersion
            from cyclonedx.validation.json import JsonStrictValidator
        except ImportError:
            self.skipTest("needs cyclonedx-python-lib, which scripts/setup templates installs")
        for arch in ARCHES:
            with self.zip(arch) as archive:
                bill = archive.read("coldspark/sbom.cdx.json").decode()
            self.assertIsNone(JsonStrictValidator(SchemaVersion.V1_5).validate_str(bill))

    def test_one_that_is_over_its_budget_is_refused(self):
        self.addCleanup(self.checkout.binary, "arm64", "layer", elf("arm64", seed="layer"))
        for size, name in [(190_000, "dist/coldspark-arm64.zip"), (1_000_000, "dist/arm64/layer/bootstrap")]:
            self.checkout.binary("arm64", "layer", elf("arm64", size))
            said = self.checkout.script("package-layer", "arm64", "--no-build", "--budget", fails=True)
            self.assertRegex(said, f"{name} has [0-9]+ bytes and is over its budget")


class Release(WithCheckout):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stale = cls.dist / "release/of-the-last-time"
        cls.stale.parent.mkdir(parents=True)
        cls.stale.write_text("old")
        cls.checkout.script("release", "--no-build")
        cls.release = cls.dist / "release"

    def test_it_has_these_files_and_their_sums(self):
        archives = sorted(
            [f"coldspark-{kind}-{VERSION}-{arch}.zip" for kind in ("layer", "examples") for arch in ARCHES]
            + [f"coldspark-{VERSION}.crate"]
        )
        self.assertEqual(sorted(path.name for path in self.release.iterdir()), sorted([*archives, "SHA256SUMS", "NOTES.md"]))
        sums = dict(reversed(line.split("  ")) for line in (self.release / "SHA256SUMS").read_text().splitlines())
        self.assertEqual(sorted(sums), archives)
        for name, sum in sums.items():
            self.assertEqual(sum, hashlib.sha256((self.release / name).read_bytes()).hexdigest(), name)

    def test_the_zips_hold_the_binaries_of_their_architecture(self):
        for arch in ARCHES:
            layer = self.release / f"coldspark-layer-{VERSION}-{arch}.zip"
            self.assertEqual(layer.read_bytes(), (self.dist / f"coldspark-{arch}.zip").read_bytes())
            with zipfile.ZipFile(self.release / f"coldspark-examples-{VERSION}-{arch}.zip") as archive:
                self.assertEqual(
                    [entry[:2] for entry in entries(archive)], [(f"{name}/bootstrap", "0o100755") for name in EXAMPLES]
                )
                for name in EXAMPLES:
                    self.assertEqual(archive.read(f"{name}/bootstrap"), elf(arch, seed=name))

    def test_the_crate_holds_the_library_and_what_its_readers_need(self):
        crate = (self.release / f"coldspark-{VERSION}.crate").read_bytes()
        with tarfile.open(fileobj=io.BytesIO(crate)) as archive:
            names = {pathlib.PurePosixPath(name).relative_to(f"coldspark-{VERSION}").as_posix() for name in archive.getnames()}
        sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "src").rglob("*") if path.is_file()}
        self.assertEqual({name for name in names if name.startswith("src/")}, sources)
        self.assertLessEqual({"Cargo.toml", "README.md", "LICENSE-MIT", "LICENSE-APACHE"}, names)
        self.assertEqual({name.split("/")[0] for name in names} & {"layer", "scripts", "tests", "target", "bootstrap"}, set())

    def test_the_notes_are_the_newest_section_of_the_changelog(self):
        head, _, text = (self.release / "NOTES.md").read_text().partition("\n")
        self.assertEqual(head, f"# coldspark {VERSION}")
        changelog = (ROOT / "CHANGELOG.md").read_text()
        sections = {part.split("]")[0]: part.partition("\n")[2] for part in changelog.split("\n## [")[1:]}
        expected = sections.get(VERSION) or sections["Unreleased"]
        self.assertEqual(text.strip(), expected.strip())
        self.assertTrue(text.strip())
