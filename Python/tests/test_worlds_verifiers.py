"""Environments of verifiers as worlds, with the real package."""

import json
from pathlib import Path

import pytest

from .worlds_driver import Cox, check_with_cox, refusal

verifiers = pytest.importorskip("verifiers", reason="verifiers is not installed")
if not hasattr(verifiers, "load_environment"):
    pytest.skip("this verifiers has no environments; install verifiers<0.4", allow_module_level=True)

FOLDER = str(Path(__file__).parent)
FEW = ("--train", "5", "--validation", "2", "--test", "3")


def command(kind: str) -> tuple[str, ...]:
    return "-m", "coxswain.worlds.verifiers", "worlds_verifiers", "--args", json.dumps({"kind": kind}), *FEW


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", FOLDER)


def test_one_turn() -> None:
    with Cox(*command("single")) as cox:
        assert cox.hello["conversation"] and cox.hello["stepLimit"] == 1 and "forks" not in cox.hello
        assert {split: len(tasks) for split, tasks in cox.tasks.items()} == {"train": 5, "validation": 2, "test": 3}
        assert all(task.startswith("eval-") for task in cox.tasks["test"])
        assert all(task.startswith("train-") for task in cox.tasks["train"] + cox.tasks["validation"])
        opening = cox.reset(1, "train-0")
        assert opening == {"messages": [{"role": "system", "content": "Be brief."},
                                        {"role": "user", "content": "What is 0+0?"}]}
        assert cox.say(1, "0") == {
            "messages": [], "reward": 1.5, "rewards": {"right": 1, "short": 0.5}, "done": True}
        cox.reset(2, "train-0")
        assert cox.say(2, "I would rather not say.")["reward"] == 0


def test_rows_of_the_evaluation_set_are_not_trained_on() -> None:
    with Cox(*command("single")[:-6], "--train", "50", "--validation", "50", "--test", "50") as cox:
        openings = {split: {cox.reset(1, task)["messages"][-1]["content"] for task in tasks}
                    for split, tasks in cox.tasks.items()}
        assert len(openings["test"]) == 12
        assert not openings["test"] & (openings["train"] | openings["validation"])
        assert not openings["train"] & openings["validation"]
        assert len(openings["train"] | openings["validation"]) == 18


def test_tools() -> None:
    with Cox(*command("tools")) as cox:
        opening = cox.reset(1, cox.tasks["train"][0])
        tool, = opening["tools"]
        assert tool["function"]["name"] == "add" and tool["function"]["description"] == "Add two numbers."
        assert set(tool["function"]["parameters"]["properties"]) == {"a", "b"}
        answer = cox.say(1, None, ("add", {"a": 2, "b": 3}), ("add", "{bad"), ("add", "[1]"), ("subtract", {}))
        assert not answer["done"] and "tools" not in answer
        assert [message["tool_call_id"] for message in answer["messages"]] == [f"call-{each}" for each in range(4)]
        assert answer["messages"][0] == {"role": "tool", "tool_call_id": "call-0", "content": "5"}
        end = cox.say(1, "0")
        assert end["done"] and end["rewards"]["short"] == 0.5
        assert {"error", "failed"} & set(cox.say(1, "once more"))


def test_hidden_arguments_and_two_episodes_at_a_time() -> None:
    with Cox(*command("shop")) as cox:
        task, other = cox.tasks["train"][:2]
        assert set(cox.reset(1, task)["tools"][0]["function"]["parameters"]["properties"]) == {"item"}
        cox.reset(2, other)
        cox.say(1, None, ("buy", {"item": "tea"}), ("buy", {"item": "jam"}))
        assert cox.say(2, None, ("buy", {"item": "tea"}))["messages"][0]["content"] == "1 items"
        assert cox.say(1, "Thank you.")["rewards"] == {"bought": 2}
        assert cox.say(2, "Thank you.")["rewards"] == {"bought": 1}
        cox.reset(3, task)
        assert cox.ask(op="close", episode=3) == {}


def test_turns_and_their_random_numbers() -> None:
    with Cox(*command("guess")) as cox:
        assert cox.hello["stepLimit"] == 7
        task = cox.tasks["test"][0]
        courses = []
        for episode in (1, 3):
            course = [cox.reset(episode, task)]
            while not course[-1].get("done"):
                cox.reset(2, cox.tasks["train"][0])  # Draws numbers in between.
                course.append(cox.say(episode, str(len(course))))
            courses.append(course)
        assert courses[0] == courses[1] and courses[0][-1]["reward"] == 1
        assert "Wrong. 0." in courses[0][1]["messages"][0]["content"]
        assert "cannot be copied" in cox.ask(op="fork", episode=2, copy=9, task=task)["error"]


def test_failures() -> None:
    with Cox(*command("broken")) as cox:
        cox.reset(1, cox.tasks["train"][0])
        assert "the service is gone" in cox.say(1, "Hello?")["failed"]
    with Cox(*command("rewriting")) as cox:
        cox.reset(1, cox.tasks["train"][0])
        assert "rewrote its conversation" in cox.say(1, "Hello?")["failed"]


def test_an_environment_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from worlds_verifiers import single\nfrom coxswain.worlds.verifiers import serve_verifiers\n"
        "serve_verifiers(single(), name='mine', maximal_reward=1.5)\n")
    with Cox(str(tmp_path / "mine.py")) as cox:
        assert cox.hello["name"] == "mine" and cox.hello["maximalReward"] == 1.5


def test_refusals() -> None:
    assert "compare several attempts" in refusal(*command("compared"))
    with Cox(*command("single"), revision=1) as cox:
        assert "revision 2" in cox.hello["error"]


@pytest.mark.parametrize("kind", ["single", "tools", "shop", "guess"])
def test_check_environment(kind: str, tmp_path: Path) -> None:
    assert "replay: the same" in check_with_cox(tmp_path, *command(kind))
