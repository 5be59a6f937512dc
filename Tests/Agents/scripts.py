"""What the scripted provider answers. Each script reads the conversation and plays the next step of its job."""
import json
import re

from dialects import Answer

# As in Examples/Agents/warehouse.py; the wrong items are looked up instead of the wanted ones.
ITEMS = ["nails", "bolts", "screws", "hinges", "brackets", "cables", "lamps", "tiles"]


def answer(conversation, generator, errors):
    """The next answer in a conversation. `generator` decides what goes wrong, `errors` how often."""
    if conversation.grammar:
        return chosen(conversation, generator, errors)
    if "bash" in conversation.tools:
        return repair(conversation, generator, errors)
    if "look_up" in conversation.tools:
        return warehouse(conversation, generator, errors)
    return Answer("I have no script for this conversation.")


# -- An answer out of a grammar's literals

def chosen(conversation, generator, errors):
    """One of the grammar's literals: mostly the one that the last line of the prompt names."""
    literals = [json.loads(text) for text in re.findall(r'"(?:[^"\\]|\\.)*"', conversation.grammar)]
    wanted = re.split(r"\W+", conversation.events[-1][-1].splitlines()[-1].split(" I want ")[-1])
    named = [text for text in literals if text.strip() in wanted]
    if named and generator.random() >= 2 * errors:
        return Answer(named[0])
    return Answer(generator.choice(literals))


# -- The warehouse

def warehouse(conversation, generator, errors):
    """Looks the items up, adds their amounts and answers."""
    # The task is the last user turn that names crates: earlier ones may be examples.
    request = [text for text in conversation.texts("user") if re.search(r"\d+ crates of", text)][-1]
    order = [(int(count), item) for count, item in re.findall(r"(\d+) crates of (\w+)", request)]
    results = [(event[1], event[2]) for event in conversation.events if event[0] == "result"]
    prices = [number(text) for name, text in results if name == "look_up" and number(text) is not None]
    sums = [number(text) for name, text in results if name == "add" and number(text) is not None]

    def slips():
        return generator.random() < errors

    if len(prices) < len(order):
        rest = [item for _, item in order[len(prices):]]
        if generator.random() < 0.85:
            rest = rest[:1]
        return Answer("", [("look_up", {"item": mistaken(item, generator) if slips() else item}) for item in rest])
    amounts = [count * price for (count, _), price in zip(order, prices)]
    if len(sums) < len(order) - 1:
        first = sums[-1] if sums else amounts[0]
        second = amounts[len(sums) + 1]
        if slips():
            second += generator.choice([-10, -1, 1, 10])
        words = "Now I add the amounts." if generator.random() < 0.3 else ""
        return Answer(words, [("add", {"a": first, "b": second})])
    total = sums[-1] if sums else amounts[0]
    if generator.random() < errors / 2:
        total += generator.choice([-10, -1, 1, 10])
    if "final_answer" in conversation.tools:
        return Answer("", [("final_answer", {"answer": total})])
    return Answer(generator.choice(["The order costs {}.", "{}", "In all that is {}."]).format(total))


def mistaken(item, generator):
    """Another item, or a word that is no item."""
    if generator.random() < 0.4:
        return item[:-1]
    return generator.choice([other for other in ITEMS if other != item])


def number(text):
    """The last number of a tool's result; None if it is a refusal."""
    found = re.findall(r"-?\d+", text)
    return int(found[-1]) if found and "There is no" not in text else None


# -- Repairing a program with a shell (Examples/Agents/mini_swe)

# For each module the line to repair, the right line, and wrong ones.
REPAIRS = {
    "durations": (
        r'found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?", text.strip())',
        r'found = re.fullmatch(r"(?=\d)(?:(\d+)h)?\s*(?:(\d+)m)?", text.strip())',
        [
            r'found = re.fullmatch(r"(?:(\d+)h)?\s*(?:(\d+)m)?", text.strip())',
            r'found = re.fullmatch(r"(?:(\d+)h)?\s+(?:(\d+)m)?", text.strip())',
            r'found = re.match(r"(\d+)h? ?(\d+)m", text.strip())',
        ]),
    "intervals": (
        "if whole and low < whole[-1][1]:\n            whole[-1] = (whole[-1][0], high)",
        "if whole and low <= whole[-1][1]:\n            whole[-1] = (whole[-1][0], max(high, whole[-1][1]))",
        [
            "if whole and low <= whole[-1][1]:\n            whole[-1] = (whole[-1][0], high)",
            "if whole and low < whole[-1][1]:\n            whole[-1] = (whole[-1][0], max(high, whole[-1][1]))",
        ]),
    "columns": (
        'return "\\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows)',
        'return "\\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)',
        [
            'return "\\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows)',
            'return "\\n".join("  ".join(row))',
        ]),
}
SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


def repair(conversation, generator, errors):
    """Looks, reads, edits, tests, perhaps edits again, and submits."""
    request = [text for text in conversation.texts("user") if "Repair " in text][0]
    name = re.search(r"Repair (\w+)\.py", request)[1]
    commands = [event[2].get("command", "") for event in conversation.events if event[0] == "call"]
    results = conversation.texts("result")
    test = f"python3 -m unittest test_{name}"
    edits = [command for command in commands if command.startswith("python3 - ")]

    def bash(words, command):
        return Answer(words, [("bash", {"command": command})])

    if not commands:
        return bash("I look around first.", generator.choice(["ls", "ls -la"]))
    if not any(f"cat {name}.py" in command for command in commands):
        # Some read the tests, too.
        return bash("I read the module.", f"cat {name}.py" + generator.choice([f" test_{name}.py", ""]))
    if not edits or (commands[-1] == test and "FAILED" in results[-1] and len(edits) < 3 and generator.random() < 0.6):
        right, wrong = REPAIRS[name][1:]
        return bash("I repair it.", edit(name, generator.choice(wrong) if generator.random() < 2 * errors else right))
    if commands[-1] == edits[-1] and generator.random() < 0.9:
        return bash("I run the tests.", test)
    return bash("It is done.", SUBMIT)


def edit(name, line):
    """A command that replaces the line, or what an earlier edit made of it."""
    broken, right, wrong = REPAIRS[name]
    program = [f"path = {name + '.py'!r}", "text = open(path).read()"]
    # The longest first, since one may be a part of another.
    for other in sorted({broken, right, *wrong}, key=len, reverse=True):
        program.append(f"text = text.replace({other!r}, '@LINE@')")
    program.append(f"open(path, 'w').write(text.replace('@LINE@', {line!r}))")
    return "python3 - <<'EOF'\n" + "\n".join(program) + "\nEOF"
