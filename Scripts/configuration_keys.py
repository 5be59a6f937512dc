#!/usr/bin/env python3
"""Rewrites the tables of keys in Documentation/configuration.md from the declarations in the code.

    Scripts/configuration_keys.py [COX]

COX is the program that prints them (`cox keys`), .build/debug/cox unless given. A table stands between `<!-- keys: NAME -->` and
`<!-- end -->`; what is outside of these marks stays.
"""
import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r"<!-- keys: (?P<name>[\w ]+) -->.*?<!-- end -->", re.S)


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    cox = sys.argv[1] if len(sys.argv) > 1 else root / ".build/debug/cox"
    printed = subprocess.run([cox, "keys"], check=True, capture_output=True, text=True, encoding="utf-8").stdout
    tables = {block["name"]: block[0] for block in BLOCK.finditer(printed)}
    path = root / "Documentation/configuration.md"
    text = path.read_text(encoding="utf-8")
    marked = [block["name"] for block in BLOCK.finditer(text)]
    if sorted(marked) != sorted(tables):
        print(f"{path.name} marks {marked}, and cox keys prints {list(tables)}.", file=sys.stderr)
        return 1
    path.write_text(BLOCK.sub(lambda block: tables[block["name"]], text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
