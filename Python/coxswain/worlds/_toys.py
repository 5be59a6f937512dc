"""Words for the toy texts of Gymnasium, whose actions and observations are numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class Toy:
    """How an environment is told in words."""

    actions: Sequence[str] | None = None
    instructions: str = ""
    maximal_reward: float | None = None
    words: Callable[[Any, Any], str] | None = None


def make(name: str, options: dict[str, Any]) -> Any:
    """An environment by its id, with a rendering in text if it has one."""
    import gymnasium

    made = gymnasium.make(name, **options)
    if "ansi" not in made.metadata.get("render_modes", []) or "render_mode" in options:
        return made
    made.close()
    return gymnasium.make(name, render_mode="ansi", **options)


def taxi(environment: Any, observation: Any) -> str:
    """The map, and where taxi, passenger and destination are."""
    from .gymnasium import plain

    row, column, passenger, destination = environment.unwrapped.decode(int(observation))
    places = ["R", "G", "Y", "B"]
    waits = "is in the taxi" if passenger == 4 else f"waits at {places[passenger]}"
    said = (f"The taxi is in row {row}, column {column}. The passenger {waits}. "
            f"The destination is {places[destination]}.")
    return f"{plain(environment.render())}\n{said}" if environment.render_mode == "ansi" else said


def blackjack(environment: Any, observation: Any) -> str:
    """The hand and the dealer's card."""
    hand, dealer, ace = (int(each) for each in observation)
    return f"Your cards count {hand}{', with an ace counted as 11' if ace else ''}. The dealer shows a {dealer}."


CLIFF = Toy(["up", "right", "down", "left"],
            "Walk from x to T. Each step costs 1. C is the cliff: it costs 100, and you begin again.", 0)
TOYS = {
    "FrozenLake": Toy(["left", "down", "right", "up"],
                      "Walk over the ice from S to the goal G. F is ice, H is a hole. You are at the letter in "
                      "brackets.", 1),
    "CliffWalking": CLIFF,
    "CliffWalkingSlippery": CLIFF,
    "Taxi": Toy(["south", "north", "east", "west", "pick up", "drop off"],
                "Fetch the passenger and bring them to the destination. R, G, Y and B are in the corners: R in row 0, "
                "column 0, G in row 0, column 4, Y in row 4, column 0, B in row 4, column 3. | is a wall.", 20, taxi),
    "Blackjack": Toy(["stick", "hit"], "Play Blackjack: come closer to 21 than the dealer, but not above.", 1,
                     blackjack),
}
