"""A rollout of another package, turned inside out: it runs until it asks its model, and cox answers.

The package's own loop runs as it is, with its own tools, stops and scores; only its model is ours. Everything happens
on one thread: while cox thinks, no rollout runs. A rollout cannot be copied, so that cox replays its answers for a
clone.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from .. import world
from . import _shared

Ask = Callable[[Sequence[world.Message], Sequence[Mapping[str, Any]]], Awaitable[world.Message]]
"""The model of a rollout: gets the whole conversation and the tools, returns the assistant's message. All three are in
the form of OpenAI's chat API."""


@dataclasses.dataclass
class Score:
    """What a rollout paid in the end."""

    reward: float
    rewards: Mapping[str, float] = dataclasses.field(default_factory=dict)


class RolloutWorld(world.World):
    """A conversation that a coroutine of another package conducts. Override `play`."""

    conversation = True
    copyable = False
    _offered: Sequence[Mapping[str, Any]] = ()

    async def play(self, ask: Ask) -> Score:
        """Plays the task with `ask` as the model."""
        raise NotImplementedError

    def tools(self) -> Sequence[Mapping[str, Any]]:
        """Those of the newest question."""
        return self._offered

    def reset(self, task: str, seed: int = 0) -> world.Outcome:
        """Starts the rollout and returns what it tells its model first."""
        self._loop = loop()
        self._random = _shared.Randomness(seed)
        self._known: list[world.Message] = []
        self._question: asyncio.Future[Any] = self._loop.create_future()
        self._reply: asyncio.Future[world.Message] | None = None
        with self._random:
            self._playing = self._loop.create_task(self.play(self._ask))
        return self._proceed()

    def reply(self, answer: world.Answer) -> world.Outcome:
        """Gives the rollout its model's answer."""
        assert self._reply is not None
        self._known.append(answer.message)
        self._question = self._loop.create_future()
        reply, self._reply = self._reply, None
        reply.set_result(answer.message)
        return self._proceed()

    def close(self) -> None:
        """Cancels what still runs."""
        if hasattr(self, "_playing") and not self._playing.done():
            self._playing.cancel()
            self._loop.run_until_complete(asyncio.wait({self._playing}, timeout=5))

    async def _ask(
        self, messages: Sequence[world.Message], tools: Sequence[Mapping[str, Any]]
    ) -> world.Message:
        if self._reply is not None:
            raise world.Failed("The rollout asks its model for several answers at a time, which is not supported.")
        self._reply = asyncio.get_running_loop().create_future()
        self._question.set_result((list(messages), list(tools)))
        return await self._reply

    def _proceed(self) -> world.Outcome:
        with self._random:
            self._loop.run_until_complete(
                asyncio.wait({self._question, self._playing}, return_when=asyncio.FIRST_COMPLETED))
        if self._question.done():
            messages, self._offered = self._question.result()
            count = len(self._known)
            if [_essence(each) for each in messages[:count]] != [_essence(each) for each in self._known]:
                raise world.Failed("The rollout rewrote its conversation, which cox keeps. This is not supported.")
            self._known = messages
            return world.Outcome(messages=messages[count:])
        score = self._playing.result()  # Raises what the rollout raised.
        if not self._known:
            raise world.Failed("The rollout ended before it asked its model.")
        return world.Outcome(messages=[], reward=score.reward, rewards=score.rewards, done=True)


@functools.cache
def loop() -> asyncio.AbstractEventLoop:
    """The event loop of all rollouts."""
    return asyncio.new_event_loop()


def _essence(message: world.Message) -> tuple[Any, ...]:
    # Packages rewrite the assistant's message, for instance without its reasoning.
    return (message["role"], None if message["role"] == "assistant" else message.get("content"))
