"""Helpers for a program that `cox` runs as an agent (Documentation/your-own-agent.md). All are optional.

A clone of an attempt is the same program started again, whose first model calls are answered from the record. Its tools
run again, too. A tool that must not, or that costs money, is put under `recorded`:

    from coxswain import agent

    @agent.recorded
    def search_the_web(query: str) -> list[str]:
        return paid_search(query)

    question = agent.task()["input"]
    …
    agent.reward(1.0 if right else 0.0)

Outside of `cox` the same program runs as it is: `task` and the others return what they are given for that case,
`reward` prints its line, and `recorded` calls the tool.
"""

from __future__ import annotations

import asyncio
import collections
import fcntl
import functools
import hashlib
import inspect
import json
import math
import os
import pathlib
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, TypeVar, cast

__all__ = ["attempt", "recorded", "replayed", "replayed_calls", "reward", "seed", "task"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def task(otherwise: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The task's line in the file of tasks.

    Args:
        otherwise: The task outside of cox.
    """
    line = os.environ.get("COX_TASK")
    return dict(json.loads(line) if line else otherwise or {})


def attempt(otherwise: str = "") -> str:
    """A name of this start of the program; no two starts have the same."""
    return os.environ.get("COX_ATTEMPT", otherwise)


def seed(otherwise: int = 0) -> int:
    """A seed, the same for all attempts at a task and for their replays."""
    return int(os.environ.get("COX_SEED", otherwise))


def replayed_calls() -> int:
    """How many model calls of this start are answered from the record; 0 for a new attempt."""
    return int(os.environ.get("COX_REPLAYED_CALLS", "0"))


def reward(amount: float, partial: bool = False) -> None:
    """Prints a reward for `environment.score: stdout`.

    Args:
        amount: The reward of the whole attempt, partial rewards included.
        partial: Pays this amount at once. The last reward of the attempt must not be partial.
    """
    amount = float(amount)
    if not math.isfinite(amount):
        raise ValueError(f"A reward is {amount}, which is no finite number.")
    line = json.dumps({"reward": amount, **({"partial": True} if partial else {})})
    if "COX_ATTEMPT" in os.environ and sys.__stdout__ is not None:
        # The line stands alone, and reaches cox even while a library keeps what is printed to itself.
        print(f"\n{line}", file=sys.__stdout__, flush=True)
    else:
        print(line, flush=True)


# MARK: Replays


def replayed() -> bool:
    """Whether what the program does now was done before: this start is a replay, and so far all its model calls were
    answered from the record. Tools that run on the last recorded answer have run before, too.

    Raises:
        RuntimeError: An older cox, which does not tell how many calls it answered.
    """
    calls = replayed_calls()
    if calls == 0:
        return False
    told = _told()
    if told is not None:
        return int(told["answered"]) <= calls
    if _record.was_found is not None:
        return _record.was_found
    raise RuntimeError(
        "This version of cox does not tell its programs how many model calls it has answered. Use a newer one, or put "
        "@coxswain.agent.recorded on the tool.")


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _told() -> dict[str, Any] | None:
    """What the gateway says about this attempt: `answered`, the number of model calls it has answered, and `past`, a
    digest of these answers. None if it does not know the question."""
    base, key = os.environ.get("OPENAI_BASE_URL"), os.environ.get("OPENAI_API_KEY")
    if not base or not key or "COX_ATTEMPT" not in os.environ:
        return None
    request = urllib.request.Request(f"{base}/coxswain/attempt", headers={"Authorization": f"Bearer {key}"})
    try:
        with _opener.open(request, timeout=30) as reply:
            return dict(json.load(reply))
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


# MARK: Recorded tools


def recorded(function: _Function) -> _Function:
    """Runs a tool once: its result is stored, and returned whenever a replay comes to the same call.

    Where a call stands is decided by the task, the model's answers so far, the tool, its arguments, and how often it
    was called with them since the last answer. Clones have the same past up to where they part, and share its results;
    after that each calls for itself.

    - Arguments and results are JSON. A result comes back as JSON has it, in the first run too: a tuple is a list.
    - Only the result is stored. What a tool did to the working folder is not done again.
    - An exception is not stored: the tool runs again.
    - Attempts whose model has said exactly the same so far cannot be told apart. They share results though neither is a
      clone.
    - A tool that ran when the program was killed has no result yet. It runs again.
    - With a `cox` that does not tell the model's answers, the calls of recorded tools so far and their results stand
      for them. Then tools must be called in the same order every time, not several at a time.

    Works for functions, methods (the object is no argument) and `async` functions. Without `COX_RECORD` it only calls
    the tool.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{function.__name__} yields its results one by one, which cannot be recorded. Return a list.")
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_once(*arguments: Any, **named: Any) -> Any:
            entry = _record.entry(function, arguments, named)
            if entry is None:
                return await function(*arguments, **named)
            # In a thread, so that the event loop goes on while another process runs the same call.
            await asyncio.to_thread(entry.open)
            try:
                return entry.result if entry.is_found else entry.keep(await function(*arguments, **named))
            finally:
                entry.close()

    else:

        @functools.wraps(function)
        def run_once(*arguments: Any, **named: Any) -> Any:
            entry = _record.entry(function, arguments, named)
            if entry is None:
                return function(*arguments, **named)
            entry.open()
            try:
                return entry.result if entry.is_found else entry.keep(function(*arguments, **named))
            finally:
                entry.close()

    return cast(_Function, run_once)


class _Record:
    """The calls of recorded tools in this start of the program."""

    def __init__(self) -> None:
        self.chain = ""
        """A digest of the calls so far and their results."""
        self.counts: collections.Counter[str] = collections.Counter()
        self.lock = threading.Lock()
        self.was_found: bool | None = None
        """Whether the last call was answered from the record."""

    def entry(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> _Entry | None:
        """Where the result of a call belongs; None outside of cox."""
        folder = os.environ.get("COX_RECORD")
        if not folder:
            return None
        call = [function.__qualname__, _arguments(function, arguments, named)]
        told = _told()
        with self.lock:
            past = self.chain if told is None else told["past"]
            place = _digest([os.environ.get("COX_TASK", ""), past, call])
            self.counts[place] += 1
            key = _digest([place, self.counts[place]])
        return _Entry(pathlib.Path(folder) / key[:2] / f"{key}.json", call, self)

    def note(self, entry: _Entry) -> None:
        """A call has its result."""
        with self.lock:
            self.chain = _digest([self.chain, entry.path.name, entry.result])
            self.was_found = entry.is_found


class _Entry:
    """The file with the result of one call. It is locked while the tool runs, so that clones at the same call run it
    once."""

    def __init__(self, path: pathlib.Path, call: list[Any], record: _Record) -> None:
        self.path, self.call, self.record = path, call, record
        self.file: BinaryIO | None = None
        self.is_found = False
        self.result: Any = None

    def open(self) -> None:
        """Waits for other processes at the same call, and looks for the result."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = open(self.path, "a+b")
        fcntl.flock(self.file, fcntl.LOCK_EX)
        self.file.seek(0)
        try:
            self.result = json.loads(self.file.read())["result"]
            self.is_found = True
        except ValueError:
            # Empty, or half written by a process that was killed.
            return
        self.record.note(self)

    def keep(self, result: Any) -> Any:
        """Stores the result, and returns it as a replay will see it."""
        assert self.file is not None
        try:
            text = json.dumps({"tool": self.call[0], "arguments": self.call[1], "result": result}, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TypeError(f"The result of {self.call[0]} cannot be recorded, since it is no JSON: {error}") from error
        self.file.truncate(0)
        self.file.write(text.encode())
        self.file.flush()
        os.fsync(self.file.fileno())
        self.result = json.loads(text)["result"]
        self.record.note(self)
        return self.result

    def close(self) -> None:
        """Releases the lock."""
        if self.file is not None:
            self.file.close()


_record = _Record()


def _arguments(function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """The arguments of a call by name, with defaults, so that two ways to write a call are one."""
    bound = inspect.signature(function).bind(*arguments, **named)
    bound.apply_defaults()
    found = dict(bound.arguments)
    first = next(iter(found), None)
    if first in ("self", "cls"):
        del found[first]
    try:
        return json.loads(json.dumps(found))
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"The arguments of {function.__qualname__} cannot be recorded, since they are no JSON: {error}") from error


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
