#!/usr/bin/env python3
"""Checks that every Swift block of the documentation is compiled: that it is a marked region of a file under Examples/.

    Scripts/snippets.py            prints each block with its source
    Scripts/snippets.py --check    prints what is wrong; exit status 1 where a block has no source

A region stands between the lines `// snippet: name` and `// end snippet`. A block equals a region line by line, apart from the
indentation of the whole. Read are the articles in Sources/Coxswain/Coxswain.docc, Documentation/*.md and the Markdown files
beside the package's manifest.
"""
import pathlib
import re
import sys
import textwrap

BEGIN = re.compile(r"^\s*// snippet: (\S.*?)\s*$")
END = re.compile(r"^\s*// end snippet\s*$")
FENCE = re.compile(r"^(\s*)```\s*(\w*)\s*$")


def normal(lines) -> str:
    """Text without the indentation of the whole, trailing white space, and empty lines at its ends."""
    return textwrap.dedent("\n".join(line.rstrip() for line in lines)).strip("\n")


def regions(root: pathlib.Path, wrong: list):
    """Yields the name, place and text of every marked region."""
    for file in sorted((root / "Examples").rglob("*.swift")):
        name, lines, start = None, [], 0
        for number, line in enumerate(file.read_text().split("\n"), 1):
            begin, end = BEGIN.match(line), END.match(line)
            if begin and name or end and not name:
                wrong.append(f"{file.relative_to(root)}:{number}: a snippet begins within another, or ends without a beginning")
            if begin:
                name, lines, start = begin.group(1), [], number
            elif end and name:
                yield name, f"{file.relative_to(root)}:{start}", normal(lines)
                name = None
            elif name:
                lines.append(line)
        if name:
            wrong.append(f"{file.relative_to(root)}:{start}: the snippet {name} has no end")


def blocks(root: pathlib.Path):
    """Yields the place and text of every Swift block of the documentation."""
    articles = sorted((root / "Sources" / "Coxswain" / "Coxswain.docc").rglob("*.md"))
    for file in articles + sorted((root / "Documentation").glob("*.md")) + sorted(root.glob("*.md")):
        language, lines, start = None, [], 0
        for number, line in enumerate(file.read_text().split("\n"), 1):
            fence = FENCE.match(line)
            if fence and language is None:
                language, lines, start = fence.group(2), [], number
            elif fence and not fence.group(2):
                if language == "swift":
                    yield f"{file.relative_to(root)}:{start}", normal(lines)
                language = None
            elif language is not None:
                lines.append(line)


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    wrong, sources = [], {}
    for name, place, text in regions(root, wrong):
        sources[text] = f"{place} ({name})"
    for place, text in blocks(root):
        if text not in sources:
            first = text.split("\n")[0]
            wrong.append(f"{place}: no region under Examples/ equals the block that begins with `{first}`")
        elif "--check" not in sys.argv:
            print(f"{place}: {sources[text]}")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
