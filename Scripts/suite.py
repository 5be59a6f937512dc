#!/usr/bin/env python3
"""Runs the Swift tests. What failed is shown again at the end, where a log that was cut still has it.

Tests run beside each other and some of them watch the clock, so that one may fail only because the machine was busy. What
failed runs once more, a test at a time. The run fails unless all of that passes, and more than five failures are not
repeated. Tests that passed only alone are named: they have a fault of their own, to be mended.

Options are handed to `swift test`.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

# More would starve those that measure time.
AT_A_TIME = "24"
REPEATED = 5
# What the runner writes about failures, and its last line.
FAILURE = re.compile(r"^✘ ")
CLOSING = re.compile(r"^[✔✘] Test run with ")


def pattern(case: ElementTree.Element) -> str:
    """The test as a pattern of `--filter`. Of a test without a suite the report has the module alone."""
    place, own = case.get("classname") or "", (case.get("name") or "").partition("(")[0]
    return "^" + re.escape(f"{place}/{own}" if "." in place else f"{place}.{own}")


def run(options: list[str], width: str, results: pathlib.Path) -> tuple[int, set[str], set[str], list[str], str]:
    """The exit code, the tests that ran and those that failed as patterns of `--filter`, what was said of failures, and
    the closing line."""
    environment = {**os.environ, "SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH": width}
    said, closing = [], ""
    with subprocess.Popen(
        ["swift", "test", "--skip-build", *options, "--xunit-output", str(results / "tests.xml")],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as program:
        following = False
        for line in program.stdout or []:
            print(line, end="", flush=True)
            if CLOSING.match(line):
                closing = line.rstrip()
            elif FAILURE.match(line):
                said.append(line.rstrip())
            elif following and line[:1] not in "◇✔✘" and len(said) < 400:
                # An issue's text may have several lines.
                said.append(line.rstrip())
            following = bool(FAILURE.match(line)) or (following and line[:1] not in "◇✔✘")
    ran, failed = set(), set()
    report = results / "tests-swift-testing.xml"
    if report.exists():
        for case in ElementTree.parse(report).iter("testcase"):
            ran.add(pattern(case))
            if case.find("failure") is not None:
                failed.add(pattern(case))
        report.unlink()
    return program.returncode, ran, failed, said, closing


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        results = pathlib.Path(folder)
        code, _, failed, said, closing = run(sys.argv[1:], AT_A_TIME, results)
        if code == 0:
            return 0
        print("\n--- What failed ---", *said, sep="\n")
        if not closing or not 1 <= len(failed) <= REPEATED:
            print(closing or f"The tests ended with {code} before their last line.")
            return code
        names = ", ".join(name.lstrip("^").replace("\\", "") for name in sorted(failed))
        print(f"--- Once more, a test at a time: {names} ---", flush=True)
        filters = [part for name in sorted(failed) for part in ("--filter", name)]
        code, ran, _, said, second = run([*sys.argv[1:], *filters], "1", results)
        if missing := failed - ran:
            print(f"They were not found by these names: {', '.join(sorted(missing))}")
            code = code or 1
        if code:
            print("\n--- What failed alone, too ---", *said, sep="\n")
        print("\n--- In the whole run ---", closing, "--- Alone ---", second, sep="\n")
        if code == 0:
            print(f"Passed alone, failed beside the others: {names}")
        return code


if __name__ == "__main__":
    sys.exit(main())
