"""Makes a container image in OCI's layout: python3 image.py OUTPUT OPTION... (scripts/package-image).

An image for each --binary ARCH=FILE, and an index of all. No daemon and no registry: a layer is a tar,
an image some JSON that names it by its SHA-256. Same input and SOURCE_DATE_EPOCH, same bytes.
Format: OCI image specification 1.1, image-layout.md, manifest.md, config.md, image-index.md.
"""

import argparse
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import sys
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
# Docker's names of the same things, which an image of a registry may have.
INDEXES = (INDEX, "application/vnd.docker.distribution.manifest.list.v2+json")
NAMES = {"x86_64": "amd64", "arm64": "arm64"}
SNAPSTART = "com.amazonaws.lambda.feature.snapstart"
TASK_ROOT = "/var/task"
PATH = "/usr/local/bin:/usr/bin/:/bin:/opt/bin"


class Refused(Exception):
    """What is wrong with the input, and what to do."""


class Layout:
    """A folder in the form of image-layout.md."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def blob(self, digest):
        algorithm, _, name = digest.partition(":")
        return self.folder / "blobs" / algorithm / name

    def read(self, descriptor):
        """A blob, checked against its digest."""
        path = self.blob(descriptor["digest"])
        if not path.is_file():
            raise Refused(f"{path} is missing; copy the image again, with all its architectures (skopeo copy --all)")
        data = path.read_bytes()
        if descriptor["digest"] != "sha256:" + hashlib.sha256(data).hexdigest():
            raise Refused(f"{path} is damaged: its digest is another; copy the image again")
        return data

    def write(self, kind, data, **more):
        """Stores a blob; gives its descriptor."""
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.blob(digest).write_bytes(data)
        return {"mediaType": kind, "digest": digest, "size": len(data), **more}

    def write_json(self, kind, value, **more):
        return self.write(kind, json.dumps(value, sort_keys=True, separators=(",", ":")).encode(), **more)


def base_image(layout, architecture):
    """The manifest and the configuration of a layout's image for an architecture."""
    try:
        top = json.loads((layout.folder / "index.json").read_bytes())
    except OSError as error:
        raise Refused(f"{layout.folder} is no OCI layout: {error.strerror}: index.json; see skopeo copy") from error
    open_indexes, found = [top], []
    while open_indexes:
        for descriptor in open_indexes.pop()["manifests"]:
            if descriptor["mediaType"] in INDEXES:
                open_indexes.append(json.loads(layout.read(descriptor)))
                continue
            platform = descriptor.get("platform", {}).get("architecture")
            if platform not in (None, architecture):
                found.append(platform)
                continue
            manifest = json.loads(layout.read(descriptor))
            config = json.loads(layout.read(manifest["config"]))
            if config.get("architecture") == architecture:
                return manifest, config
            found.append(str(config.get("architecture")))
    raise Refused(f"{layout.folder} has no image for {architecture}; it has: {', '.join(sorted(found)) or 'none'}")


def layer_tar(files, date):
    """A tar of (name, bytes, mode), with the folders above them."""
    folders = sorted({str(parent) for name, _, _ in files for parent in pathlib.PurePosixPath(name).parents} - {"."})
    entries = [(name, None, 0o755) for name in folders] + sorted(files)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data, mode in entries:
            entry = tarfile.TarInfo(name)
            entry.mode, entry.mtime = mode, date
            if data is None:
                entry.type = tarfile.DIRTYPE
                archive.addfile(entry)
            else:
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def task_files(folder):
    """The function's folder, as files of /var/task."""
    files = []
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise Refused(f"{path} is neither a file nor a folder; put a copy of what it stands for there")
        if path.is_file():
            mode = 0o755 if os.access(path, os.X_OK) else 0o644
            files.append((f"{TASK_ROOT[1:]}/{path.relative_to(folder).as_posix()}", path.read_bytes(), mode))
    return files


class Contents:
    """The names in an image, and where its symbolic links lead."""

    def __init__(self):
        self.names, self.links = {"."}, {}

    def add_layer(self, data):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for entry in archive:
                name = str(pathlib.PurePosixPath(entry.name.lstrip("/")))
                self.names.add(name)
                if entry.issym():
                    self.links[name] = entry.linkname

    def add_files(self, files):
        self.names.update(name for name, _, _ in files)

    def has(self, path):
        """Whether there is such a file, links followed."""
        left, here, steps = path.strip("/").split("/"), [], 0
        while left and steps < 100:
            steps += 1
            part = left.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                here = here[:-1]
                continue
            target = self.links.get("/".join([*here, part]))
            if target is None:
                here.append(part)
            else:
                here = [] if target.startswith("/") else here
                left = target.split("/") + left
        return not left and "/".join(here) in self.names


def handler_file(handler, files):
    """The file that the layer's bootstrap would run for a handler, and whether bash sources it."""
    prefix, _, name = handler.rpartition(":")
    found = {path: data for path, data, _ in files}
    if prefix != "shell" and f"{TASK_ROOT[1:]}/{name}" in found:
        return name, found[f"{TASK_ROOT[1:]}/{name}"], False
    script = name.rpartition(".")[0] + ".sh"
    if prefix in ("", "shell") and f"{TASK_ROOT[1:]}/{script}" in found:
        return script, b"", True
    return None, b"", False


