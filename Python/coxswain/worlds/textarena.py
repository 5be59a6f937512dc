"""Games of TextArena for one player, or against an opponent that you write.

    python -m coxswain.worlds.textarena GuessTheNumber-v0

In Python, for a game for two:

    from coxswain.worlds.textarena import serve_textarena
    serve_textarena("TicTacToe-v0", opponent=lambda observation: random.choice(moves(observation)))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import world
from . import _shared

Opponent = Callable[[str], str]
"""Plays the other side: gets what is new to it, returns its action. `random` is seeded by the task."""


class TextArena(_shared.Seeded):
    """A game of TextArena. A task is the seed of its reset; the reward is the game's, at the end."""

    def __init__(
        self, game: str, counts: dict[str, int], seed: int, options: dict[str, Any], opponent: Opponent | None,
        step_limit: int | None, maximal_reward: float | None,
    ) -> None:
        super().__init__(counts, seed)
        self.game, self.options, self.opponent = game, options, opponent
        self.name, self.version = _shared.label("textarena", game, options), _shared.version("textarena")
        self.limit, self.maximal_reward = step_limit, maximal_reward

    def tasks(self) -> dict[str, list[world.Task]]:
        """The seeds. A game is opened to see how long it may last."""
        self.open(1)
        turns = getattr(self.state, "max_turns", None)
        # An invalid move is allowed once, and is not counted as a turn.
        self.step_limit = self.limit or (2 * turns if turns else 100)
        return super().tasks()

    def open(self, seed: int) -> None:
        """Begins a game."""
        import textarena

        self.random = _shared.Randomness(seed)
        try:
            with self.random:
                self.outer = textarena.make(self.game, **self.options)
                self.outer.reset(num_players=2 if self.opponent else 1, seed=seed)
        except AssertionError as error:
            _shared.refuse(f"{self.game} is no game for {'two' if self.opponent else 'one'}: {error}. A game for two "
                           "needs serve_textarena(…, opponent=…); more players are not supported.")
        except (LookupError, SyntaxError, ImportError, OSError, ValueError) as error:
            # Missing word lists of nltk, a missing key for a jury, a newer Python: TextArena's own words say which.
            said = " ".join(line.strip() for line in str(error).splitlines() if line.strip(" *"))
            _shared.refuse(f"TextArena cannot start {self.game}: {type(error).__name__}: {said[:200]}")
        # Wrappers around the observation repeat the whole conversation at each step, which cox keeps itself.
        self.inner = self.outer
        while isinstance(self.inner, textarena.Wrapper):
            self.inner = self.inner.env

    @property
    def state(self) -> Any:
        """The state that all games of TextArena have."""
        return self.inner.state

    def reset(self, task: str) -> str:
        """Begins the game of the task."""
        self.open(self.task.data)
        with self.random:
            self.others()
            return self.heard(0)

    def step(self, action: str) -> world.Outcome:
        """Makes a move, and the opponent's moves after it."""
        turn = getattr(self.state, "turn", None)
        with self.random:
            done, _ = self.outer.step(action)
            invalid = not done and self.state.current_player_id == 0 and self.state.turn == turn
            done = done or self.others()
            heard = self.heard(0)
            if not done:
                return world.Outcome(heard, invalid=invalid)
            rewards, information = self.outer.close()
        about = information.get(0, {})
        return world.Outcome("\n".join(filter(None, [heard, about.get("reason")])), done=True,
                             reward=float((rewards or {}).get(0, 0)), invalid=bool(about.get("invalid_move")))

    def others(self) -> bool:
        """Lets the opponent play until it is the player's turn or the game ends."""
        done = bool(self.state.done)
        while not done and self.state.current_player_id != 0:
            if self.opponent is None:
                raise world.Failed(f"{self.game} asks player {self.state.current_player_id}, whom nobody plays.")
            done, _ = self.outer.step(self.opponent(self.heard(self.state.current_player_id)))
        return bool(done)

    def heard(self, player: int) -> str:
        """What is new to a player, without its own moves."""
        import textarena

        new = self.state.observations[player]
        self.state.observations[player] = []
        own = textarena.ObservationType.PLAYER_ACTION
        return "\n".join(text.strip() for speaker, text, kind in new if not (kind == own and speaker == player))


def serve_textarena(
    game: str, *, train: int = 64, validation: int = 16, test: int = 32, seed: int = 1,
    opponent: Opponent | None = None, step_limit: int | None = None, maximal_reward: float | None = None,
    **options: Any,
) -> None:
    """Serves a game.

    Args:
        game: Its id in TextArena.
        opponent: Plays the second side of a game for two.
        step_limit: By default twice the game's own limit, or 100.
        options: Arguments of the game, such as `max_turns=10`.
    """
    textarena = _shared.begin("textarena")
    if game not in textarena.envs.registration.ENV_REGISTRY:
        _shared.refuse(f"TextArena has no game {game}. Its README lists them.")
    counts = {"train": train, "validation": validation, "test": test}
    _shared.start(TextArena, game, counts, seed, options, opponent, step_limit, maximal_reward)


def main() -> None:
    """The command."""
    parser = _shared.parser("textarena", "A game of TextArena for one player.")
    parser.add_argument("game", help="its id, such as GuessTheNumber-v0")
    parser.add_argument("--options", type=_shared.json_object, default={}, metavar="JSON", help="arguments of the game")
    parser.add_argument("--step-limit", type=int, help="the most steps")
    parser.add_argument("--maximal-reward", type=float, help="the largest reward of an episode; 1 in most games")
    given = parser.parse_args()
    serve_textarena(given.game, train=given.train, validation=given.validation, test=given.test, seed=given.seed,
                    step_limit=given.step_limit, maximal_reward=given.maximal_reward, **given.options)


if __name__ == "__main__":
    main()
