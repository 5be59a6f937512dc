# mypy: ignore-errors
"""Environments of verifiers for the tests of their wrapper."""

from __future__ import annotations

import random
from typing import Any

import verifiers as vf
from datasets import Dataset


def sums(first: int, last: int) -> Any:
    return Dataset.from_list([{"question": f"What is {each}+{each}?", "answer": str(2 * each)}
                              for each in range(first, last)])


def right(completion: Any, answer: str, **_: Any) -> float:
    return float(answer in str(completion[-1]["content"]))


def short(completion: Any, **_: Any) -> float:
    return float(len(str(completion[-1]["content"])) < 10)


RUBRIC: dict[str, Any] = {"funcs": [right, short], "weights": [1.0, 0.5]}


def single() -> Any:
    return vf.SingleTurnEnv(dataset=sums(0, 20), eval_dataset=sums(18, 30), rubric=vf.Rubric(**RUBRIC),
                            system_prompt="Be brief.")


def tools() -> Any:
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    return vf.ToolEnv(dataset=sums(0, 20), tools=[add], rubric=vf.Rubric(**RUBRIC), max_turns=4)


class Guess(vf.MultiTurnEnv):
    """Guess a number that is drawn by Python's global generator."""

    async def setup_state(self, state: Any) -> Any:
        state["number"] = random.randint(1, 6)
        return state

    async def env_response(self, messages: Any, state: Any, **_: Any) -> Any:
        if str(state["number"]) in str(messages[-1]["content"]):
            state["final_env_response"] = [vf.UserMessage(content="Right.")]
            return state["final_env_response"]
        return [vf.UserMessage(content=f"Wrong. {random.random()}")]


def guess() -> Any:
    def won(state: Any, **_: Any) -> float:
        return float(state.get("final_env_response") is not None)

    return Guess(dataset=sums(0, 20), max_turns=7, rubric=vf.Rubric(funcs=[won]))


class Shop(vf.StatefulToolEnv):
    """A cart that the model does not see."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.add_tool(self.buy, args_to_skip=["cart"])

    async def buy(self, item: str, cart: list) -> str:
        """Buy an item."""
        cart.append(item)
        return f"{len(cart)} items"

    async def setup_state(self, state: Any) -> Any:
        state["cart"] = []
        return state

    def update_tool_args(self, tool_name: str, tool_args: dict, messages: Any, state: Any, **_: Any) -> dict:
        return {**tool_args, "cart": state["cart"]}


def shop() -> Any:
    def bought(state: Any, **_: Any) -> float:
        return float(len(state["cart"]))

    return Shop(dataset=sums(0, 20), max_turns=4, rubric=vf.Rubric(funcs=[bought]))


class Broken(vf.MultiTurnEnv):
    """Its service is gone."""

    async def env_response(self, messages: Any, state: Any, **_: Any) -> Any:
        raise vf.Error("the service is gone")


class Rewriting(vf.MultiTurnEnv):
    """Forgets its first message."""

    async def env_response(self, messages: Any, state: Any, **_: Any) -> Any:
        return []

    async def get_prompt_messages(self, state: Any) -> Any:
        return [vf.UserMessage(content=f"Turn {len(state['trajectory'])}")]


def broken() -> Any:
    return Broken(dataset=sums(0, 20), max_turns=3, rubric=vf.Rubric(funcs=[right]))


def rewriting() -> Any:
    return Rewriting(dataset=sums(0, 20), max_turns=3, rubric=vf.Rubric(funcs=[right]))


def compared() -> Any:
    def best(completions: list, **_: Any) -> list:
        return [1.0 for _ in completions]

    return vf.SingleTurnEnv(dataset=sums(0, 20), rubric=vf.Rubric(funcs=[best]))


def load_environment(kind: str = "single") -> Any:
    """What the command loads."""
    return globals()[kind]()
