"""Games that TextWorld generates as worlds, with the real package."""

from pathlib import Path

import pytest

from .worlds_driver import Cox, check_course, check_splits, check_with_cox, refusal

textworld = pytest.importorskip("textworld", reason="textworld is not installed")

MODULE = ("-m", "coxswain.worlds.textworld")
FEW = ("--train", "2", "--validation", "1", "--test", "1")
SIMPLE = ("tw-simple", "--rewards", "dense", "--goal", "detailed")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("cache"))


def walkthrough(cache: str, task: str) -> list[str]:
    file, = Path(cache).glob(f"coxswain/textworld/*/{task.rpartition('-')[2]}/game.json")
    commands: list[str] = textworld.Game.load(str(file)).metadata["walkthrough"]
    return commands


def test_the_walkthrough_pays_one(tmp_path: Path) -> None:
    with Cox(*MODULE, *SIMPLE, *FEW, XDG_CACHE_HOME=str(tmp_path)) as cox:
        check_splits(cox, train=2, validation=1, test=1)
        task = cox.tasks["test"][0]
        opening = cox.reset(1, task)
        assert not any(sign in opening["observation"] for sign in ("$", "\n>"))
        commands = walkthrough(str(tmp_path), task)
        course = cox.play(2, task, commands)
        assert course[0] == opening
        assert all(command in answer["choices"] for command, answer in zip(commands, course))
        assert course[-1]["done"]
        assert sum(answer["reward"] for answer in course[1:]) == pytest.approx(1)
        assert sum(answer["reward"] > 0 for answer in course[1:]) > 3


def test_courses_and_forks(cache: str) -> None:
    with Cox(*MODULE, "custom", *FEW, XDG_CACHE_HOME=cache) as cox:
        assert cox.hello["forks"]
        task = cox.tasks["train"][0]
        cox.reset(9, task)
        check_course(cox, task, ["dance", *walkthrough(cache, task)])


def test_generation_depends_on_the_seed_alone(cache: str, tmp_path: Path) -> None:
    openings = []
    for folder in (cache, str(tmp_path)):
        with Cox(*MODULE, "custom", *FEW, XDG_CACHE_HOME=folder) as cox:
            openings.append([cox.reset(1, cox.tasks[split][0]) for split in ("train", "test")])
    assert openings[0] == openings[1]
    assert openings[0][0] != openings[0][1]


def test_what_is_no_command(cache: str) -> None:
    with Cox(*MODULE, "custom", *FEW, XDG_CACHE_HOME=cache) as cox:
        cox.reset(1, cox.tasks["train"][0])
        assert cox.step(1, "dance")["invalid"]
        assert "invalid" not in cox.step(1, "look")


def test_games_of_ones_own(cache: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text('''
from textworld import GameMaker
from coxswain.worlds.textworld import serve_textworld

def make(options):
    maker = GameMaker(options)
    room = maker.new_room("Hall")
    maker.set_player(room)
    apple = maker.new(type="f", name="apple")
    room.add(apple)
    maker.set_quest_from_commands(["take apple"])
    return maker.build()

serve_textworld(make, name="apples", train=1, validation=1, test=1)
''')
    with Cox(str(tmp_path / "mine.py"), XDG_CACHE_HOME=cache) as cox:
        cox.reset(1, cox.tasks["train"][0])
        answer = cox.step(1, "take apple")
        assert answer["reward"] == 1 and answer["done"]


def test_refusals() -> None:
    assert "There is no challenge tw-chess" in refusal(*MODULE, "tw-chess")


@pytest.mark.parametrize("command", [("custom",), SIMPLE, ("tw-coin_collector", "--level", "5")])
def test_check_environment(command: tuple[str, ...], cache: str, tmp_path: Path) -> None:
    assert "replay: the same" in check_with_cox(tmp_path, *MODULE, *command, XDG_CACHE_HOME=cache)
