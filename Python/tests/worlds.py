"""The worlds that the tests play. `python worlds.py NAME` serves one."""

from __future__ import annotations

import enum
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from coxswain.world import Answer, Invalid, Message, Outcome, Result, Task, World, tool

WAYS = {"north": (0, -1), "south": (0, 1), "west": (-1, 0), "east": (1, 0)}


class Maze(World):
    """Find the door: choices, invalid actions, and a state that can be copied."""

    version = "1"
    step_limit = 8
    maximal_reward = 1
    instructions = "Find the door. Answer with one of the ways."

    def tasks(self) -> Mapping[str, list[str]]:
        names = [f"{x}-{y}" for x in range(4) for y in range(4) if (x, y) != (0, 0)]
        return {"train": names[:8], "validation": names[8:10], "test": names[10:]}

    def reset(self, task: str) -> Outcome:
        self.at, self.steps = [0, 0], 0
        self.door = [int(number) for number in task.split("-")]
        return self.view()

    def step(self, action: str) -> Outcome:
        outcome = self.view()
        if action not in (outcome.choices or ()):
            raise Invalid(f"There is no way {action}.")
        self.steps += 1
        self.at = [place + move for place, move in zip(self.at, WAYS[action], strict=True)]
        outcome = self.view()
        outcome.done = self.at == self.door
        outcome.reward = 1 - 0.05 * self.steps if outcome.done else 0
        return outcome

    def view(self) -> Outcome:
        ways = [
            name for name, move in WAYS.items()
            if all(0 <= place + by < 4 for place, by in zip(self.at, move, strict=True))
        ]
        return Outcome(f"You are at {self.at}. The door is at {self.door}.", choices=ways)


class Repeat(World):
    """Say a word of the task: listed, or described by a text."""

    step_limit = 2
    maximal_reward = 1
    takes_descriptions = True

    def tasks(self) -> Mapping[str, list[str]]:
        return {"train": ["five"], "test": ["seven"]}

    def reset(self, task: str, description: str | None = None) -> str:
        self.words = task if description is None else description
        assert self.task.data == description
        return f"Say a word of: {self.words}"

    def step(self, action: str) -> tuple[str, float, bool]:
        return f"You said {action}.", float(action in self.words.split()), True

    def snapshot(self) -> Any:
        return self.words

    def restore(self, snapshot: Any) -> None:
        assert self.task.data in (None, snapshot)
        self.words = snapshot


class SnapshotMaze(Maze):
    """The same with a snapshot of its own."""

    def snapshot(self) -> Any:
        return [self.at, self.door, self.steps]

    def restore(self, snapshot: Any) -> None:
        self.at, self.door, self.steps = snapshot


class Tally(World):
    """Pays the digit that it is given, at once, so that clones are made without a critic."""

    step_limit = 4
    maximal_reward = 4

    def tasks(self) -> Mapping[str, list[str]]:
        return {"test": ["a", "b"]}

    def reset(self, task: str) -> str:
        self.steps = 0
        return f"{task}: a digit."

    def step(self, action: str) -> Result:
        self.steps += 1
        return f"{self.steps}: another.", int(action) / 9, self.steps == 4


class Locked(Tally):
    """Looks as if it could be copied until an episode has begun."""

    def reset(self, task: str) -> str:
        self.lock = threading.Lock()
        return super().reset(task)


class Colour(enum.Enum):
    """A colour of the shop."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Address:
    """Where to send it.

    Attributes:
        street: Street and number.
    """

    street: str
    country: str = "NZ"


class Wish(TypedDict, total=False):
    """What the customer wants."""

    colour: str
    size: int


class Shop(World):
    """A conversation with tools."""

    maximal_reward = 1
    instructions = "Serve the customer with your tools."

    def tasks(self) -> Mapping[str, list[str | Task]]:
        return {"train": ["lamp"], "test": [Task("rug", instructions="Be brief.", step_limit=3, data={"price": 30})]}

    def reset(self, task: str, seed: int = 0) -> str:
        self.seed = seed
        self.bought: list[str] = []
        return f"I want a {task}."

    @tool
    def search(self, words: str, limit: int = 10, order: Literal["price", "name"] = "name") -> list[str]:
        """Search the catalogue.

        The catalogue is large.

        Args:
            words: What to look for,
                in plain words.
            limit (int): How many products to list.

        Returns:
            Names.
        """
        print("searching", words)
        return [f"{words} {number}" for number in range(min(limit, 2))]

    @tool
    def buy(self, product: str, colour: Colour | None = None, to: Address | None = None, wish: Wish | None = None,
            parts: dict[str, float] | None = None) -> str:
        """Buy a product. This ends the episode."""
        assert colour is None or isinstance(colour, Colour)
        assert to is None or isinstance(to, Address)
        self.bought.append(product)
        self.pay(0.75, "product")
        if colour is Colour.RED:
            self.pay(0.25, "colour")
        self.finish()
        return f"Sent to {to.street if to else 'you'}."

    @tool
    def look(self, product: str) -> dict[str, Any]:
        """Look at a product."""
        if product == "nothing":
            raise Invalid("There is no such product.")
        if product == "mistake":
            raise RuntimeError("the catalogue is gone")
        if product == "failure":
            self.fail("the shop burnt down")
        return {"product": product, "colours": [Colour.RED], "seed": self.seed}

    def answered(self, text: str) -> str | None:
        return "Use the tools." if "?" in text else None


class Talk(World):
    """A conversation without tools, with a grade that comes later."""

    conversation = True
    copyable = False

    def tasks(self) -> Mapping[str, list[str]]:
        return {"test": ["hello"]}

    def reset(self, task: str) -> list[Message]:
        return [{"role": "system", "content": "Be polite."}, {"role": "user", "content": task}]

    def reply(self, answer: Answer) -> Result:
        self.said = answer.text
        self.pay(0.1)
        self.finish(pending=True)
        return None

    def score(self) -> Mapping[str, float]:
        time.sleep(0.2)
        return {"length": len(self.said) / 10, "tone": 0.5}


class Broken(World):
    """Everything that goes wrong."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def tasks(self) -> Mapping[str, list[str]]:
        return {"test": ["a"]}

    def reset(self, task: str) -> str:
        print("reset prints")
        sys.stdout.write("without a line feed")
        subprocess.run(["echo", "a subprocess prints"], check=True)
        os.write(1, b"and so does C\n")
        return sys.stdin.read() + "Begin."

    def step(self, action: str, parsed: bool = True) -> Any:
        if action == "nan":
            return "x", float("nan")
        if action == "exit":
            sys.exit(3)
        if action == "raise":
            raise KeyError("gone")
        if action == "long":
            return "x" * (9 << 20)
        if action == "strange":
            return 3
        if action == "bytes":
            return b"\xe9".decode(errors="surrogateescape")
        if action == "pending":
            return Outcome("wait", reward=0.25, done=True, pending=True)
        return f"{action} {parsed}"

    def score(self) -> float:
        return 0.5


if __name__ == "__main__":
    globals()[sys.argv[1]].serve()
