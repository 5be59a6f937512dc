"""The warehouse as a task of Inspect: `inspect eval /path/to/inspect_task.py@crates --sample-id crates-01`.

The name after `@` is what makes an absolute path possible.
"""
import os
import sys

from inspect_ai import Task, task
from inspect_ai.dataset import FieldSpec, json_dataset
from inspect_ai.scorer import match
from inspect_ai.solver import generate, system_message, use_tools
from inspect_ai.tool import tool

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, FOLDER)

import warehouse  # noqa: E402


@tool
def look_up():
    async def execute(item: str) -> str:
        """The price of one crate of an item.

        Args:
            item: the item's name in the plural, such as nails.
        """
        return warehouse.look_up(item)

    return execute


@tool
def add():
    async def execute(a: int, b: int) -> int:
        """The sum of two amounts.

        Args:
            a: the first amount.
            b: the second amount.
        """
        return warehouse.add(a, b)

    return execute


@task
def crates():
    return Task(
        dataset=json_dataset(f"{FOLDER}/tasks.jsonl", FieldSpec(input="input", target="answer", id="id")),
        solver=[system_message(warehouse.INSTRUCTIONS), use_tools([look_up(), add()]), generate()],
        scorer=match(numeric=True), message_limit=2 * warehouse.TURNS)
