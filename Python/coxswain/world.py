"""Worlds in Python.

A world is a class; one instance is one episode:

    from coxswain.world import World

    class Guess(World):
        step_limit = 5
        maximal_reward = 1

        def tasks(self):
            return {"train": ["3", "7"], "test": ["5"]}

        def reset(self, task):
            self.digit = task
            return "Guess a digit."

        def step(self, action):
            hit = action == self.digit
            return ("Right." if hit else "Wrong."), float(hit), hit

    if __name__ == "__main__":
        Guess.serve()

With `environment: { kind: process, command: [python, guess.py] }` in its configuration, `cox` starts the program and
plays.

A class with methods under `@tool` is a conversation instead: the model calls the methods, see `tool`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar, Union

from .schema import Mismatch, Signature

__all__ = ["Answer", "Call", "Failed", "Invalid", "Message", "Outcome", "Result", "Task", "World", "serve", "tool"]

Message = Mapping[str, Any]
"""A message of OpenAI's chat API: `role` and `content`, and `tool_call_id` or `tool_calls`."""


@dataclasses.dataclass(frozen=True)
class Task:
    """A task with more than a name."""

    name: str
    """Unique in the world. Answers are stored under it."""
    instructions: str | None = None
    """Replaces the world's instructions."""
    step_limit: int | None = None
    """Replaces the world's step limit."""
    data: Any = None
    """Anything for the world itself, which finds it as `self.task.data`."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Task:
        # A task is shared by all its episodes, and its data may be large.
        return self


@dataclasses.dataclass
class Outcome:
    """What a reset or a step returns if a text, a reward and an end are not enough."""

    observation: str = ""
    reward: float | None = None
    """Of this step. Without it the reward is the sum of `rewards`."""
    done: bool = False
    choices: Sequence[str] | None = None
    """The admissible actions from here. They are put into the prompt unless the observation lists them."""
    rewards: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Named parts of the reward, stored and shown."""
    invalid: bool = False
    """The action could not be carried out."""
    failed: str | None = None
    """This attempt failed, and why. It is in no mean."""
    pending: bool = False
    """With `done`: the final reward is not known yet. `score` is asked for it."""
    messages: Sequence[Message] | None = None
    """In a conversation: what is new, in place of the observation."""


Result = Union[None, str, tuple[str, float], tuple[str, float, bool], Outcome, Message, Sequence[Message]]
"""What `reset`, `step` and `reply` may return: an observation, alone or with a reward and whether the episode ends; an
`Outcome`; in a conversation one message or several."""


