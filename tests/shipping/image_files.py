"""Container images, byte by byte, by Python's own tar, gzip and hashes: no binary and no tool is needed."""

import gzip
import hashlib
import io
import json
import pathlib
import tarfile
import tempfile
import unittest

from checkout import ROOT, elf, run

PACKAGE = ROOT / "scripts/package-image"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX = "application/vnd.oci.image.index.v1+json"
LABEL = "com.amazonaws.lambda.feature.snapstart"
REF = "org.opencontainers.image.ref.name"
PATH = "PATH=/usr/local/bin:/usr/bin/:/bin:/opt/bin"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layout:
    """A folder of blobs, read and written by this test's own code."""

    def __init__(self, folder):
        self.folder, self.seen = folder, set()

    def read(self, descriptor):
        """A blob: its size and digest are those of its descriptor."""
        name = descriptor["digest"].removeprefix("sha256:")
        data = (self.folder / "blobs/sha256" / name).read_bytes()
        assert (digest(data), len(data)) == (descriptor["digest"], descriptor["size"]), descriptor
        self.seen.add(name)
        return data

    def write(self, kind, data):
        blobs = self.folder / "blobs/sha256"
        blobs.mkdir(parents=True, exist_ok=True)
        (blobs / digest(data).removeprefix("sha256:")).write_bytes(data)
        return {"mediaType": kind, "digest": digest(data), "size": len(data)}

    def write_json(self, kind, value):
        return self.write(kind, json.dumps(value).encode())


def base(folder, config):
    """An image for arm64 as a registry would have it, with a layer of one file; gives its layer's descriptor."""
    layout = Layout(folder)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("etc/base")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"base"))
    layer = layout.write(LAYER, gzip.compress(buffer.getvalue()))
    value = {
        "architecture": "arm64", "os": "linux", "created": "2020-01-01T00:00:00Z", "author": "somebody",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [digest(buffer.getvalue())]},
        "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "the base"}],
    }
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": layout.write_json(CONFIG, value), "layers": [layer]}
    top = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [layout.write_json(MANIFEST, manifest)]}
    (folder / "index.json").write_text(json.dumps(top))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return layer, value


