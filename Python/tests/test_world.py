"""Worlds over the process protocol, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coxswain.world import World, tool
from tests.conftest import WorldProcess

Play = Callable[..., WorldProcess]


def test_hello_of_both_revisions(play: Play) -> None:
    old, new = play("Maze", 1), play("Maze", 2)
    hello = old.hello()
    assert hello == {
        "name": "maze", "version": "1", "stepLimit": 8, "maximalReward": 1.0,
        "instructions": "Find the door. Answer with one of the ways.", "tasks": hello["tasks"],
    }
    assert len(hello["tasks"]["train"]) == 8 and "3-3" in hello["tasks"]["test"]
    assert new.hello() == {**hello, "forks": True}
    assert play("SnapshotMaze").hello() == {**hello, "name": "snapshotmaze", "snapshots": True}


def test_an_episode(play: Play) -> None:
    world = play("Maze")
    world.hello()
    opening = world.ask("reset", episode=1, task="0-1", seed=7)
    assert opening == {"observation": "You are at [0, 0]. The door is at [0, 1].", "choices": ["south", "east"]}
    invalid = world.ask("step", episode=1, action="up", parsed=False)
    assert invalid == {
        "observation": "There is no way up.", "choices": ["south", "east"], "reward": 0.0, "done": False,
        "invalid": True,
    }
    assert world.ask("fork", episode=1, copy=2, task="0-1") == {}
    end = world.ask("step", episode=1, action="south", parsed=True)
    assert end["done"] and end["reward"] == 0.95
    assert "ended" in world.ask("step", episode=1, action="south", parsed=True)["failed"]
    # The copy goes on by itself, and outlives the original.
    assert world.ask("close", episode=1) == {}
    assert world.ask("step", episode=2, action="east", parsed=True)["done"] is False
    assert world.ask("step", episode=2, action="west", parsed=True)["done"] is False
    assert world.ask("step", episode=2, action="south", parsed=True)["reward"] == 0.85
    assert "no episode 1" in world.ask("step", episode=1, action="south", parsed=True)["error"]
    assert "no task" in world.ask("reset", episode=3, task="9-9")["error"]
    assert "no op" in world.ask("dance")["error"]


def test_descriptions(play: Play) -> None:
    world = play("Repeat", 3)
    assert world.hello()["descriptions"] is True and "descriptions" not in play("Repeat", 2).hello()
    assert "descriptions" not in play("Maze", 3).hello()
    opening = world.ask("reset", episode=1, task="described-0", description="one two", seed=1)
    assert opening == {"observation": "Say a word of: one two"}
    snapshot = world.ask("snapshot", episode=1)["snapshot"]
    assert world.ask("restore", episode=2, task="described-0", description="one two", snapshot=snapshot) == {}
    assert world.ask("step", episode=2, action="two", parsed=True)["reward"] == 1
    assert world.ask("reset", episode=3, task="seven", seed=1) == {"observation": "Say a word of: seven"}
    assert "no task" in world.ask("reset", episode=4, task="described-0", seed=1)["error"]
    # A world that takes none is not asked for what it does not know.
    maze = play("Maze", 3)
    maze.hello()
    assert "no task" in maze.ask("reset", episode=1, task="described-0", description="one", seed=1)["error"]


def test_snapshots(play: Play) -> None:
    world = play("SnapshotMaze")
    world.hello()
    world.ask("reset", episode=1, task="0-2")
    world.ask("step", episode=1, action="south", parsed=True)
    snapshot = world.ask("snapshot", episode=1)["snapshot"]
    assert snapshot == [[0, 1], [0, 2], 1]
    assert world.ask("restore", episode=2, task="0-2", snapshot=snapshot) == {}
    assert world.ask("step", episode=2, action="south", parsed=True)["reward"] == 0.9


def test_nothing_but_answers_on_standard_output(play: Play) -> None:
    world = play("Broken")
    world.hello()
    # `input()` of the world reads nothing of the protocol.
    assert world.ask("reset", episode=1, task="a") == {"observation": "Begin."}
    assert world.ask("step", episode=1, action="x", parsed=False)["observation"] == "x False"
    errors = world.end()
    for said in ("reset prints", "without a line feed", "a subprocess prints", "and so does C"):
        assert said in errors
    assert "episodes are not copied but replayed, since TypeError" in errors


@pytest.mark.parametrize("action, said", [
    ("nan", "no finite number"), ("exit", "SystemExit: 3"), ("raise", "KeyError: 'gone'"), ("strange", "not 3"),
    ("long", "cannot be sent"),
])
def test_a_mistake_is_an_error_of_its_question_alone(play: Play, action: str, said: str) -> None:
    world = play("Broken")
    world.hello()
    world.ask("reset", episode=1, task="a")
    world.ask("reset", episode=2, task="a")
    assert said in world.ask("step", episode=1, action=action, parsed=True)["error"]
    assert world.ask("step", episode=2, action="on", parsed=True)["observation"] == "on True"
    if action == "raise":
        # Nobody knows the state of the first episode any more. A new one goes on.
        assert "earlier step" in world.ask("step", episode=1, action="on", parsed=True)["error"]
        errors = world.end()
        assert "step of episode 1 failed" in errors and "worlds.py" in errors and len(errors.splitlines()) < 20


def test_texts_that_are_no_unicode(play: Play) -> None:
    world = play("Broken")
    world.hello()
    world.ask("reset", episode=1, task="a")
    assert world.ask("step", episode=1, action="bytes", parsed=True)["observation"] == "\udce9"


def test_an_older_cox_gets_the_pending_reward_at_once(play: Play) -> None:
    world = play("Broken", 1)
    world.hello()
    world.ask("reset", episode=1, task="a")
    end = world.ask("step", episode=1, action="pending", parsed=True)
    assert end == {"observation": "wait", "reward": 0.75, "done": True}


def test_lines_that_are_no_questions(play: Play) -> None:
    world = play("Maze")
    assert world.process.stdin
    world.process.stdin.write("\nnonsense\n{}\n[]\n")
    world.hello()
    assert world.end().count("is no question") == 3


# MARK: Conversations


def test_a_world_with_tools(play: Play) -> None:
    world = play("Shop")
    hello = world.hello()
    assert hello["conversation"] is True and hello["forks"] is True
    assert hello["tasks"] == {
        "train": ["lamp"], "test": [{"id": "rug", "instructions": "Be brief.", "stepLimit": 3}]}
    opening = world.ask("reset", episode=1, task="lamp", seed=11)
    assert opening["messages"] == [{"role": "user", "content": "I want a lamp."}]
    tools = {each["function"]["name"]: each["function"] for each in opening["tools"]}
    assert list(tools) == ["search", "buy", "look"]
    assert tools["search"] == {
        "name": "search", "description": "Search the catalogue.\n\nThe catalogue is large.",
        "parameters": {
            "type": "object",
            "properties": {
                "words": {"type": "string", "description": "What to look for, in plain words."},
                "limit": {"type": "integer", "description": "How many products to list.", "default": 10},
                "order": {"type": "string", "enum": ["price", "name"], "default": "name"},
            },
            "required": ["words"], "additionalProperties": False,
        },
    }
    # Several calls in one step, each with a message of its own.
    both = world.call(("search", {"words": "lamp", "limit": 1.0}), ("look", {"product": "lamp 0"}))
    assert both == {
        "messages": [
            {"role": "tool", "tool_call_id": "c0", "content": '["lamp 0"]'},
            {"role": "tool", "tool_call_id": "c1",
             "content": '{"product": "lamp 0", "colours": ["red"], "seed": 11}'},
        ],
        "reward": 0.0, "done": False,
    }
    assert world.ask("fork", episode=1, copy=2, task="lamp") == {}
    end = world.call(("buy", {
        "product": "lamp 0", "colour": "red", "to": {"street": "Quay 1"}, "wish": {"size": 3}, "parts": {"a": 1}}),
        ("look", {"product": "after the end"}))
    assert end == {
        "messages": [{"role": "tool", "tool_call_id": "c0", "content": "Sent to Quay 1."}],
        "reward": 1.0, "rewards": {"product": 0.75, "colour": 0.25}, "done": True,
    }
    assert world.call(("buy", {"product": "lamp 1"}), episode=2)["reward"] == 0.75
    assert "searching lamp" in world.end()


@pytest.mark.parametrize("call, said", [
    (("search", {}), "Error: words is missing."),
    (("search", {"words": 3}), "Error: words must be a text, not 3."),
    (("search", {"words": "x", "order": "age"}), 'Error: order must be one of "price", "name", not "age".'),
    (("search", {"words": "x", "page": 1}), "Error: page is not known. The names are: words, limit, order."),
    (("search", "no JSON"), "Error: The arguments are no JSON object."),
    (("sell", {}), "Error: There is no tool sell. The tools are: search, buy, look."),
    (("look", {"product": "nothing"}), "Error: There is no such product."),
    (("buy", {"product": "x", "to": {"street": 1}}), "Error: to.street must be a text, not 1."),
])
def test_the_model_is_told_what_is_wrong_with_a_call(play: Play, call: tuple[str, Any], said: str) -> None:
    world = play("Shop")
    world.hello()
    world.ask("reset", episode=1, task="lamp", seed=1)
    alone = world.call(call)
    assert [message["content"] for message in alone["messages"]] == [said]
    assert alone["invalid"] is True and not alone["done"]
    # With a call that can be carried out the step is a valid one.
    together = world.call(call, ("look", {"product": "x"}))
    assert len(together["messages"]) == 2 and "invalid" not in together


def test_answers_without_calls(play: Play) -> None:
    world = play("Shop")
    world.hello()
    world.ask("reset", episode=1, task="lamp", seed=1)
    asked = world.call(text="Which one?")
    assert asked == {"messages": [{"role": "user", "content": "Use the tools."}], "reward": 0.0, "done": False}
    assert world.call(text="Goodbye.") == {"messages": [], "reward": 0.0, "done": True}


def test_failures_and_mistakes_of_tools(play: Play) -> None:
    world = play("Shop")
    world.hello()
    for episode in (1, 2):
        world.ask("reset", episode=episode, task="lamp", seed=1)
    assert world.call(("look", {"product": "failure"})) == {"failed": "the shop burnt down"}
    assert "ended" in world.call(("look", {"product": "x"}))["failed"]
    assert world.call(("look", {"product": "mistake"}), episode=2) == {"error": "RuntimeError: the catalogue is gone"}


def test_a_pending_reward_holds_nobody_up(play: Play) -> None:
    world = play("Talk")
    assert world.hello() == {
        "name": "talk", "stepLimit": 20, "tasks": {"test": ["hello"]}, "conversation": True}
    opening = world.ask("reset", episode=1, task="hello", seed=1)
    assert [message["role"] for message in opening["messages"]] == ["system", "user"] and "tools" not in opening
    assert world.call(text="Good day") == {"messages": [], "reward": 0.1, "done": True, "pending": True}
    score = world.send("score", episode=1)
    reset = world.send("reset", episode=2, task="hello", seed=1)
    answers = [world.read(), world.read()]
    assert [answer["id"] for answer in answers] == [reset, score]
    assert answers[1] == {"id": score, "reward": 1.3, "rewards": {"length": 0.8, "tone": 0.5}}
    assert "copyable = False" in world.ask("fork", episode=1, copy=3, task="hello")["error"]


def test_an_older_cox_is_told_that_it_is_too_old(play: Play) -> None:
    assert "newer cox" in play("Shop", 1).hello()["error"]


def test_a_process_that_was_not_greeted(play: Play) -> None:
    """cox asks hello of the first of several processes alone; the others learn the revision from the seed."""
    world = play("Shop")
    assert world.ask("reset", episode=1, task="rug", seed=1)["tools"]
    assert world.call(("look", {"product": "failure"})) == {"failed": "the shop burnt down"}


def test_a_tool_must_not_hide_a_method_of_worlds() -> None:
    with pytest.raises(TypeError, match='@tool\\(name="close"\\)'):
        class Door(World):
            @tool
            def close(self) -> None:
                """Close the door."""

    class Window(World):
        @tool(name="close")
        def close_it(self) -> str:
            """Close the window."""
            self.pay(1)
            return "Closed."

    window = Window()
    assert window.tools()[0]["function"]["name"] == "close"
    assert window.call("close", {}) == "Closed."


def test_a_tool_is_an_ordinary_method() -> None:
    async def wait(self: World) -> None:
        """Not yet."""

    with pytest.raises(TypeError, match="not async"):
        tool(wait)
    with pytest.raises(TypeError, match="Clock.now: .* not static"):
        class Clock(World):
            @staticmethod
            @tool
            def now() -> str:
                """The time."""
                return "now"