def loader(elf):
    """What a dynamic program asks for (PT_INTERP), or None."""
    if elf[:5] != b"\x7fELF\x02" or len(elf) < 64:
        return None
    table, size, count = (int.from_bytes(elf[at : at + width], "little") for at, width in ((32, 8), (54, 2), (56, 2)))
    for at in range(table, table + size * count, size or 1):
        if elf[at : at + 4] == b"\3\0\0\0":
            start = int.from_bytes(elf[at + 8 : at + 16], "little")
            return elf[start:].split(b"\0", 1)[0].decode(errors="replace")
    return None


def missing_interpreter(handler, files, contents, path):
    """A sentence about what the handler's file needs and the image lacks, or None."""
    name, data, sourced = handler_file(handler, files)
    if name is None:
        return None
    wanted = []
    if sourced:
        if any(contents.has(shell) for shell in ("/bin/bash", "/usr/bin/bash", "/opt/bin/bash")):
            return None
        wanted = ["/bin/bash"]
    elif data.startswith(b"#!"):
        words = data.split(b"\n", 1)[0][2:].decode(errors="replace").split()
        wanted = words[:1]
        if wanted and wanted[0].endswith("/env") and len(words) > 1 and not words[1].startswith("-"):
            program = words[1]
            if not any(contents.has(f"{folder}/{program}") for folder in path.split(":")):
                wanted = [program, *wanted]
    elif program := loader(data):
        wanted = [program]
    for one in wanted:
        if "/" not in one or not contents.has(one):
            return f"the handler {name} needs {one}, which is not in the image; give a --base that has it"
    return None


def configuration(old, architecture, options, date):
    """The image's configuration, on that of the base."""
    process = dict(old.get("config", {}))
    environment = dict(pair.split("=", 1) for pair in process.get("Env", []))
    environment.setdefault("PATH", PATH)
    environment["LAMBDA_TASK_ROOT"] = TASK_ROOT
    process.update(
        Entrypoint=[options.entrypoint],
        WorkingDir=TASK_ROOT,
        Env=[f"{name}={value}" for name, value in environment.items()],
    )
    # Lambda passes it as _HANDLER; a base's own command is for its own entry point.
    process.pop("Cmd", None)
    if options.handler:
        process["Cmd"] = [options.handler]
    labels = dict(process.get("Labels") or {})
    labels.pop(SNAPSTART, None)
    if options.snapstart:
        labels[SNAPSTART] = "Allow"
    process.pop("Labels", None)
    if labels:
        process["Labels"] = labels
    return {**old, "architecture": architecture, "os": "linux", "created": date, "config": process}


def image(layout, arch, binary, options, seconds):
    """Writes an image; gives the descriptor of its manifest."""
    architecture = NAMES[arch]
    manifest, config = {"layers": []}, {"rootfs": {"type": "layers", "diff_ids": []}}
    if options.base:
        base = Layout(options.base)
        manifest, config = base_image(base, architecture)
        for descriptor in manifest["layers"]:
            base.read(descriptor)
            if not layout.blob(descriptor["digest"]).exists():
                shutil.copyfile(base.blob(descriptor["digest"]), layout.blob(descriptor["digest"]))
    files = [(options.entrypoint[1:], binary.read_bytes(), 0o755)]
    for folder in options.task:
        files += task_files(folder)
    if options.handler and options.task:
        contents = Contents()
        for descriptor in manifest["layers"]:
            contents.add_layer(base.read(descriptor))
        contents.add_files(files)
        variables = dict(pair.split("=", 1) for pair in config.get("config", {}).get("Env", []))
        problem = missing_interpreter(options.handler, files, contents, variables.get("PATH", PATH))
        if problem:
            print(f"package-image: warning, {arch}: {problem}", file=sys.stderr)
    tar = layer_tar(files, seconds)
    date = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    config = configuration(config, architecture, options, date)
    config["rootfs"] = {
        "type": "layers",
        "diff_ids": [*config["rootfs"]["diff_ids"], "sha256:" + hashlib.sha256(tar).hexdigest()],
    }
    config["history"] = [*config.get("history", []), {"created": date, "created_by": "scripts/package-image"}]
    # Level 9 and no date: the bytes depend on nothing but the tar and zlib's version.
    packed = layout.write(LAYER, gzip.compress(tar, 9, mtime=0))
    return layout.write_json(
        MANIFEST,
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": layout.write_json(CONFIG, config),
            "layers": [*manifest["layers"], packed],
        },
        platform={"architecture": architecture, "os": "linux"},
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output")
    parser.add_argument("--binary", action="append", required=True)
    parser.add_argument("--base")
    parser.add_argument("--task", action="append", default=[])
    parser.add_argument("--entrypoint", required=True)
    parser.add_argument("--handler")
    parser.add_argument("--tag", required=True)
    parser.add_argument("--snapstart", action="store_true")
    options = parser.parse_args()
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or 0)
    output = pathlib.Path(options.output)
    partial = output.with_name(output.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "blobs" / "sha256").mkdir(parents=True)
    layout = Layout(partial)
    images = []
    for pair in options.binary:
        arch, _, file = pair.partition("=")
        images.append(image(layout, arch, pathlib.Path(file), options, seconds))
    name = {"org.opencontainers.image.ref.name": options.tag}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": images}
    top = layout.write_json(INDEX, index, annotations=name)
    # A name for each architecture as well: Lambda takes one image, not an index.
    alone = [
        {**one, "annotations": {"org.opencontainers.image.ref.name": f"{options.tag}-{one['platform']['architecture']}"}}
        for one in images
    ]
    entries = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [top, *alone]}
    (partial / "index.json").write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n")
    (partial / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}\n')
    shutil.rmtree(output, ignore_errors=True)
    partial.rename(output)


try:
    main()
except Refused as refusal:
    sys.exit(f"package-image: {refusal}")