class ImageFiles(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.binary = elf("arm64")
        (self.folder / "bootstrap").write_bytes(self.binary)
        (self.folder / "task/lib").mkdir(parents=True)
        for name, mode in [("handler", 0o700), ("lib/data", 0o600)]:
            (self.folder / "task" / name).write_text(name)
            (self.folder / "task" / name).chmod(mode)

    def package(self, *options, arch="arm64"):
        """An image of one architecture: its manifest, configuration, and the tar of its last layer."""
        output = self.folder / "image"
        run(PACKAGE, "--arch", arch, "--binary", self.folder / "bootstrap", "--output", output, *options,
            env={"SOURCE_DATE_EPOCH": "86400"})
        self.assertEqual(json.loads((output / "oci-layout").read_text()), {"imageLayoutVersion": "1.0.0"})
        layout = Layout(output)
        top, alone = json.loads((output / "index.json").read_text())["manifests"]
        name = {"arm64": "arm64", "x86_64": "amd64"}[arch]
        self.assertEqual((top["mediaType"], top["annotations"]), (INDEX, {REF: "latest"}))
        self.assertEqual((alone["mediaType"], alone["annotations"]), (MANIFEST, {REF: f"latest-{name}"}))
        self.assertEqual(alone["platform"], {"architecture": name, "os": "linux"})
        [inner] = json.loads(layout.read(top))["manifests"]
        self.assertEqual({**inner, "annotations": alone["annotations"]}, alone)
        manifest = json.loads(layout.read(alone))
        self.assertEqual((manifest["schemaVersion"], manifest["mediaType"]), (2, MANIFEST))
        config = json.loads(layout.read(manifest["config"]))
        tars = [gzip.decompress(layout.read(layer)) for layer in manifest["layers"]]
        # What unpacks an image compares each layer with these.
        self.assertEqual(config["rootfs"], {"type": "layers", "diff_ids": [digest(tar) for tar in tars]})
        self.assertEqual({path.name for path in (output / "blobs/sha256").iterdir()}, layout.seen)
        return manifest, config, tars[-1]

    def test_without_a_base_all_of_it_is_as_said(self):
        manifest, config, tar = self.package("--handler", "greet.worker", "--task", self.folder / "task")
        self.assertEqual(manifest["config"]["mediaType"], CONFIG)
        self.assertEqual([layer["mediaType"] for layer in manifest["layers"]], [LAYER])
        config.pop("rootfs")
        self.assertEqual(config, {
            "architecture": "arm64", "os": "linux", "created": "1970-01-02T00:00:00Z",
            "config": {
                "Entrypoint": ["/var/runtime/bootstrap"], "Cmd": ["greet.worker"], "WorkingDir": "/var/task",
                "Env": [PATH, "LAMBDA_TASK_ROOT=/var/task"],
            },
            "history": [{"created": "1970-01-02T00:00:00Z", "created_by": "scripts/package-image"}],
        })
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            entries = archive.getmembers()
            self.assertEqual(
                [(entry.name, entry.isdir(), oct(entry.mode)) for entry in entries],
                [
                    ("var", True, "0o755"), ("var/runtime", True, "0o755"), ("var/task", True, "0o755"),
                    ("var/task/lib", True, "0o755"),
                    ("var/runtime/bootstrap", False, "0o755"),
                    ("var/task/handler", False, "0o755"), ("var/task/lib/data", False, "0o644"),
                ],
            )
            for entry in entries:
                self.assertEqual((entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime), (0, 0, "", "", 86400))
            self.assertEqual(archive.extractfile("var/runtime/bootstrap").read(), self.binary)
            self.assertEqual(archive.extractfile("var/task/lib/data").read(), b"lib/data")

    def test_a_base_keeps_what_is_its_own_and_loses_what_starts_it(self):
        folder = self.folder / "base"
        layer, old = base(folder, {
            "User": "993", "Env": ["PATH=/its/own", "LANG=C.UTF-8", "EMPTY=", "LAMBDA_TASK_ROOT=/elsewhere"],
            "Entrypoint": ["/entry.sh"], "Cmd": ["its.handler"], "WorkingDir": "/root",
            "Labels": {"maintainer": "somebody", LABEL: "Deny"},
        })
        manifest, config, _ = self.package("--base", folder)
        self.assertEqual(manifest["layers"][0], layer)
        self.assertEqual(len(manifest["layers"]), 2)
        self.assertEqual(config["history"], [
            *old["history"], {"created": "1970-01-02T00:00:00Z", "created_by": "scripts/package-image"},
        ])
        self.assertEqual((config["author"], config["created"]), ("somebody", "1970-01-02T00:00:00Z"))
        self.assertEqual(config["config"], {
            "User": "993", "Env": ["PATH=/its/own", "LANG=C.UTF-8", "EMPTY=", "LAMBDA_TASK_ROOT=/var/task"],
            "Entrypoint": ["/var/runtime/bootstrap"], "WorkingDir": "/var/task", "Labels": {"maintainer": "somebody"},
        })

    def test_labels_are_those_of_the_base_and_the_one_that_was_asked_for(self):
        folder = self.folder / "base"
        base(folder, {"Labels": {"maintainer": "somebody"}})
        _, config, _ = self.package("--base", folder, "--snapstart", "--handler", "own")
        self.assertEqual(config["config"]["Labels"], {"maintainer": "somebody", LABEL: "Allow"})
        self.assertEqual(config["config"]["Cmd"], ["own"])
        _, config, _ = self.package("--snapstart")
        self.assertEqual(config["config"]["Labels"], {LABEL: "Allow"})

    def test_an_image_for_x86_64_says_amd64(self):
        (self.folder / "bootstrap").write_bytes(elf("x86_64"))
        _, config, _ = self.package(arch="x86_64")
        self.assertEqual((config["architecture"], config["os"]), ("amd64", "linux"))
