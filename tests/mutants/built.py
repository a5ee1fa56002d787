"""Builds many mutants at once, each behind a number in the built programs; and single ones."""

import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACE = ROOT / "target/mutants"
SWITCH = pathlib.Path(__file__).parent / "switch"
MARK = b"coldspark: mutant in use is:"
FUNCTIONS = ("aws", "hello", "orders", "queue", "stream", "web", "fixture")
# The files that are the roots of a folder's crates: the number's module is put there.
ROOTS = {
    "src/": ("lib.rs",),
    "bootstrap/src/": ("main.rs",),
    "tests/emulator/src/": ("lib.rs", "local/main.rs", "soak/main.rs", "load/main.rs"),
}
# These errors say that a constant calls a function, which only the switch does.
CONSTANT = ("E0015", "E0010", "E0658", "E0493")


def copied():
    """The checkout's files, whatever is committed, in a folder of their own, and in a second one: mutants
    are made there, and the checkout may change meanwhile."""
    code, tree = PLACE / "code", PLACE / "tree"
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=True,
    )
    names = {name for name in filter(None, listed.stdout.split("\0")) if (ROOT / name).is_file()}
    for path in tree.rglob("*") if tree.is_dir() else ():
        if path.is_file() and str(path.relative_to(tree)) not in names:
            path.unlink()
    shutil.rmtree(code, ignore_errors=True)
    for name in names:
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, code / name)
        restore(tree, name)
    return tree


def restore(tree, name):
    """A file as it was; with a new date only if it was another, so that cargo sees that."""
    source, copy = PLACE / "code" / name, tree / name
    if not copy.is_file() or copy.read_bytes() != source.read_bytes():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)


