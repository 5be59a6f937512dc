#!/usr/bin/env python3
"""Counts public declarations without a documentation comment, and fails where there are more than Scripts/undocumented.txt says.

    Scripts/undocumented.py            prints the count of each room
    Scripts/undocumented.py --list     also prints each declaration
    Scripts/undocumented.py --check    prints what is wrong; exit status 1 where the count has grown
    Scripts/undocumented.py --write    writes the count to Scripts/undocumented.txt

Members of public protocols and cases of public enumerations count as public. What a protocol asks for is documented there:
in the standard library (`description`, `hash`, `encode`), or in this package.
"""
import pathlib
import re
import sys

WORDS = r"(?:struct|class|enum|actor|protocol|typealias|associatedtype|func|var|let|init|subscript|case)"
MODIFIERS = r"(?:(?:static|mutating|final|indirect|lazy|nonisolated|convenience|private\(set\)|package\(set\)|prefix|infix)\s+)*"
DECLARATION = re.compile(rf"^(\s*)((?:@\w+(?:\([^)]*\))?\s+)*)(public |open )?({MODIFIERS})({WORDS})\b\s*`?([\w.]*)")
EXTENSION = re.compile(r"^(\s*)(?:@\w+(?:\([^)]*\))?\s+)*(public |package |private |fileprivate )?extension\s")
STANDARD = {"description", "debugDescription", "hash", "encode", "id", "rawValue"}


REQUIREMENT = re.compile(r"^\s+///.*\n(?:\s+///.*\n)*\s+(?:static |mutating )?(?:func|var) (\w+)", re.M)


def requirements(text: str):
    """The names of what the protocols of a file ask for, where they are documented."""
    for protocol in re.finditer(r"^public protocol .*?^}", text, re.M | re.S):
        yield from REQUIREMENT.findall(protocol.group(0))


def undocumented(text: str, inherited_names):
    """Yields the number and text of each line that declares something public without a comment above it."""
    opened = []  # (indentation, whether members are public)
    documented = False
    in_text = False
    for number, line in enumerate(text.split("\n"), 1):
        quotes = line.count('"""')
        if in_text:
            in_text = quotes % 2 == 0
            continue
        stripped = line.strip()
        indentation = len(line) - len(line.lstrip())
        if stripped.startswith("///"):
            documented = True
            continue
        if not stripped or stripped.startswith("//") or stripped.startswith("#"):
            documented = False if not stripped else documented
            continue
        if stripped.startswith("@") and not DECLARATION.match(line):
            continue  # an attribute of the next declaration
        while opened and indentation <= opened[-1][0] and stripped[0] not in ")}]" and not stripped.startswith("where"):
            opened.pop()
        extension, declaration = EXTENSION.match(line), DECLARATION.match(line)
        if extension and not opened:
            opened.append((indentation, extension.group(2) == "public "))
        elif declaration:
            word, name = declaration.group(5), declaration.group(6)
            inherited = bool(opened) and opened[-1][1]
            if inherited == "cases":  # cases of a public enum are public; its other members need `public`
                inherited = word == "case" and indentation == opened[-1][0] + 2
            hidden = re.match(r"\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:package|private|fileprivate|internal) ", line)
            public = not hidden and (declaration.group(3) is not None or inherited)
            if public and not documented and name not in STANDARD and name not in inherited_names \
                    and "==" not in stripped.split("(")[0] and not stripped.startswith("public init(from decoder"):
                yield number, stripped
            members = public and word in ("protocol", "enum")
            opened.append((indentation, members and word == "protocol" or members and "enum"))
            if members and word == "enum":
                opened[-1] = (indentation, "cases")
        documented = False
        in_text = quotes % 2 == 1


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    counts, found = {}, []
    files = sorted((root / "Sources").rglob("*.swift"))
    names = {name for file in files for name in requirements(file.read_text())}
    for file in files:
        parts = file.relative_to(root / "Sources").parts
        room = parts[1] if parts[0] == "Environments" else parts[0]
        for number, line in undocumented(file.read_text(), names):
            counts[room] = counts.get(room, 0) + 1
            found.append(f"{file.relative_to(root)}:{number}: {line}")
    total = sum(counts.values())
    known = root / "Scripts" / "undocumented.txt"
    if "--write" in sys.argv:
        known.write_text(f"{total}\n")
    if "--list" in sys.argv:
        print("\n".join(found))
    if "--check" not in sys.argv:
        for room, count in sorted(counts.items()):
            print(f"{count:5} {room}")
        print(f"{total:5} public declarations without documentation")
        return 0
    most = int(known.read_text())
    if total > most:
        print(f"{total} public declarations have no documentation; Scripts/undocumented.txt allows {most}. "
              "Scripts/undocumented.py --list names them.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
