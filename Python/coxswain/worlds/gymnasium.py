"""Environments of Gymnasium that can be played in words.

    python -m coxswain.worlds.gymnasium FrozenLake-v1 --options '{"is_slippery": false}'

In Python, for an environment of your own whose observations are texts:

    from coxswain.worlds.gymnasium import serve_gymnasium
    serve_gymnasium(make=lambda seed: MyEnvironment(), name="mine", maximal_reward=1)
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any

from .. import world
from . import _shared, _toys

Words = Callable[[Any, Any], str]
"""Describes an observation: gets the environment and the observation."""


class Gymnasium(_shared.Seeded):
    """An environment of Gymnasium. A task is the seed of its reset."""

    def __init__(
        self, make: Callable[[int], Any], counts: dict[str, int], seed: int, name: str, actions: Sequence[str] | None,
        words: Words | None, instructions: str, step_limit: int | None, maximal_reward: float | None,
    ) -> None:
        super().__init__(counts, seed)
        self.make, self.actions, self.words = make, actions, words
        self.name, self.version = name, _shared.version("gymnasium")
        self.instructions, self.maximal_reward = instructions, maximal_reward
        self.limit = step_limit

    def tasks(self) -> dict[str, list[world.Task]]:
        """The seeds. An episode is opened to see what the environment is like."""
        found = super().tasks()
        first = next(task for tasks in found.values() for task in tasks)
        self.task = first
        self.reset(first.name)
        spec = self.environment.spec
        self.step_limit = self.limit or (spec.max_episode_steps if spec else None) or 100
        try:
            copy.deepcopy(self.environment)
        except Exception:
            self.copyable = False
        self.close()
        del self.environment
        return found

    def reset(self, task: str) -> world.Outcome:
        """Opens the environment with the seed of the task."""
        number = self.task.data
        self.random = _shared.Randomness(number)
        with self.random:
            self.environment = self.make(number)
            observation, info = self.environment.reset(seed=number)
        self.space = self.environment.action_space
        self.kind = type(self.space).__name__
        if self.kind not in ("Discrete", "Text"):
            _shared.refuse(f"{self.name} takes actions of {self.space}. Only Discrete and Text can be played in words; "
                           "a gymnasium.ActionWrapper can turn texts into others.")
        if self.kind == "Discrete":
            self.first = int(self.space.start)
            self.names = list(self.actions or map(str, range(self.first, self.first + int(self.space.n))))
            if len(self.names) != self.space.n:
                _shared.refuse(f"{self.name} has {self.space.n} actions, but {len(self.names)} names are given.")
        return world.Outcome(self.text(observation), choices=self.choices(info))

    def step(self, action: str) -> world.Outcome:
        """Carries out an action."""
        if self.kind == "Discrete" and action not in self.names:
            raise world.Invalid(f"There is no action {action!r}. The actions are: {', '.join(self.names)}.")
        if self.kind == "Text" and not self.space.contains(action):
            raise world.Invalid(f"The action must fit {self.space}.")
        value = action if self.kind == "Text" else self.first + self.names.index(action)
        with self.random:
            observation, reward, terminated, truncated, info = self.environment.step(value)
        return world.Outcome(self.text(observation), reward=float(reward), done=bool(terminated or truncated),
                             choices=self.choices(info))

    def choices(self, info: dict[str, Any]) -> list[str] | None:
        """The names of the actions, those that `action_mask` admits if there is one."""
        if self.kind == "Text":
            return None
        mask = info.get("action_mask")
        named = [name for place, name in enumerate(self.names) if mask is None or mask[place]]
        return named or self.names

    def text(self, observation: Any) -> str:
        """An observation in words."""
        if self.words:
            return self.words(self.environment, observation)
        if not isinstance(observation, str) and self.environment.render_mode == "ansi":
            return plain(self.environment.render())
        return str(observation)

    def close(self) -> None:
        """Closes the environment."""
        if hasattr(self, "environment"):
            self.environment.close()


def plain(text: str) -> str:
    """A coloured text for a model: what is highlighted is put in brackets."""
    return re.sub(r"\x1b\[[\d;]*m", "", re.sub(r"\x1b\[4\dm(.)\x1b\[0m", r"[\1]", text)).strip("\n")


def serve_gymnasium(
    make: Callable[[int], Any], *, name: str, train: int = 64, validation: int = 16, test: int = 32, seed: int = 1,
    actions: Sequence[str] | None = None, words: Words | None = None, instructions: str = "",
    step_limit: int | None = None, maximal_reward: float | None = None,
) -> None:
    """Serves an environment.

    Args:
        make: Makes it for a seed. Its `reset` gets the seed as well.
        name: Part of the world's identity.
        actions: Names for the actions 0, 1, … of a Discrete space.
        words: Describes an observation. Without it texts are shown as they are, and others as ANSI rendering if
            `render_mode` is "ansi".
        step_limit: By default the environment's `max_episode_steps`, or 100.
    """
    _shared.begin("gymnasium")
    counts = {"train": train, "validation": validation, "test": test}
    _shared.start(Gymnasium, make, counts, seed, name, actions, words, instructions, step_limit, maximal_reward)


def main() -> None:
    """The command."""
    parser = _shared.parser("gymnasium", "An environment of Gymnasium: Text or Discrete actions.")
    parser.add_argument("environment", help="its id, such as FrozenLake-v1; module:id imports the module first")
    parser.add_argument("--options", type=_shared.json_object, default={}, metavar="JSON", help="arguments of make")
    parser.add_argument("--actions", help="names of the actions, with commas in between")
    parser.add_argument("--instructions", help="what the model is told first")
    parser.add_argument("--step-limit", type=int, help="the most steps")
    parser.add_argument("--maximal-reward", type=float, help="the largest reward of an episode")
    given = parser.parse_args()
    toy = _toys.TOYS.get(given.environment.rpartition("-v")[0], _toys.Toy())
    serve_gymnasium(
        lambda seed: _toys.make(given.environment, given.options), seed=given.seed,
        train=given.train, validation=given.validation, test=given.test,
        name=_shared.label("gymnasium", given.environment, given.options), words=toy.words,
        actions=given.actions.split(",") if given.actions else toy.actions,
        instructions=toy.instructions if given.instructions is None else given.instructions,
        step_limit=given.step_limit,
        maximal_reward=toy.maximal_reward if given.maximal_reward is None else given.maximal_reward)


if __name__ == "__main__":
    main()
