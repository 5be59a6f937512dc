"""Games of TextArena as worlds, with the real package."""

import re
from pathlib import Path

import pytest

from .worlds_driver import Cox, check_course, check_splits, check_with_cox, refusal

pytest.importorskip("textarena", reason="textarena is not installed")

MODULE = ("-m", "coxswain.worlds.textarena")

DUEL = r'''
import random, re
from coxswain.worlds.textarena import serve_textarena

def opponent(observation):
    return random.choice(re.findall(r"'(\[\d\])'", observation.rpartition("Available Moves")[2]))

serve_textarena("TicTacToe-v0", opponent=opponent, train=3, validation=1, test=2)
'''


@pytest.mark.parametrize("name, actions", [
    ("GuessTheNumber-v0", ["3", "[17]", "[9]", "nothing", "[11]"]),
    ("2048-v0-easy", ["[Up]", "[Left]", "[Down]", "[Right]", "[Up]"]),
    ("Blackjack-v0", ["[Hit]", "[Stand]", "[Hit]"]),
    ("Sokoban-v0", ["up", "left", "down"]),
    ("Minesweeper-v0-small", ["[0 0]", "[4 4]", "[2 2]"]),
])
def test_games(name: str, actions: list[str]) -> None:
    with Cox(*MODULE, name, "--train", "4", "--validation", "2", "--test", "3") as cox:
        check_splits(cox, train=4, validation=2, test=3)
        check_course(cox, cox.tasks["train"][0], actions)


def test_a_number_is_found() -> None:
    with Cox(*MODULE, "GuessTheNumber-v0") as cox:
        opening = cox.reset(1, cox.tasks["test"][0])["observation"]
        assert "between 1 and 20" in opening
        low, high = 1, 20
        for _ in range(6):
            guess = (low + high) // 2
            answer = cox.step(1, str(guess))
            assert "between 1 and 20" not in answer["observation"]  # Only what is new.
            if answer["done"]:
                break
            low, high = (guess + 1, high) if "higher" in answer["observation"] else (low, guess - 1)
        assert answer["reward"] == 1 and "Congratulations" in answer["observation"]


def test_invalid_moves() -> None:
    with Cox(*MODULE, "Sokoban-v0") as cox:
        cox.reset(1, cox.tasks["train"][0])
        first = cox.step(1, "sing")
        assert first["invalid"] and not first["done"]
        assert cox.step(1, "sing")["done"]


def test_options() -> None:
    with Cox(*MODULE, "GuessTheNumber-v0", "--options", '{"max_number": 3, "max_turns": 2}') as cox:
        assert cox.hello["stepLimit"] == 4
        assert "between 1 and 3" in cox.reset(1, cox.tasks["train"][0])["observation"]


def test_an_opponent(tmp_path: Path) -> None:
    (tmp_path / "duel.py").write_text(DUEL)
    with Cox(str(tmp_path / "duel.py")) as cox:
        opening = cox.reset(1, cox.tasks["train"][0])
        answer, moves = opening, []
        while not answer.get("done"):
            free = re.findall(r"\[(\d)\]", answer["observation"].rpartition("Available Moves")[2])
            moves.append(f"[{free[0]}]")
            answer = cox.step(1, moves[-1])
            assert "error" not in answer, answer
        assert answer["reward"] in (-1, 0, 1)
        check_course(cox, cox.tasks["train"][0], moves)


def test_refusals() -> None:
    assert "opponent=" in refusal(*MODULE, "TicTacToe-v0")
    assert "has no game Halma" in refusal(*MODULE, "Halma")


@pytest.mark.parametrize("name", ["GuessTheNumber-v0", "Sokoban-v0"])
def test_check_environment(name: str, tmp_path: Path) -> None:
    assert "replay: the same" in check_with_cox(tmp_path, *MODULE, name)
