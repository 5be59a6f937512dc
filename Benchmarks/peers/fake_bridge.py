"""A bridge in plain Python, to develop and test peers.py without the real host.

Each task is a chain of 12 rounds; a round is a one with probability 0.3. The reward, the share of ones,
is paid at the end, and the critic is exact: before the end it gives the expected share of ones. The host's
own methods are not here: "run" answers with an error.

    python fake_bridge.py [--tasks 40] [--seed 0]
"""

import argparse
import json
import random
import sys
from dataclasses import dataclass

ROUNDS = 12
CHANCE = 0.3


@dataclass(frozen=True)
class State:
    step: int
    ones: int


class Chain:
    """All states drawn so far, numbered in the order they came, and the count of model calls."""

    def __init__(self, tasks: int, seed: int) -> None:
        self.tasks = [f"t{number}" for number in range(tasks)]
        self.states: list[State] = []
        self.calls = 0
        self.generator = random.Random(seed)

    def answer(self, request: dict) -> dict:
        match request["op"]:
            case "tasks":
                return {"name": "chain", "tasks": self.tasks, "stepLimit": ROUNDS, "maximum": 1.0}
            case "open":
                if request["task"] not in self.tasks:
                    raise ValueError(f"no task {request['task']}")
                return self.add(State(0, 0))
            case "extend":
                return {"children": [self.extend(number) for number in request["states"]]}
            case "calls":
                return {"calls": self.calls}
            case "run":
                raise ValueError("not here")
            case other:
                raise ValueError(f"no operation {other}")

    def extend(self, number: int) -> dict:
        parent = self.states[number]
        if parent.step == ROUNDS:
            raise ValueError(f"state {number} is done")
        self.calls += 1
        one = self.generator.random() < CHANCE
        return self.add(State(parent.step + 1, parent.ones + one)) | {"text": "one" if one else "zero"}

    def add(self, state: State) -> dict:
        self.states.append(state)
        done = state.step == ROUNDS
        share = state.ones / ROUNDS
        return {
            "state": len(self.states) - 1,
            "step": state.step,
            "reward": share if done else 0.0,
            "value": 0.0 if done else share + CHANCE * (ROUNDS - state.step) / ROUNDS,
            "done": done,
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=40, help="number of tasks (default 40)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draws (default 0)")
    options = parser.parse_args()
    chain = Chain(options.tasks, options.seed)
    for line in sys.stdin:
        try:
            answer = chain.answer(json.loads(line))
        except (ValueError, KeyError, IndexError) as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