@dataclasses.dataclass(frozen=True)
class Call:
    """A tool call of the model."""

    id: str
    name: str
    arguments: dict[str, Any] | None
    """None if the model wrote something that is no JSON object."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """An answer of the model in a conversation."""

    text: str
    """Empty if there is none."""
    calls: Sequence[Call]
    message: Message
    """The whole message."""


class Invalid(Exception):
    """The action or call cannot be carried out. The text is for the model; nothing has changed."""


class Failed(Exception):
    """This attempt failed: a broken tool, a lost container. It is counted apart, and is in no mean."""


@dataclasses.dataclass
class _Turn:
    """What a world has paid and said during one reset or step."""

    paid: float = 0
    rewards: dict[str, float] = dataclasses.field(default_factory=dict)
    done: bool = False
    pending: bool = False


_Method = TypeVar("_Method", bound=Callable[..., Any])


@typing.overload
def tool(method: _Method, /) -> _Method: ...


@typing.overload
def tool(*, name: str) -> Callable[[_Method], _Method]: ...


def tool(method: Any = None, /, *, name: str | None = None) -> Any:
    """Makes a method of a world a tool of the model.

    Name, parameters and descriptions are those of the method: its type hints, its docstring and the docstring's section
    "Args:".

        class Shop(World):
            @tool
            def search(self, words: str, limit: int = 10) -> list[str]:
                \"\"\"Search the catalogue.

                Args:
                    words: What to look for.
                    limit: How many products to list.
                \"\"\"
                return self.catalogue.find(words)[:limit]

            @tool
            def buy(self, product: str) -> str:
                \"\"\"Buy a product. This ends the episode.\"\"\"
                self.pay(1.0 if product == self.wanted else 0.0)
                self.finish()
                return "Thank you."

    What a tool returns is shown to the model: a text as it is, anything else as JSON. `raise Invalid("There is no such
    product.")` tells the model why a call is not possible.

    Args:
        name: The tool's name, if it is not the method's.
    """

    def mark(method: Any) -> Any:
        if isinstance(method, (staticmethod, classmethod)) or inspect.iscoroutinefunction(method):
            raise TypeError("A tool is an ordinary method: not static, not of the class, not async.")
        method.coxswain_tool = name or method.__name__
        return method

    return mark if method is None else mark(method)


class World:
    """A world; one instance is one episode.

    Override `tasks` and `reset`, and `step` or methods under `@tool`. An instance is made without arguments unless
    `serve` is given some: one to ask for the tasks, and one for every episode. What episodes share belongs to the
    class.
    """

    name: str = ""
    """Part of the world's identity, with which rollouts are stored. By default the name of the class in lower case."""
    version: str = ""
    """Raise it whenever the same actions may lead to other observations or rewards: old rollouts are then no longer
    used."""
    step_limit: int = 20
    """The most steps of an episode."""
    maximal_reward: float | None = None
    """The largest reward of an episode, if there is one. A search stops there."""
    instructions: str = ""
    """Shown to the model first."""
    copyable: bool = True
    """Whether `copy.deepcopy` makes an independent copy of an episode. Set it to False if the state, or part of it, is
    outside the
    instance: in a file, a server, another process. A clone is then made by replaying its actions. A world with
    `snapshot` and `restore` is not copied."""
    takes_descriptions: bool = False
    """Whether `reset` can begin tasks that `tasks` does not list: texts that come in while `cox serve` runs. The text
    is `self.task.data` then, and the argument of `reset`'s parameter `description: str | None = None`."""
    conversation: bool = False
    """Whether the world speaks in messages and tool calls. A world with tools always does."""

    task: Task
    """The task of this episode."""
    _turn: _Turn | None = None

    # MARK: What a world overrides

    def tasks(self) -> Mapping[str, Iterable[str | Task]]:
        """The tasks of the splits `train`, `validation` and `test`, each a list of names or `Task`s."""
        raise NotImplementedError(f"{type(self).__name__} has no tasks(), which returns names by split.")

    def reset(self, task: str) -> Result:
        """Begins an episode and returns its first observation.

        With a parameter `seed: int = 0` it also gets a seed, the same for every attempt at the task. With a parameter
        `description: str | None = None` it gets the text of a task that is not listed (`takes_descriptions`).
        """
        raise NotImplementedError(f"{type(self).__name__} has no reset(task).")

    def step(self, action: str) -> Result:
        """Carries out an action; in a conversation `reply` has this part.

        With a parameter `parsed: bool = True` it is told whether the model's answer held an action; if not, `action` is
        the whole answer.
        """
        raise NotImplementedError(f"{type(self).__name__} has no step(action).")

    def snapshot(self) -> Any:
        """The whole state as JSON. Override it together with `restore`; worlds that can be copied need neither."""
        raise NotImplementedError

    def restore(self, snapshot: Any) -> None:
        """Takes over a state. It is called on a new instance in place of `reset`."""
        raise NotImplementedError

    def score(self) -> float | Mapping[str, float]:
        """The reward that was pending at the end, as a number or in named parts. It may take its time; other episodes
        go on meanwhile, so it must not change what they share."""
        raise NotImplementedError(f"{type(self).__name__} has no score(), but left a reward pending.")

    def close(self) -> None:
        """The episode is over, finished or not. Close files and connections here."""

    # MARK: Conversations

    def tools(self) -> Sequence[Mapping[str, Any]]:
        """The tools that are offered now, as in OpenAI's chat API: by default all methods under `@tool`. It is asked
        after every step; override it to offer others."""
        return [each.signature.tool for each in _tools(type(self)).values()]

    def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Carries out a tool call and returns what the model is shown: by default the method's result.

        Raises:
            Invalid: The call is not possible; the model is told why.
        """
        known = _tools(type(self))
        if name not in known:
            raise Invalid(f"There is no tool {name}. The tools are: {', '.join(known) or 'none'}.")
        return known[name].method(self, **known[name].signature.arguments(arguments))

    def answered(self, text: str) -> str | None:
        """The model answered in words, without a call. Returns the next user message, or None to end the episode.

        By default the episode ends. To grade a last answer: `self.pay(…)`, and return None. To insist on calls: return
        "Use the tools."
        """
        return None

    def reply(self, answer: Answer) -> Result:
        """Takes an answer in a conversation. By default its calls go to `call` one after the other, up to the end of
        the episode, and an answer without calls to `answered`."""
        if not answer.calls:
            said = self.answered(answer.text)
            if said is None:
                self.finish()
            return said
        messages: list[Message] = []
        wrong = 0
        for call in answer.calls:
            try:
                if call.arguments is None:
                    raise Invalid("The arguments are no JSON object.")
                content = _shown(self.call(call.name, call.arguments))
            except (Invalid, Mismatch) as error:
                content, wrong = f"Error: {error}", wrong + 1
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})
            if self._now.done:
                break
        return Outcome(messages=messages, invalid=wrong == len(messages))

    # MARK: What a world calls

    def pay(self, reward: float, name: str | None = None) -> None:
        """Adds to the reward of this step, as a named part if it has a name."""
        if name is None:
            self._now.paid += float(reward)
        else:
            self._now.rewards[name] = self._now.rewards.get(name, 0) + float(reward)

    def finish(self, pending: bool = False) -> None:
        """Ends the episode with this step.

        Args:
            pending: The final reward is not known yet. `score` is asked for it.
        """
        self._now.done, self._now.pending = True, pending

    def fail(self, why: str) -> NoReturn:
        """Ends this attempt as failed. It has no reward then, not even 0."""
        raise Failed(why)

    # MARK: Serving

    @classmethod
    def serve(cls, *arguments: Any, **named: Any) -> None:
        """Answers the questions of `cox` until there are no more. The arguments are those of the instances."""
        serve(functools.partial(cls, *arguments, **named))

    @property
    def _now(self) -> _Turn:
        if self._turn is None:
            self._turn = _Turn()
        return self._turn

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        for name, member in vars(cls).items():
            if isinstance(member, (staticmethod, classmethod)) and hasattr(member.__func__, "coxswain_tool"):
                raise TypeError(f"{cls.__name__}.{name}: a tool is an ordinary method, not static, not of the class.")
            if hasattr(member, "coxswain_tool") and hasattr(World, name):
                raise TypeError(
                    f"{cls.__name__}.{name}: a world has a method {name} already. Name the method otherwise, and mark "
                    f'it with @tool(name="{name}").')


def serve(make: Callable[[], World]) -> None:
    """Answers the questions of `cox` on standard input until there are no more.

    What the world prints meanwhile goes to standard error, and so does what its subprocesses print.

    Args:
        make: Makes an instance; a class, or a function that returns one.
    """
    from . import _serving

    _serving.serve(make)


@dataclasses.dataclass(frozen=True)
class _Tool:
    method: Callable[..., Any]
    signature: Signature


_known_tools: dict[type[World], dict[str, _Tool]] = {}


def _tools(cls: type[World]) -> dict[str, _Tool]:
    """The tools of a class by name, those of its bases first."""
    if cls in _known_tools:
        return _known_tools[cls]
    found: dict[str, _Tool] = {}
    for base in reversed(cls.__mro__):
        for attribute, member in vars(base).items():
            name = getattr(member, "coxswain_tool", None)
            if name is None:
                continue
            # A subclass may override the method without marking it again.
            method = getattr(cls, attribute)
            signature = Signature(method, method=True)
            signature.name = name
            found[name] = _Tool(method, signature)
    _known_tools[cls] = found
    return found


def _shown(value: Any) -> str:
    from ._serving import json_text

    if value is None:
        return "Done."
    return value if isinstance(value, str) else json_text(value, readable=True)
