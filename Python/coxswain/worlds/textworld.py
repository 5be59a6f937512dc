"""Games that TextWorld generates.

    python -m coxswain.worlds.textworld custom --nb-rooms 3 --nb-objects 6 --quest-length 4
    python -m coxswain.worlds.textworld tw-simple --rewards dense --goal brief

In Python, for games of your own making:

    from coxswain.worlds.textworld import serve_textworld
    serve_textworld(make=lambda options: my_game(options), name="mine")
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import world
from . import _challenges, _shared

IDLE = ("look", "inventory")  # Valid in every state, without any effect.


class TextWorld(_shared.Seeded):
    """A game of TextWorld. A task is the seed of its generator; the reward is the change in score over the maximum."""

    maximal_reward = 1

    def __init__(
        self, make: Callable[[Any], Any], name: str, counts: dict[str, int], seed: int, step_limit: int
    ) -> None:
        super().__init__(counts, seed)
        self.make, self.name, self.version = make, name, _shared.version("textworld")
        self.step_limit = step_limit

    def reset(self, task: str) -> world.Outcome:
        """Starts the game of the task, which is generated the first time."""
        import textworld

        wanted = textworld.EnvInfos(
            admissible_commands=True, score=True, max_score=True, won=True, lost=True, moves=True, objective=True)
        with _shared.Randomness(self.task.data):
            self.game = textworld.start(str(self.compiled()), wanted)
        self.game.seed(0)
        self.now = self.game.reset()
        return world.Outcome(clean(self.now.feedback), choices=self.choices())

    def step(self, action: str) -> world.Outcome:
        """Carries out a command."""
        known, moves, score = action in self.now.admissible_commands, self.now.moves, self.now.score or 0
        self.now, _, done = self.game.step(action)
        reward = ((self.now.score or 0) - score) / (self.now.max_score or 1)
        return world.Outcome(
            clean(self.now.feedback), reward=reward, done=bool(done or self.now.won or self.now.lost),
            choices=self.choices(), invalid=not known and self.now.moves == moves)

    def choices(self) -> list[str]:
        """The commands that the game admits."""
        return [command for command in self.now.admissible_commands if command not in IDLE]

    def __deepcopy__(self, memo: dict[int, Any]) -> TextWorld:
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        if hasattr(self, "game"):
            copied.game, copied.now = self.game.copy(), self.now.copy()
        return copied

    def close(self) -> None:
        """Ends the interpreter of the game."""
        if hasattr(self, "game"):
            self.game.close()

    def compiled(self) -> Path:
        """The file of the game. Generating takes seconds, so that games are kept in the user's cache."""
        from textworld.generator import compile_game

        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "coxswain" / "textworld"
        digest = hashlib.sha256(f"{self.name} {self.version}".encode()).hexdigest()[:16]
        folder = cache / digest / str(self.task.data)
        if not (folder / "game.z8").exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as work:
                made = Path(work) / "made"
                options = settings(self.task.data, made / "game.z8")
                compile_game(self.make(options), options)
                try:
                    made.rename(folder)
                except OSError:  # Another process was faster.
                    shutil.rmtree(made)
        return folder / "game.z8"


def settings(seed: int, path: Path) -> Any:
    """Options of the generator for a seed."""
    import textworld

    options = textworld.GameOptions()
    options.seeds, options.path, options.force_recompile = seed, str(path), True
    return options


def clean(feedback: str) -> str:
    """A game's text without the banner and the status line."""
    text = re.sub(r"\n>[^\n]*\Z", "", feedback.rstrip())
    banner = re.compile(r"[^A-Za-z0-9]*[$|_\\][^A-Za-z0-9]*")
    lines = [line.rstrip() for line in text.splitlines() if not banner.fullmatch(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def serve_textworld(
    make: Callable[[Any], Any], *, name: str, train: int = 64, validation: int = 16, test: int = 32, seed: int = 1,
    step_limit: int = 50,
) -> None:
    """Serves generated games.

    Args:
        make: Makes a `textworld.Game` from a `textworld.GameOptions` that has the seed of the task.
        name: Part of the world's identity and of the cache's: another name for other games.
    """
    _shared.begin("textworld")
    counts = {"train": train, "validation": validation, "test": test}
    _shared.start(TextWorld, make, name, counts, seed, step_limit)


def main() -> None:
    """The command."""
    parser = _shared.parser("textworld", "Games that TextWorld generates. Other options are those of tw-make.")
    parser.add_argument("challenge", help="custom, tw-simple, tw-cooking, tw-coin_collector or tw-treasure_hunter")
    parser.add_argument("--step-limit", type=int, default=50, help="the most steps")
    given, rest = parser.parse_known_args()
    _shared.begin("textworld")
    make = _challenges.challenge(given.challenge, rest, parser.prog)
    serve_textworld(make, name=_shared.label("textworld", given.challenge, *rest), step_limit=given.step_limit,
                    train=given.train, validation=given.validation, test=given.test, seed=given.seed)


if __name__ == "__main__":
    main()
