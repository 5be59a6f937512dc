"""An order desk: fills in a customer's order field by field, with text completions and a grammar (the openai package).

The prompts, the settings and the rewards are those of `cox demo`, so a model earns the same here as there.
"""
import argparse
import json
import os

INSTRUCTIONS = "Choose the options that match what the customer wants."
FIELDS = ["item", "material", "colour", "size", "count"]
# Filled-in orders that every prompt shows.
WORKED = [
    {
        "wanted": ["sweater", "leather", "orange", "large", "seven"],
        "listed": [
            ["coat", "sweater", "blanket", "shirt"], ["linen", "silk", "leather"], ["green", "orange", "purple"],
            ["huge", "large", "medium", "tiny"], ["four", "three", "seven"],
        ],
    },
    {
        "wanted": ["jacket", "wool", "yellow", "huge", "five"],
        "listed": [
            ["jacket", "bag", "coat"], ["rubber", "fleece", "wool"], ["purple", "black", "pink", "yellow"],
            ["huge", "tiny", "medium", "large"], ["seven", "eight", "five"],
        ],
    },
    {
        "wanted": ["skirt", "rubber", "blue", "small", "nine"],
        "listed": [
            ["skirt", "hat", "dress"], ["rubber", "fleece", "leather", "silk"], ["purple", "grey", "blue"],
            ["tiny", "medium", "huge", "small"], ["seven", "five", "nine", "six"],
        ],
    },
]


def line(order, field):
    """The line that the answer completes. The request names the fields in reverse."""
    request = "I want " + " ".join(reversed(order["wanted"]))
    return f"We have {', '.join(order['listed'][field])}. {request}, so I pick the {FIELDS[field]}"


def prompt(order, field):
    """The worked orders' lines with their answers, then the order's own line."""
    worked = "".join(f"{line(other, field)} {other['wanted'][field]}\n" for other in WORKED)
    return f"{INSTRUCTIONS}\n\n{worked}{line(order, field)}"


def grammar(options):
    """A grammar (GBNF) of one of the options after a space."""
    return "root ::= " + " | ".join(f'" {option}"' for option in options)


def request(order, field):
    """What the model is asked for a field, but for its name."""
    return {
        "prompt": prompt(order, field), "max_tokens": 8, "temperature": 1.4, "stop": ["\n"],
        "extra_body": {"grammar": grammar(order["listed"][field])},
    }


def orders():
    """The orders by id."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "orders.jsonl")
    with open(path) as lines:
        return {order["id"]: order for order in map(json.loads, lines)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", required=True, help="an id from orders.jsonl")
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    choice = parser.parse_args()
    from openai import OpenAI

    order, client = orders()[choice.task], OpenAI()
    right = 0
    for field in range(len(FIELDS)):
        answer = client.completions.create(model=choice.model, **request(order, field))
        picked = answer.choices[0].text.strip()
        print(f"{FIELDS[field]}: {picked}")
        right += picked == order["wanted"][field]
    print(json.dumps({"reward": right / len(FIELDS)}))


if __name__ == "__main__":
    main()
