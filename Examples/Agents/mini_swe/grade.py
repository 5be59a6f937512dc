"""Scores a repaired workspace, the working folder: the share of a task's unit tests that pass.

The tests are the ones beside this file, so an agent gains nothing by editing its own. The task's id is the argument, or
comes from COX_TASK.
"""
import importlib.util
import json
import os
import sys
import unittest


def load(path):
    """The test module in this file. What it imports comes from the working folder."""
    spec = importlib.util.spec_from_file_location("graded", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else json.loads(os.environ["COX_TASK"])["id"]
    sys.dont_write_bytecode = True
    sys.path[0] = os.getcwd()
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        suite = unittest.defaultTestLoader.loadTestsFromModule(load(f"{here}/workspace/test_{name}.py"))
    except (ImportError, SyntaxError) as error:
        # The repaired module does not load.
        print(error, file=sys.stderr)
        return print(json.dumps({"reward": 0}))
    result = unittest.TestResult()
    suite.run(result)
    failed = {test.id() for test, _ in result.failures + result.errors}
    print(json.dumps({"reward": 1 - len(failed) / suite.countTestCases()}))


if __name__ == "__main__":
    main()
