"""Tasks of inspect_ai as worlds, with the real package."""

from pathlib import Path

import pytest

from .worlds_driver import Cox, check_with_cox, refusal

pytest.importorskip("inspect_ai", reason="inspect_ai is not installed")

TASKS = Path(__file__).with_name("worlds_inspect.py")
FEW = ("--train", "5", "--validation", "2", "--test", "3")


def command(name: str, *more: str) -> tuple[str, ...]:
    return "-m", "coxswain.worlds.inspect_ai", f"{TASKS}@{name}", *FEW, *more


def test_the_default_solver() -> None:
    with Cox(*command("plain")) as cox:
        assert cox.hello["conversation"] and cox.hello["maximalReward"] == 1
        assert {split: len(tasks) for split, tasks in cox.tasks.items()} == {"train": 5, "validation": 2, "test": 3}
        assert cox.reset(1, "sample-sum-2") == {"messages": [
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2+2?"}]}
        assert cox.say(1, "It is 4") == {
            "messages": [], "reward": 1, "rewards": {"match": 1, "includes": 1}, "done": True}
        cox.reset(2, "sample-sum-2")
        assert cox.say(2, "4, I think")["rewards"] == {"match": 0, "includes": 1}
    with Cox(*command("plain", "--scorer", "includes")) as cox:
        cox.reset(1, "sample-sum-2")
        assert cox.say(1, "4, I think")["reward"] == 1


def test_tools() -> None:
    with Cox(*command("tools")) as cox:
        opening = cox.reset(1, "sample-sum-2")
        assert opening["tools"] == [{"type": "function", "function": {
            "name": "add", "description": "Add two numbers.", "parameters": {
                "type": "object", "required": ["x", "y"], "additionalProperties": False, "properties": {
                    "x": {"type": "integer", "description": "The first."},
                    "y": {"type": "integer", "description": "The second."}}}}}]
        answer = cox.say(1, None, ("add", {"x": 1, "y": 2}), ("add", "{bad"), ("subtract", {}), ("add", {"x": "?"}))
        assert [message["tool_call_id"] for message in answer["messages"]] == [f"call-{each}" for each in range(4)]
        assert answer["messages"][0]["content"] == "3, call 1"
        assert all("rror" in message["content"] for message in answer["messages"][1:])
        cox.reset(2, "sample-sum-4")  # Another episode in between, with a store of its own.
        assert cox.say(2, None, ("add", {"x": 1, "y": 1}))["messages"][0]["content"] == "2, call 1"
        assert cox.say(1, "4")["reward"] == 1
        assert cox.say(2, "9")["reward"] == 0


def test_a_limit_of_messages_ends_the_solver() -> None:
    with Cox(*command("tools")) as cox:
        assert cox.hello["stepLimit"] == 8
        cox.reset(1, "sample-sum-2")
        for _ in range(8):
            answer = cox.say(1, "4", ("add", {"x": 1, "y": 2}))
            if answer["done"]:
                break
        assert answer["done"] and answer["reward"] == 1


@pytest.mark.parametrize("name", ["agent", "basic"])
def test_agents(name: str) -> None:
    with Cox(*command(name)) as cox:
        task = cox.tasks["test"][0]
        courses = []
        for episode in (1, 2):
            courses.append([cox.reset(episode, task), cox.say(episode, None, ("add", {"x": 1, "y": 1})),
                            cox.say(episode, "Hm."), cox.say(episode, None, ("submit", {"answer": "2"}))])
        assert courses[0] == courses[1]
        assert {tool["function"]["name"] for tool in courses[0][0]["tools"]} == {"add", "submit"}
        assert courses[0][2]["messages"][0]["role"] == "user" and courses[0][3]["done"]


def test_letters() -> None:
    with Cox(*command("letters")) as cox:
        task = cox.tasks["train"][0]
        assert "A) x" in cox.reset(1, task)["messages"][0]["content"]
        assert cox.say(1, "ANSWER: C")["reward"] == 1


def test_scores_of_several_parts() -> None:
    with Cox(*command("parts", "--scorer", "style.short")) as cox:
        cox.reset(1, cox.tasks["train"][0])
        answer = cox.say(1, "That is not for me to say.")
        assert answer["rewards"] == {"style.polite": 0, "style.short": 0} and answer["reward"] == 0


def test_a_task_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TASKS.parent))
    (tmp_path / "mine.py").write_text(
        "from worlds_inspect import plain\nfrom coxswain.worlds.inspect_ai import serve_inspect\n"
        "serve_inspect(plain(), name='mine')\n")
    with Cox(str(tmp_path / "mine.py")) as cox:
        assert cox.hello["name"] == "mine"


def test_refusals() -> None:
    assert "needs a sandbox" in refusal(*command("boxed"))
    assert "scored by a model (model_graded_qa)" in refusal(*command("graded"))


@pytest.mark.parametrize("name", ["plain", "tools", "agent"])
def test_check_environment(name: str, tmp_path: Path) -> None:
    assert "replay: the same" in check_with_cox(tmp_path, *command(name))
