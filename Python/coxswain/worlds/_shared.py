"""What the wrappers have in common: splits by seed, random generators of an episode's own, the command line."""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
import sys
from collections.abc import Callable, Iterable
from importlib import import_module, metadata
from itertools import cycle
from types import ModuleType
from typing import Any, NoReturn

from .._serving import Refusal
from ..world import Task, World, serve

SPLITS = ("train", "validation", "test")
APART = 100_000
"""The seeds between the first tasks of two splits."""


def seeds(seed: int, split: str) -> range:
    """The seeds of a split. They do not depend on how many tasks there are: a task never changes its split."""
    first = (3 * seed + SPLITS.index(split)) * APART
    if not 0 <= first < 2**31 - APART:
        refuse(f"The seed must be between 0 and {(2**31 // APART - 3) // 3}, not {seed}.")
    return range(first, first + APART)


class Seeded(World):
    """A world whose tasks are seeds.

    Args:
        counts: The number of tasks by split.
        seed: Other seeds have other tasks.
    """

    def __init__(self, counts: dict[str, int], seed: int) -> None:
        self.counts, self.seed = counts, seed

    def tasks(self) -> dict[str, list[Task]]:
        """As many seeds as were asked for."""
        return {
            split: [Task(f"seed-{each}", data=each) for each in seeds(self.seed, split)[:count]]
            for split, count in self.counts.items()
        }


def divide(
    rows: Iterable[Any], held: Iterable[Any] | None, counts: dict[str, int], name: Callable[[Any], str],
    key: Callable[[Any], Any],
) -> dict[str, list[Task]]:
    """Rows of a data set as tasks. To which split a row belongs depends on its place alone, not on the counts, so that
    a row from which a critic has learned never comes up in a later test.

    Args:
        rows: Four rows of seven go to train, two to test, one to validation.
        held: Rows for test, if there are any of their own. Then four of five of the others go to train.
        name: The name of a row's task.
        key: What the model is told. A row that tells the same as an earlier one is left out.
    """
    seen: set[str] = set()

    def different(each: Iterable[Any]) -> list[Any]:
        found = []
        for row in each:
            if (text := repr(key(row))) not in seen:
                seen.add(text)
                found.append(row)
        return found

    pattern = ["train", "test", "train", "validation", "train", "test", "train"]
    found: dict[str, list[Any]] = {split: [] for split in SPLITS}
    if held is not None:
        pattern = [split for split in pattern if split != "test"]
        found["test"] = different(held)
    for split, row in zip(cycle(pattern), different(rows)):
        found[split].append(row)
    return {split: [Task(name(row), data=row) for row in found[split][:counts[split]]] for split in SPLITS}


class Randomness:
    """The random generators of Python and NumPy as one episode left them.

    Many packages use the global generators. While an episode is active it has these for itself, so that its course
    depends on its seed and its actions alone, whatever other episodes do in between.
    """

    def __init__(self, seed: int) -> None:
        self.states: tuple[Any, Any] | None = None
        self.others: tuple[Any, Any] = (None, None)
        self.seed = seed

    def __enter__(self) -> None:
        numpy = sys.modules.get("numpy")
        self.others = (random.getstate(), numpy.random.get_state() if numpy else None)
        if self.states is None:
            random.seed(self.seed)
            if numpy:
                numpy.random.seed(self.seed % 2**32)
        else:
            self._use(self.states)

    def __exit__(self, *_: object) -> None:
        numpy = sys.modules.get("numpy")
        self.states = (random.getstate(), numpy.random.get_state() if numpy else None)
        self._use(self.others)

    @staticmethod
    def _use(states: tuple[Any, Any]) -> None:
        random.setstate(states[0])
        if states[1] is not None:
            sys.modules["numpy"].random.set_state(states[1])


# MARK: Starting


def begin(module: str, package: str | None = None) -> ModuleType:
    """Imports a package after fixing Python's hash seed, on which the tasks of some packages depend.

    Args:
        module: What is imported.
        package: Its name for pip, if that is another.
    """
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        # The same command line again, in place of this process.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        refuse(f"This world needs {error.name}: {sys.executable} -m pip install {package or module}")


def version(package: str) -> str:
    """The installed version of a package; tasks and rewards may change with it."""
    return metadata.version(package)


def start(world: Callable[..., World], *arguments: Any, **named: Any) -> None:
    """Serves a world whose instances get these arguments. One is made at once, so that mistakes show at once."""
    make = functools.partial(world, *arguments, **named)
    make()
    serve(make)


class _Refused(Refusal, SystemExit):
    """Ends a program that is being started; while it serves, it answers one question."""


def refuse(why: str) -> NoReturn:
    """Says why this world cannot be played. The message reaches cox and its user."""
    refused = _Refused(why)
    refused.code = why
    raise refused


def parser(module: str, description: str, seeded: bool = True, **counts: int) -> argparse.ArgumentParser:
    """A command line with the options that all wrappers have."""
    made = argparse.ArgumentParser(
        prog=f"python -m coxswain.worlds.{module}", description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for split, count in {"train": 64, "validation": 16, "test": 32, **counts}.items():
        made.add_argument(f"--{split}", type=_count, default=count, metavar="N", help=f"tasks of the split {split}")
    if seeded:
        made.add_argument("--seed", type=int, default=1, help="other seeds have other tasks")
    return made


def json_object(text: str) -> dict[str, Any]:
    """An option whose value is a JSON object."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError
    return value


def _count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= APART:
        raise argparse.ArgumentTypeError(f"must be between 0 and {APART}")
    return count


def label(*parts: object) -> str:
    """A world's name: what tells it from others."""
    texts = [json.dumps(each, sort_keys=True, default=str) if isinstance(each, dict) else str(each) for each in parts]
    return " ".join(text for text in texts if text not in ("", "{}"))
