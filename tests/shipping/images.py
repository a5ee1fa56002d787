"""Container images: as skopeo sees them, the same bytes each time, and run without the host."""

import hashlib
import http.server
import json
import os
import pathlib
import platform
import shutil
import subprocess
import tarfile
import tempfile
import threading
import unittest

from harness import ARCHES, ROOT, TOOLS, environment, run
from quiet_handler import QuietHandler

PACKAGE = ROOT / "scripts/package-image"
HOST = "x86_64" if platform.machine() == "x86_64" else "arm64"
NAMES = {"x86_64": "amd64", "arm64": "arm64"}
LABEL = "com.amazonaws.lambda.feature.snapstart"
# A root of its own in a mount namespace, with what Lambda mounts there; read-only, as nobody.
RUN = """
set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
mkdir -p "$1/proc"
mount -t proc proc "$1/proc"
mount -o remount,bind,ro "$1"
root=$1 directory=$2
shift 2
exec chroot --userspec=65534:65534 "$root" "$@"
"""


def skopeo(*arguments):
    program = shutil.which("skopeo") or TOOLS / "bin/skopeo"
    return json.loads(run(program, *arguments))


def tree(folder):
    """What a folder holds, as one digest."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def unpack(layout, tag, root):
    """The root file system and the configuration of an image, layer by layer."""
    manifest = skopeo("inspect", "--raw", f"oci:{layout}:{tag}")
    for layer in manifest["layers"]:
        with tarfile.open(layout / "blobs/sha256" / layer["digest"].removeprefix("sha256:")) as archive:
            archive.extractall(root, filter="tar")
    return skopeo("inspect", "--config", f"oci:{layout}:{tag}")["config"]


class RuntimeApi(QuietHandler):
    """Lambda's Runtime API with one event: `server.answer` is set when it is answered."""

    def do_GET(self):
        if self.server.sent:
            self.server.finished.wait()
            self.close_connection = True
            return
        self.server.sent = True
        self.reply(200, {"Lambda-Runtime-Aws-Request-Id": "one", "Lambda-Runtime-Deadline-Ms": "99999999999999"},
                   self.server.event)

    def do_POST(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answer.append((self.path.rsplit("/", 1)[1], body.decode()))
        self.reply(202, {}, b"{}")
        self.server.answered.set()


def answer(root, config, arch, event):
    """Starts an image's entry point as Lambda does, with an empty _HANDLER; gives its answer."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.daemon_threads = True
    server.event, server.sent, server.answer = event, False, []
    server.answered, server.finished = threading.Event(), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    runner = []
    if arch != HOST:
        name = f"qemu-{'aarch64' if arch == 'arm64' else 'x86_64'}-static"
        shutil.copy(shutil.which(name) or TOOLS / "qemu/usr/bin" / name, root / "runner")
        runner = ["/runner"]
    variables = dict(pair.split("=", 1) for pair in config["Env"])
    address = f"127.0.0.1:{server.server_port}"
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", RUN, "sh", root, config["WorkingDir"], *runner, *config["Entrypoint"],
         *config.get("Cmd", [])],
        env={**variables, "AWS_LAMBDA_RUNTIME_API": address, "_HANDLER": "", "PATH": variables["PATH"] + ":/sbin"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    try:
        answered = server.answered.wait(60)
    finally:
        process.kill()
        said = process.communicate()[0]
        server.finished.set()
        server.shutdown()
        server.server_close()
    if not answered:
        raise AssertionError(f"no answer; it said: {said}")
    return server.answer[0]


class Images(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def package(self, *options, name="image", **more):
        output = self.folder / name
        run(PACKAGE, "--no-build", "--output", output, *options, cwd="/", env=environment(**more))
        return output

    def test_skopeo_sees_an_image_for_each_architecture_and_an_index(self):
        layout = self.package("--handler", "hello")
        index = skopeo("inspect", "--raw", f"oci:{layout}:latest")
        self.assertEqual([one["platform"]["architecture"] for one in index["manifests"]], ["amd64", "arm64"])
        for name in NAMES.values():
            seen = skopeo("--override-arch", name, "inspect", f"oci:{layout}:latest")
            self.assertEqual((seen["Architecture"], seen["Os"], len(seen["Layers"])), (name, "linux", 1))
            config = skopeo("inspect", "--config", f"oci:{layout}:latest-{name}")["config"]
            self.assertEqual(config["Entrypoint"], ["/var/runtime/bootstrap"])
            self.assertEqual((config["Cmd"], config["WorkingDir"]), (["hello"], "/var/task"))
            self.assertIn("LAMBDA_TASK_ROOT=/var/task", config["Env"])
            self.assertNotIn("Labels", config)

    def test_the_same_input_and_date_give_the_same_bytes(self):
        first, second = self.package(name="a"), self.package(name="b")
        later = self.package(name="c", SOURCE_DATE_EPOCH="86400")
        self.assertEqual(tree(first), tree(second))
        self.assertNotEqual(tree(first), tree(later))
        self.assertEqual(skopeo("inspect", f"oci:{later}:latest-arm64")["Created"], "1970-01-02T00:00:00Z")

    def test_the_snapstart_label_is_there_when_asked_for(self):
        layout = self.package("--snapstart", "--arch", "arm64")
        self.assertEqual(skopeo("inspect", f"oci:{layout}:latest-arm64")["Labels"], {LABEL: "Allow"})

    def test_an_image_copied_by_skopeo_is_the_same(self):
        layout, copy = self.package(), self.folder / "copy"
        program = shutil.which("skopeo") or TOOLS / "bin/skopeo"
        run(program, "--insecure-policy", "copy", "--all", f"oci:{layout}:latest", f"oci:{copy}:latest")
        both = [skopeo("inspect", "--raw", f"oci:{one}:latest") for one in (layout, copy)]
        self.assertEqual(*both)

    def test_a_base_keeps_its_files_and_its_command_is_replaced(self):
        (self.folder / "task").mkdir()
        (self.folder / "task/of-the-base").write_text("base")
        base = self.package("--task", self.folder / "task", "--handler", "other", "--snapstart", name="base")
        layout = self.package("--base", base, "--arch", "arm64")
        root = self.folder / "root"
        config = unpack(layout, "latest-arm64", root)
        self.assertEqual((root / "var/task/of-the-base").read_text(), "base")
        self.assertNotIn("Cmd", config)
        self.assertNotIn("Labels", config)
        self.assertEqual(len(skopeo("inspect", f"oci:{layout}:latest-arm64")["Layers"]), 2)

    def test_what_is_wrong_is_named(self):
        base = self.package("--arch", "arm64", name="base")
        blob = max((base / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
        for options, named in [
            (["--base", base, "--arch", "x86_64"], "has no image for amd64; it has: arm64"),
            (["--base", self.folder], "is no OCI layout"),
            (["--arch", "arm64", "--binary", ROOT / "dist/x86_64/hello/bootstrap"], "is for x86_64, not for arm64"),
            (["--arch", "mips"], "unknown architecture 'mips'"),
            (["--task", "/nowhere"], "there is no folder '/nowhere'"),
            (["--function", "nothing"], "is missing"),
        ]:
            said = run(PACKAGE, "--no-build", "--output", self.folder / "refused", *options, fails=True)
            self.assertIn(named, said)
            self.assertFalse((self.folder / "refused").exists())
        blob.write_bytes(b"damaged")
        options = ["--base", base, "--arch", "arm64", "--output", self.folder / "refused"]
        self.assertIn("is damaged", run(PACKAGE, "--no-build", *options, fails=True))

    @unittest.skipIf(os.geteuid() != 0, "needs root, for a mount namespace")
    def test_the_image_alone_answers_an_event(self):
        layout = self.package()
        for arch in ARCHES:
            root = self.folder / f"root-{arch}"
            config = unpack(layout, f"latest-{NAMES[arch]}", root)
            files = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
            self.assertEqual(files, ["var/runtime/bootstrap"])
            self.assertEqual(answer(root, config, arch, b'{"a":1}'), ("response", '{"a":1}'))

    @unittest.skipIf(os.geteuid() != 0, "needs root, for a mount namespace")
    def test_the_layers_bootstrap_finds_the_handler_that_the_command_names(self):
        # A static program that prints its standard input, in place of a handler in some language.
        task = self.folder / "task"
        task.mkdir()
        (task / "shout.c").write_text(
            "#include <unistd.h>\nint main(void) { char b[64]; long n = read(0, b, 64);"
            " for (long i = 0; i < n; i++) if (b[i] >= 'a' && b[i] <= 'z') b[i] -= 32; return write(1, b, n) != n; }\n"
        )
        run("cc", "-static", "-O1", "-o", task / "shout", task / "shout.c")
        layout = self.package("--function", "layer", "--task", task, "--handler", "shout", "--arch", HOST)
        root = self.folder / "root"
        config = unpack(layout, f"latest-{NAMES[HOST]}", root)
        self.assertEqual(answer(root, config, HOST, b'{"a":"b"}'), ("response", '{"A":"B"}'))
