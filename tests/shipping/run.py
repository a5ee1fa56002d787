"""Runs test modules: python3 run.py [FOLDER/]MODULE..., beside it or in another folder beside its
own; the last line counts as cargo's does."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
modules = [(HERE / argument).resolve() for argument in sys.argv[1:]]
for module in modules:
    sys.path.insert(0, str(module.parent))
result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2).run(
    unittest.defaultTestLoader.loadTestsFromNames([module.name for module in modules])
)
failed = len(result.failures) + len(result.errors)
# What fails before the first test of a class is no test.
passed = max(0, result.testsRun - failed - len(result.skipped))
state = "ok" if result.wasSuccessful() and passed else "FAILED"
print(f"test result: {state}. {passed} passed; {failed} failed; {len(result.skipped)} ignored")
sys.exit(0 if state == "ok" else 1)