class Build:
    """What the tests of some rows are made of: a package, its features and tests, and the functions they run."""

    def __init__(self, tree, package, rows):
        self.tree, self.package = tree, package
        self.client = rows[0].client
        features = {"http", "aws", "tokio", "tower"} if package == "coldspark" else set()
        features |= {feature for row in rows for feature in row.features}
        self.arguments = ["-p", package, *sorted({word for row in rows for word in row.kinds})]
        for name in sorted({name for row in rows for name in row.tests}):
            self.arguments += ["--test", name]
        if features:
            self.arguments += ["--features", ",".join(sorted(features))]
        # The programs of tests by kind and name, all programs that were built, the places of the number in
        # those that have it, and the files of the code that are not as they were.
        self.programs, self.executables, self.marks, self.changed = {}, [], {}, set()

    def environment(self):
        return {
            **os.environ, "CARGO_TARGET_DIR": str(PLACE / "target"), "RUST_BACKTRACE": "0",
            # Nobody reads these, and they take half of a build.
            "CARGO_PROFILE_DEV_DEBUG": "0",
            "COLDSPARK_TEST_BINARIES": str(PLACE / "functions") if self.package == "coldspark" else "",
            "COLDSPARK_TEST_CLIENT": self.client,
        }

    def write(self, mutants):
        """Puts the mutants into the files, and gives those for which there is no switch."""
        for name in self.changed:
            restore(self.tree, name)
        alone, files = [], {}
        for mutant in mutants:
            files.setdefault(mutant["file"], []).append(mutant)
        self.changed = set(files)
        for name, here in files.items():
            done = subprocess.run(
                [PLACE / "switch/release/switch"], capture_output=True, text=True, check=True,
                input=json.dumps({"file": str(self.tree / name), "mutants": here}),
            )
            numbers = set(map(int, done.stdout.split()))
            alone += [mutant for mutant in here if mutant["number"] in numbers]
        folders = [folder for folder in ROOTS if any(name.startswith(folder) for name in files)]
        for name in [folder + root for folder in folders for root in ROOTS[folder]]:
            self.changed.add(name)
            with (self.tree / name).open("a") as root:
                root.write(f'\n#[doc(hidden)]\n#[path = "{SWITCH / "mutant_switch.rs"}"]\npub mod mutant_switch;\n')
        return alone

    def cargo(self, *words):
        """Runs cargo; gives the programs that it made, or the errors of the compiler."""
        done = subprocess.run(
            ["cargo", *words, "--locked", "--message-format", "json"],
            cwd=self.tree, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode:
            errors = [m["message"] for m in messages if m["reason"] == "compiler-message" and m["message"]["level"] == "error"]
            if not errors:
                sys.exit(f"cargo {' '.join(words)} failed:\n{done.stderr}")
            return None, errors
        made = [m for m in messages if m["reason"] == "compiler-artifact" and m.get("executable")]
        return made, []

    def build(self):
        """Builds tests and functions; gives the compiler's errors."""
        tests, errors = self.cargo("test", "--no-run", *self.arguments)
        if errors:
            return errors
        self.programs = {}
        for artifact in tests:
            kind = artifact["target"]["kind"][0]
            if artifact["profile"]["test"]:
                self.programs[(kind, artifact["target"]["name"])] = artifact["executable"]
        self.executables = [artifact["executable"] for artifact in tests]
        if self.package == "coldspark":
            words = [word for name in FUNCTIONS for word in ("-p", name)]
            if self.client == "ureq":
                words += [f"--features={name}/ureq" for name in FUNCTIONS]
            functions, errors = self.cargo("build", *words)
            if errors:
                return errors
            shutil.rmtree(PLACE / "functions", ignore_errors=True)
            for artifact in functions:
                self.executables.append(artifact["executable"])
                folder = PLACE / "functions" / artifact["target"]["name"]
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "bootstrap").symlink_to(artifact["executable"])
        return []

    def switched(self, mutants):
        """Builds all mutants that can be switched. Gives those, those that do not compile, and the others."""
        alone = self.write(mutants)
        switched = [mutant for mutant in mutants if mutant not in alone]
        unviable = []
        while errors := self.build():
            wrong = {}
            for error in errors:
                for number in self.blamed(error):
                    wrong.setdefault(number, set()).add((error.get("code") or {}).get("code", ""))
            if not wrong:
                sys.exit("the code does not compile, and no mutant is at the place:\n" + "\n".join(e["rendered"] for e in errors))
            for mutant in [mutant for mutant in switched if mutant["number"] in wrong]:
                switched.remove(mutant)
                opaque = "impl " in mutant["function"]["return_type"] if mutant.get("function") else False
                (alone if opaque or wrong[mutant["number"]] & set(CONSTANT) else unviable).append(mutant)
            print(f"{len(wrong)} do not compile with the others", file=sys.stderr)
            self.write(switched)
        self.marks = {}
        for file in self.executables:
            data = pathlib.Path(file).read_bytes()
            if places := [match.end() for match in re.finditer(re.escape(MARK), data)]:
                self.marks[file] = places
        if switched and not self.marks:
            sys.exit("no program has the number of the mutant")
        return switched, unviable, alone

    def blamed(self, error):
        """The mutants in whose pieces of code an error is: the smallest such piece of each place."""
        spans = [span for span in error["spans"] if span["is_primary"]] or error["spans"]
        for span in spans:
            while span.get("expansion") and not (self.tree / span["file_name"]).is_file():
                span = span["expansion"]["span"]
            path = self.tree / span["file_name"]
            if not path.is_file():
                continue
            data, around = path.read_bytes(), []
            for match in re.finditer(rb"/\*<(\d+)\*/", data):
                end = data.find(b"/*%s>*/" % match[1], match.end())
                if match.start() <= span["byte_start"] <= end:
                    around.append((end - match.start(), int(match[1])))
            if around:
                yield min(around)[1]

    def choose(self, number):
        """Writes the number of a mutant into the programs."""
        for file, places in self.marks.items():
            copy = pathlib.Path(file)
            try:
                stream = copy.open("r+b")
            except OSError:
                # Somebody still runs it. The folders of cargo have it under two names.
                data = bytearray(copy.read_bytes())
                for place in places:
                    data[place:place + 4] = struct.pack("<I", number)
                for name in {file, *(other for other in self.twins(copy))}:
                    new = pathlib.Path(f"{name}.new")
                    new.write_bytes(data)
                    shutil.copymode(name, new)
                    new.rename(name)
                continue
            with stream:
                for place in places:
                    stream.seek(place)
                    stream.write(struct.pack("<I", number))

    def twins(self, path):
        inode = path.stat().st_ino
        return [str(other) for other in path.parent.glob("deps/*") if other.stat().st_ino == inode]

    def single(self, mutant):
        """Builds one mutant as cargo-mutants would; gives the compiler's errors."""
        self.write([])
        path = self.tree / mutant["file"]
        lines = path.read_text().splitlines(keepends=True)

        def offset(place):
            return sum(map(len, lines[:place["line"] - 1])) + place["column"] - 1

        text = "".join(lines)
        start, end = offset(mutant["span"]["start"]), offset(mutant["span"]["end"])
        if mutant["genre"] == "StructField" and text[end:end + 1] == ",":
            end += 1
        path.write_text(text[:start] + mutant["replacement"] + text[end:])
        self.changed.add(mutant["file"])
        self.marks = {}
        return self.build()
