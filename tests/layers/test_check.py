#!/usr/bin/env python3
"""Whether check.py finds what it is for: an import upwards in each form, and a module without a place."""

import tempfile
import unittest
from pathlib import Path

import check


class Check(unittest.TestCase):
    def problems(self, order, folder="src", **files):
        with tempfile.TemporaryDirectory() as root:
            check.ROOT = Path(root)
            for name, text in {"lib.rs": "mod low;", **files}.items():
                file = Path(root, folder, name.replace("__", "/") + ("" if name.endswith(".rs") else ".rs"))
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            Path(root, "a.order").write_text(f"{folder}\n{order}\n")
            return list(check.check(Path(root, "a.order")))

    def test_imports_downwards_pass(self):
        self.assertEqual(self.problems("low\nhigh", low="", high="use crate::low::Low;"), [])

    def test_imports_upwards_fail_in_each_form(self):
        for text in (
            "use crate::high::High;",
            "use crate::{high, low};",
            "use crate::{low::{self, Low}, high::{High}};",
            "use crate::{low::{self, a::{b, c}}, high};",
            "use crate::{\n    low,\n    high,\n};",
            "fn f() { crate::high::f(); }",
            "type T = Box<dyn crate::high::T>;",
        ):
            found = self.problems("low\nhigh", low__mod=text, high="")
            self.assertEqual(found, ["src/low/mod.rs: low imports high, which is not below it"], text)

    def test_modules_of_one_line_are_not_below_each_other(self):
        self.assertEqual(len(self.problems("a b", a="use crate::b;", b="use crate::a;")), 2)

    def test_a_module_without_a_place_fails(self):
        found = self.problems("low", low="", another="")
        self.assertEqual(found, ["src/another.rs: the module another has no place in a.order"])
        self.assertEqual(self.problems("low\ngone", low=""), ["a.order: there is no module gone"])

    def test_modules_within_a_module_have_an_order_too(self):
        for name, text in (
            ("low", "use super::high;"),
            ("low", "use crate::part::{high::High};"),
            ("low__inner", "use super::super::high::High;"),
        ):
            files = {"mod": "mod high;\nmod low;\nuse high::High;\n", "high": "use super::low;\nuse super::function;\n", name: text}
            found = self.problems("low\nhigh", "src/part", **files)
            self.assertEqual(len(found), 1, (text, found))
            self.assertIn("low imports high, which is not below it", found[0])

    def test_tests_and_documentation_do_not_count(self):
        text = "/// [`crate::high`]\nfn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::high;\n}\n"
        self.assertEqual(self.problems("low\nhigh", low=text, high=""), [])


if __name__ == "__main__":
    unittest.main()
