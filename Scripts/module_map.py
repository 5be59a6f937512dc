#!/usr/bin/env python3
"""Draws the map of modules from the imports of the code, and fails where an arrow goes up.

    Scripts/module_map.py            prints the map: room, lines, and the rooms it imports
    Scripts/module_map.py --check    prints only what is wrong; exit status 1 where something is

The rooms stand below in the order of the house, from the ground up. A room may import the rooms below it, never its
own storey or one above.
"""
import pathlib
import re
import sys

# Each line is a storey. The rooms of one storey do not import each other.
STOREYS = [
    ["Agents", "HTTP", "ChildProcess", "CMLX", "CXGBoost", "CZlib"],
    ["ParticleFilter", "ModelFiles", "Tensors", "WorldKit", "Dialects", "Constraints"],
    ["TokenSteering"],
    ["RolloutStore", "ModelServers", "OpenWeights", "JavaBridge"],
    ["Steering", "Policies", "Orders", "Arithmetic", "TextCraft", "Shop", "ScienceWorld", "TextWorldExpress", "AgentGym",
     "OpenEnv", "ORS", "ProcessWorld", "Gateway"],
    ["Findings", "Critics", "CoxswainTesting", "Tracking"],
    ["Reporting"],
    ["Viewer"],
    ["Workbench"],
    ["Coxswain", "Serving"],
    ["cox"],
]
FOLDERS = {"ProcessWorld": "Environments/Process"}
WORLDS = {"Orders", "Arithmetic", "TextCraft", "Shop", "ScienceWorld", "TextWorldExpress", "AgentGym", "OpenEnv", "ORS"}
IMPORT = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public |package |internal )?import (\w+)", re.M)


def folder(sources: pathlib.Path, room: str) -> pathlib.Path:
    if room in FOLDERS:
        return sources / FOLDERS[room]
    return sources / "Environments" / room if room in WORLDS else sources / room


def main() -> int:
    sources = pathlib.Path(__file__).resolve().parent.parent / "Sources"
    level = {room: number for number, rooms in enumerate(STOREYS) for room in rooms}
    problems, rows, seen = [], [], set()
    for rooms in STOREYS:
        for room in rooms:
            lines, imports = 0, {}
            for file in sorted(folder(sources, room).rglob("*.swift")):
                seen.add(file)
                text = file.read_text()
                lines += text.count("\n")
                for name in IMPORT.findall(text):
                    if name in level and name != room:
                        imports.setdefault(name, file)
            for name, file in imports.items():
                if level[name] >= level[room]:
                    problems.append(f"{file.relative_to(sources.parent)}: {room} imports {name}, which is not below it")
            rows.append((room, lines, sorted(imports, key=lambda name: (level[name], name))))
    for file in sorted(set(sources.rglob("*.swift")) - seen):
        problems.append(f"{file.relative_to(sources.parent)}: in no room of Scripts/module_map.py")
    if "--check" not in sys.argv:
        width = max(len(room) for room, _, _ in rows)
        for room, lines, imports in reversed(rows):
            print(f"{room:{width}} {lines:6}  → {', '.join(imports) or '–'}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
