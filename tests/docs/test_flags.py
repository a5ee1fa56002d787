#!/usr/bin/env python3
"""A guide or template whose build flags are others than those of scripts/lib.sh and Cargo.toml is found."""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
import flags
import pages

ROOT = Path(__file__).resolve().parents[2]
REPEATING = pages.files("layer", "src/guide", "examples", "README.md")
# A file, a piece of it, what is put in its place, and what is said then.
CHANGES = [
    ("scripts/lib.sh", "-Crelocation-model=static", "-Crelocation-model=pic", "rustc gets"),
    ("scripts/lib.sh", "-Os -fno-unwind-tables", "-O2 -fno-unwind-tables", "the C compiler gets"),
    ("scripts/lib.sh", "std,panic_abort", "std", "std is rebuilt with"),
    ("Cargo.toml", 'panic = "abort"', 'panic = "unwind"', "its profile is not the one of Cargo.toml"),
]


class Flags(unittest.TestCase):
    def differences(self, changed=None, old="", new="", names=REPEATING):
        """What is found in a copy of the files in which `old` is replaced in the file `changed`."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("scripts/lib.sh", "Cargo.toml", *names):
                copy = Path(folder) / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, copy)
            if changed:
                path = Path(folder) / changed
                self.assertIn(old, path.read_text())
                path.write_text(path.read_text().replace(old, new))
            with mock.patch.object(flags, "ROOT", Path(folder)), mock.patch.object(pages, "files", lambda *_: names):
                return list(flags.differs())

    def test_the_files_agree(self):
        self.assertEqual(self.differences(), [])

    def test_each_kind_of_flag_that_differs_is_found(self):
        for changed, old, new, said in CHANGES:
            with self.subTest(old):
                found = self.differences(changed, old, new)
                self.assertTrue(any(said in line for line in found), found)

    def test_a_page_that_differs_is_named(self):
        found = self.differences("src/guide/rust.md", "-Crelocation-model=static", "-Crelocation-model=pic")
        self.assertTrue(any(line.startswith("src/guide/rust.md: rustc gets") for line in found), found)

    def test_where_nothing_is_repeated_nothing_was_compared(self):
        self.assertEqual(len(self.differences(names=[])), 4)


if __name__ == "__main__":
    unittest.main()
