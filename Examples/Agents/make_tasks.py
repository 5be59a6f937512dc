"""Writes tasks.jsonl: 24 orders of two or three items, with the right amounts."""
import json
import os
import random

from warehouse import PRICES

SPLITS = ["train"] * 12 + ["validation"] * 4 + ["test"] * 8


def main():
    generator = random.Random(7)
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "tasks.jsonl"), "w") as file:
        for number, split in enumerate(SPLITS, start=1):
            items = generator.sample(sorted(PRICES), 2 + number % 2)
            counts = [generator.randint(2, 9) for _ in items]
            parts = [f"{count} crates of {item}" for count, item in zip(counts, items)]
            line = {
                "id": f"crates-{number:02}", "split": split, "maximalReward": 1,
                "input": f"What do {', '.join(parts[:-1])} and {parts[-1]} cost?",
                "answer": sum(count * PRICES[item] for count, item in zip(counts, items)),
            }
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
