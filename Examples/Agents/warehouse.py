"""The job of the small agents: what an order costs, from a price list and an adding machine."""
import argparse
import json
import os
import re

INSTRUCTIONS = (
    "You work in a warehouse. Look up the price of a crate with look_up, one item at a time, and add two amounts "
    "with add. When you know what the whole order costs, answer with the amount."
)
PRICES = {
    "nails": 12, "bolts": 17, "screws": 9, "hinges": 23, "brackets": 31, "cables": 46, "lamps": 58, "tiles": 27,
    "ropes": 14, "pulleys": 39, "valves": 52, "gaskets": 8, "bearings": 61, "hammers": 74, "saws": 83, "drills": 97,
}
MODEL = "gpt-4.1-mini"
TURNS = 12


def look_up(item: str) -> str:
    """The price of one crate of an item.

    Args:
        item: the item's name in the plural, such as nails.
    """
    name = item.strip().lower()
    if name not in PRICES:
        return f"There is no item {name!r}. Items: {', '.join(sorted(PRICES))}."
    return f"A crate of {name} costs {PRICES[name]}."


def add(a: int, b: int) -> int:
    """The sum of two amounts.

    Args:
        a: the first amount.
        b: the second amount.
    """
    return a + b


def options(about):
    """The command line of every agent: a task's id and the model's name."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--task", required=True, help="an id from tasks.jsonl")
    parser.add_argument("--model", default=MODEL)
    return parser


def task(name):
    """The line of tasks.jsonl with this id."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tasks.jsonl")
    with open(path) as lines:
        for line in map(json.loads, lines):
            if line["id"] == name:
                return line
    raise SystemExit(f"tasks.jsonl has no task {name!r}.")


def score(line, answer):
    """Prints the answer and the reward: 1 if the last number in the answer is the right amount."""
    numbers = re.findall(r"\d+", str(answer or "").replace(",", ""))
    print(answer)
    print(json.dumps({"reward": float(bool(numbers) and int(numbers[-1]) == line["answer"])}))
