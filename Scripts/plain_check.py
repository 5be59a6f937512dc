#!/usr/bin/env python3
"""Checks that Workbench and cox compile without models in process (the trait OpenWeights).

Takes the compiler's arguments from the last debug build, leaves out what the trait defines, and only checks types. A
second build without the trait would compile every dependency again.
"""
import json
import os
import subprocess
import sys
import tempfile

MODULES = ["Workbench", "cox"]
# Arguments that write something, with the number of values that follow each.
WRITING = {
    "-emit-dependencies": 0, "-emit-module": 0, "-emit-module-path": 1, "-output-file-map": 1, "-incremental": 0,
    "-c": 0, "-enable-batch-mode": 0, "-serialize-diagnostics": 0, "-index-store-path": 1, "-emit-objc-header": 0,
    "-emit-objc-header-path": 1, "-parseable-output": 0,
}


def arguments(manifest, module):
    """The compiler's arguments for a module, as the build's manifest has them."""
    inside = False
    for line in manifest:
        if line.startswith('  "'):
            inside = line.startswith(f'  "C.{module}-') and line.rstrip().endswith('.module":')
        elif inside and line.strip().startswith("args: "):
            return json.loads(line.strip()[len("args: "):])
    sys.exit(f"The debug build has no module {module}: run swift build first.")


def without_trait(args):
    kept, rest = [], list(args)
    while rest:
        word = rest.pop(0)
        if word in WRITING:
            del rest[:WRITING[word]]
        elif word == "-DOpenWeights":
            pass
        elif word == "-D" and rest and rest[0] == "OpenWeights":
            rest.pop(0)
        else:
            kept.append(word)
    return kept


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    try:
        manifest = open(".build/debug.yaml").read().splitlines()
    except FileNotFoundError:
        sys.exit("There is no debug build: run swift build first.")
    for module in MODULES:
        args = arguments(manifest, module)
        if args == without_trait(args) or not any("OpenWeights" in word for word in args):
            print(f"{module}: built without the trait already")
            continue
        with tempfile.TemporaryDirectory() as folder:
            command = without_trait(args) + ["-typecheck", "-module-cache-path", os.path.join(folder, "cache")]
            result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"{module} does not compile without the trait OpenWeights:\n{result.stdout}{result.stderr}")
        print(f"{module}: compiles without the trait OpenWeights")


main()
