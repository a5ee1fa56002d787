"""Projects that examples/.template makes: the same by each tool; tested, built, invoked and zipped."""

import filecmp
import os
import pathlib
import shutil
import tempfile
import unittest
import zipfile

from harness import ROOT, TEMPLATES, TOOLS, environment, run

TEMPLATE = ROOT / "examples/.template"
GENERATE = TOOLS / "cargo/bin/cargo-generate"
FORMS = ("json", "http", "queue", "stream")
# By which of its two ways `sam build` makes the project of a form.
SAM_BUILDERS = {"json": "zigbuild", "queue": "cargo-lambda"}
# What the function answers to the event.json of its form.
ANSWERS = {
    "json": '{"greeting":"Hello, Ada!","request":"',
    "http": '"body":"Hello, Ada!\\n"',
    "queue": '{"batchItemFailures":[{"itemIdentifier":"2"}]}',
    "stream": "data: Hello, Ada!\n\n" * 3,
}
# e_machine of an ELF file.
MACHINES = {"x86_64": 62, "aarch64": 183}
# cargo-zigbuild finds zig beside itself.
ENV = environment(PATH=f"{TOOLS / 'venv/bin'}:{os.environ['PATH']}", CARGO_TARGET_DIR=str(ROOT / "target/template"))


def files(folder):
    """The files of a project, but for those of git."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {name.as_posix() for name in names if name.parts[0] != ".git"}


class Template(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def new(self, form):
        # From another folder, by a name without a path.
        run(ROOT / "scripts/new", f"a-{form}", "--form", form, cwd=self.folder)
        return self.folder / f"a-{form}"

    def same(self, made, other):
        self.assertEqual(files(made), files(other))
        self.assertEqual(filecmp.cmpfiles(made, other, files(made), shallow=False)[1:], ([], []))

    def test_cargo_lambda_makes_the_same_of_it(self):
        for form in FORMS:
            made, other = self.new(form), self.folder / "lambda" / f"a-{form}"
            other.parent.mkdir(exist_ok=True)
            run(
                TOOLS / "venv/bin/cargo-lambda", "lambda", "new", "--template", TEMPLATE, "--no-interactive",
                "--render-var", f"form={form}", "--render-var", f"coldspark={os.path.relpath(ROOT, made.resolve())}",
                f"a-{form}", cwd=other.parent, env=environment(HOME=str(self.folder)),
            )
            self.same(made, other)

    @unittest.skipUnless(GENERATE.exists(), "cargo-generate is not installed")
    def test_cargo_generate_makes_the_same_of_it(self):
        for form in FORMS:
            made, other = self.new(form), self.folder / "generate" / f"a-{form}"
            other.parent.mkdir(exist_ok=True)
            run(
                GENERATE, "generate", "--path", TEMPLATE, "--name", f"a-{form}", "--silent", "--vcs", "none",
                "--define", f"form={form}", "--define", f"coldspark={os.path.relpath(ROOT, made.resolve())}",
                cwd=other.parent, env=environment(HOME=str(self.folder), USER="test"),
            )
            self.same(made, other)

    def cargo(self, made, *arguments):
        if not (made / "Cargo.lock").exists():
            shutil.copy(ROOT / "Cargo.lock", made / "Cargo.lock")
        return run("cargo", *arguments, "--quiet", cwd=made, env=ENV)

    def bootstrap(self, made, arch):
        target = f"{arch}-unknown-linux-musl"
        self.cargo(made, "zigbuild", "--release", "--target", target)
        built = ROOT / "target/template" / target / "release" / made.name
        head = built.read_bytes()[:20]
        self.assertEqual((head[:4], int.from_bytes(head[18:20], "little")), (b"\x7fELF", MACHINES[arch]))
        self.assertNotIn(b"ld-musl", built.read_bytes()[:16384], "it has an interpreter")
        return built

    def zipped(self, made):
        packed = zipfile.ZipFile(made / "function.zip").infolist()
        self.assertEqual([(one.filename, one.external_attr >> 16 & 0o777) for one in packed], [("bootstrap", 0o755)])

    def test_the_readme_leads_to_the_zip_of_an_http_function(self):
        section = (ROOT / "README.md").read_text().partition("## A function of your own\n")[2]
        commands = section.partition("```sh\n")[2].partition("```")[0]
        # What was built before is used again: in the repository's own folder, with its versions.
        for shown, here in (
            ("../coldspark/", ""), ("scripts/", f"{ROOT}/scripts/"), (" target/", f" {ROOT}/target/template/"),
            ("~/.cache/coldspark/tools", str(TOOLS)), ("x86_64", os.uname().machine),
            ("cd ../site\n", f"cd ../site && cp {ROOT}/Cargo.lock .\n"),
        ):
            self.assertIn(shown, commands)
            commands = commands.replace(shown, here)
        clone = self.folder / "clone"
        clone.mkdir()
        # Their own PATH line has to find the tools.
        others = [part for part in os.environ["PATH"].split(":") if not part.startswith(str(TOOLS))]
        said = run("bash", "-ec", commands, cwd=clone, env={**ENV, "PATH": ":".join(others)})
        self.assertIn("test result: ok. 2 passed", said)
        self.assertIn(ANSWERS["http"], said)
        self.zipped(self.folder / "site")

    def test_each_form_is_tested_built_invoked_and_zipped(self):
        # The README's is for HTTP.
        for form in set(FORMS) - {"http"}:
            with self.subTest(form):
                made = self.new(form)
                self.cargo(made, "fmt", "--check")
                self.assertIn("test result: ok. 2 passed", self.cargo(made, "test"))
                built = self.bootstrap(made, os.uname().machine)
                said = run(ROOT / "scripts/run-local", "--bootstrap", built, "--event", made / "event.json")
                self.assertIn(ANSWERS[form], said)
                shutil.copy(built, made / "bootstrap")
                run("python3", "-m", "zipfile", "-c", "function.zip", "bootstrap", cwd=made)
                self.zipped(made)
                if form in SAM_BUILDERS:
                    self.sam_builds_the_same(made, SAM_BUILDERS[form])

    def sam_builds_the_same(self, made, builder):
        """By the template for a crate of one's own."""
        shutil.copytree(TEMPLATES / "sam-crate", made, dirs_exist_ok=True)
        arch = "arm64" if os.uname().machine == "aarch64" else "x86_64"
        run(TOOLS / "templates/bin/sam", "build", cwd=made, env={**ENV, "ARCH": arch, "BUILDER": builder})
        bootstrap = made / ".aws-sam/build/Function/bootstrap"
        self.assertEqual(bootstrap.read_bytes(), (made / "bootstrap").read_bytes())
        self.assertTrue(os.access(bootstrap, os.X_OK))

    def test_it_is_built_for_the_other_architecture(self):
        other = next(arch for arch in MACHINES if arch != os.uname().machine)
        self.bootstrap(self.new("http"), other)
