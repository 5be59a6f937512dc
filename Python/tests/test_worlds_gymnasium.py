"""Gymnasium's environments as worlds, with the real package."""

from pathlib import Path

import pytest

from .worlds_driver import Cox, check_course, check_splits, check_with_cox, refusal

pytest.importorskip("gymnasium", reason="gymnasium is not installed")

MODULE = ("-m", "coxswain.worlds.gymnasium")

TEXT = '''
import gymnasium
from coxswain.worlds.gymnasium import serve_gymnasium

class Echo(gymnasium.Env):
    observation_space = gymnasium.spaces.Text(100)
    action_space = gymnasium.spaces.Text(5, charset="abc")

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.word = "".join(self.np_random.choice(list("abc"), 3))
        return f"Say {self.word} backwards.", {}

    def step(self, action):
        hit = action == self.word[::-1]
        return ("Right." if hit else "Wrong."), float(hit), hit, False, {}

serve_gymnasium(make=lambda seed: Echo(), name="echo", maximal_reward=1, train=3, validation=1, test=2)
'''


@pytest.mark.parametrize("name, actions", [
    ("FrozenLake-v1", ["right", "down", "left", "down", "right", "right"]),
    ("Taxi-v4", ["north", "south", "pick up", "east", "drop off", "west"]),
    ("Blackjack-v1", ["hit", "hit", "stick"]),
    ("CliffWalking-v1", ["up", "right", "right", "down", "up"]),
])
def test_toys(name: str, actions: list[str]) -> None:
    with Cox(*MODULE, name, "--train", "4", "--validation", "2", "--test", "3") as cox:
        check_splits(cox, train=4, validation=2, test=3)
        assert cox.hello["forks"]
        check_course(cox, cox.tasks["train"][0], actions)


def test_a_way_over_the_ice() -> None:
    with Cox(*MODULE, "FrozenLake-v1", "--options", '{"is_slippery": false}') as cox:
        assert cox.hello["name"] == 'gymnasium FrozenLake-v1 {"is_slippery": false}'
        course = cox.play(1, cox.tasks["test"][0], ["down", "down", "right", "right", "down", "right"])
        assert course[0]["observation"] == "[S]FFF\nFHFH\nFFFH\nHFFG"
        assert course[0]["choices"] == ["left", "down", "right", "up"]
        assert [answer["reward"] for answer in course[1:]] == [0, 0, 0, 0, 0, 1]
        assert course[-1]["done"]


def test_the_mask_and_words_of_the_taxi() -> None:
    with Cox(*MODULE, "Taxi-v4") as cox:
        opening = cox.reset(1, cox.tasks["train"][0])
        assert "The passenger waits at" in opening["observation"] and "\x1b" not in opening["observation"]
        assert set(opening["choices"]) < {"south", "north", "east", "west", "pick up", "drop off"}


def test_what_cannot_be_carried_out() -> None:
    with Cox(*MODULE, "FrozenLake-v1") as cox:
        opening = cox.reset(1, cox.tasks["train"][0])
        answer = cox.step(1, "fly")
        assert answer["invalid"] and answer["reward"] == 0 and not answer["done"]
        assert answer["choices"] == opening["choices"] and "fly" in answer["observation"]


def test_texts(tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text(TEXT)
    with Cox(str(tmp_path / "echo.py")) as cox:
        check_splits(cox, train=3, validation=1, test=2)
        word = cox.reset(1, cox.tasks["train"][0])["observation"].split()[1]
        assert cox.step(1, "xyz")["invalid"]
        answer = cox.step(1, word[::-1])
        assert (answer["observation"], answer["reward"], answer["done"]) == ("Right.", 1, True)
        check_course(cox, cox.tasks["train"][1], ["a", "b", "c"])


def test_refusals() -> None:
    assert "Only Discrete and Text" in refusal("-c", (
        "import gymnasium; from coxswain.worlds.gymnasium import serve_gymnasium\n"
        "serve_gymnasium(lambda seed: gymnasium.make('Pendulum-v1'), name='pendulum')"))
    assert "2 names are given" in refusal(*MODULE, "FrozenLake-v1", "--actions", "a,b")


@pytest.mark.parametrize("name", ["FrozenLake-v1", "Taxi-v4", "Blackjack-v1"])
def test_check_environment(name: str, tmp_path: Path) -> None:
    assert "replay: the same" in check_with_cox(tmp_path, *MODULE, name)
