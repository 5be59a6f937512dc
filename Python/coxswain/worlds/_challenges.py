"""The games that `tw-make` of TextWorld makes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from .. import world
from . import _shared


def challenge(name: str, options: Sequence[str], program: str) -> Callable[[Any], Any]:
    """Makes games of a challenge from TextWorld's own options for it."""
    from textworld.challenges import CHALLENGES

    parser = argparse.ArgumentParser(prog=f"{program} {name}")
    if name == "custom":
        for option, value in {"nb-rooms": 3, "nb-objects": 6, "quest-length": 4}.items():
            parser.add_argument(f"--{option}", type=int, default=value)
        return custom(**vars(parser.parse_args(options)))
    if name not in CHALLENGES:
        _shared.refuse(f"There is no challenge {name}. There are: custom, {', '.join(CHALLENGES)}.")
    _, build, add_arguments = CHALLENGES[name]
    add_arguments(parser)
    settings = vars(parser.parse_args(options))
    return lambda game_options: build(settings, game_options)


def custom(nb_rooms: int, nb_objects: int, quest_length: int) -> Callable[[Any], Any]:
    """Makes games as `tw-make custom` does."""
    def make(options: Any) -> Any:
        from textworld.generator import make_game
        from textworld.generator.chaining import QuestGenerationError

        options.nb_rooms, options.nb_objects, options.quest_length = nb_rooms, nb_objects, quest_length
        for _ in range(20):
            try:
                return make_game(options)
            except QuestGenerationError:  # Not every map and every set of objects has such a quest.
                options.seeds = {part: seed + 1 for part, seed in options.seeds.items()}
        raise world.Failed(f"No quest of length {quest_length} was found. Try more rooms or objects.")
    return make
