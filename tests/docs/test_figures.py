#!/usr/bin/env python3
"""Only figures of a quiet machine get into the tables, and those of the README stay small."""

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KEPT = json.loads((ROOT / "bench/results/x86_64.json").read_text())
PAGES = [ROOT / "README.md", ROOT / "bench/README.md"]


class Figures(unittest.TestCase):
    def refused(self, results):
        """What is said when these results are to be written; nothing of them may be."""
        before = [page.read_text() for page in PAGES]
        with tempfile.TemporaryDirectory(dir=ROOT / "bench/results") as folder:
            path = pathlib.Path(folder) / "x86_64.json"
            path.write_text(json.dumps(results))
            done = subprocess.run([sys.executable, HERE / "figures.py", "--write", path], capture_output=True, text=True)
        self.assertEqual([page.read_text() for page in PAGES], before)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stderr

    def test_a_noisy_run_is_not_written(self):
        said = self.refused({**KEPT, "noise": ["the load at the start was 9.0 on 2 cores"]})
        self.assertIn("x86_64.json is of a busy machine: the load at the start was 9.0 on 2 cores", said)

    def test_a_row_without_its_spread_is_not_written(self):
        for change in ({"p10": 1e9}, {"p90": 0}):
            results = copy.deepcopy(KEPT)
            results["programs"][1]["timed"]["warm_event_us"]["ratio"].update(change)
            said = self.refused(results)
            self.assertIn("warm_event_us of c-musl has no p10 and p90 around its median", said)

    def test_each_table_of_the_readme_has_at_most_five_rows_and_columns(self):
        text = (ROOT / "README.md").read_text()
        tables = re.findall(r"<!-- (figures|web|calls): .*?-->\n(.*?)<!-- end of", text, re.DOTALL)
        self.assertEqual([name for name, _ in tables], ["figures", "web", "calls"])
        for name, table in tables:
            lines = [line for line in table.splitlines() if line.startswith("|")]
            # Beside the titles and the line below them.
            self.assertLessEqual(len(lines) - 2, 5, name)
            self.assertLessEqual(lines[0].count("|") - 1, 5, name)

    def test_each_time_that_was_kept_has_its_spread(self):
        times = [time for program in KEPT["programs"] for time in program["timed"].values()]
        self.assertGreater(len(times), 50)
        for time in times:
            self.assertLessEqual(time["us"]["p10"], time["us"]["p90"])


if __name__ == "__main__":
    unittest.main()
