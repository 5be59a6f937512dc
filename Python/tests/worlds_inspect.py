# mypy: ignore-errors
"""Tasks of inspect_ai for the tests of their wrapper."""

from __future__ import annotations

from typing import Any

from inspect_ai import Task, task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, accuracy, choice, includes, match, model_graded_qa, scorer
from inspect_ai.solver import basic_agent, generate, multiple_choice, system_message, use_tools
from inspect_ai.tool import tool
from inspect_ai.util import store


@tool
def add() -> Any:
    """Counts its calls in the store of the sample."""
    async def execute(x: int, y: int) -> str:
        """Add two numbers.

        Args:
            x: The first.
            y: The second.
        """
        store().set("calls", store().get("calls", 0) + 1)
        return f"{x + y}, call {store().get('calls')}"

    return execute


def samples() -> list[Sample]:
    return [Sample(input=f"What is {each}+{each}?", target=str(2 * each), id=f"sum-{each}") for each in range(20)]


@task
def plain() -> Task:
    return Task(dataset=samples(), solver=[system_message("Be brief."), generate()], scorer=[match(), includes()])


@task
def tools() -> Task:
    return Task(dataset=samples(), solver=[use_tools(add()), generate()], scorer=includes(), message_limit=8)


@task
def agent() -> Task:
    return Task(dataset=samples(), solver=react(tools=[add()]), scorer=includes())


@task
def basic() -> Task:
    return Task(dataset=samples(), solver=basic_agent(tools=[add()]), scorer=includes())


@task
def letters() -> Task:
    picks = [Sample(input=f"Pick {each}.", choices=["x", "y", str(each)], target="C") for each in range(14)]
    return Task(dataset=picks, solver=multiple_choice(), scorer=choice())


@scorer(metrics=[accuracy()])
def style() -> Any:
    """Two values in one score."""
    async def score(state: Any, target: Any) -> Score:
        return Score(value={"polite": "please" in state.output.completion, "short": len(state.output.completion) < 20})

    return score


@task
def parts() -> Task:
    return Task(dataset=samples(), scorer=style())


@task
def graded() -> Task:
    return Task(dataset=samples(), scorer=model_graded_qa())


@task
def boxed() -> Task:
    return Task(dataset=samples(), scorer=includes(), sandbox="docker")
