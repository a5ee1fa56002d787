"""Runs test modules beside it: python3 run.py MODULE...; the last line counts as cargo's does."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2).run(
    unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:])
)
failed = len(result.failures) + len(result.errors)
passed = result.testsRun - failed - len(result.skipped)
state = "ok" if result.wasSuccessful() and passed else "FAILED"
print(f"test result: {state}. {passed} passed; {failed} failed; {len(result.skipped)} ignored")
sys.exit(0 if state == "ok" else 1)
