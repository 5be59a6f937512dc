"""Environments of verifiers: their own loop, tools and rubric, with cox as the model.

    python -m coxswain.worlds.verifiers my-environment --args '{"difficulty": 2}'

In Python, for an environment object:

    from coxswain.worlds.verifiers import serve_verifiers
    serve_verifiers(my_environment, name="mine")

It takes the environments of verifiers up to 0.3 (SingleTurnEnv, ToolEnv, StatefulToolEnv, MultiTurnEnv and their kin).
The tasksets of `verifiers.v1` run a program against a server instead: that is what `environment: { kind: agent }` is
for.
"""

from __future__ import annotations

import time
from typing import Any

from .. import world
from . import _rollout, _shared


class Verifiers(_rollout.RolloutWorld):
    """An environment of verifiers. A task is a row of its data set; the reward is that of its rubric."""

    def __init__(
        self, environment: Any, name: str, counts: dict[str, int], step_limit: int | None, maximal_reward: float | None
    ) -> None:
        self.environment, self.counts = environment, counts
        self.name, self.version = name, _shared.version("verifiers")
        turns = getattr(environment, "max_turns", 1)  # Without one it is a single turn.
        self.step_limit = step_limit or (turns if turns > 0 else 50)
        self.maximal_reward = maximal_reward

    def tasks(self) -> dict[str, list[world.Task]]:
        """Rows of the training set, and of the evaluation set, if there is one, for test."""
        environment = self.environment
        rows = [("train", row) for row in environment.get_dataset()] if has(environment, "dataset") else []
        held = [("eval", row) for row in environment.get_eval_dataset()] if has(environment, "eval_dataset") else None
        return _shared.divide(rows or held or [], held if rows else None, self.counts,
                              name=lambda row: f"{row[0]}-{row[1]['example_id']}", key=lambda row: row[1]["prompt"])

    async def play(self, ask: _rollout.Ask) -> _rollout.Score:
        """A rollout and its score."""
        environment = self.environment
        state = await environment.rollout(dict(self.task.data[1]), client(ask), "coxswain", {})
        if state.get("error") is not None:
            raise world.Failed(f"{type(state['error']).__name__}: {state['error']}"[:500])
        await environment.rubric.score_rollout(state)
        await environment.rubric.cleanup(state)
        metrics = state["metrics"] or {}
        weights = zip(environment.rubric._get_reward_func_names(), environment.rubric._get_reward_weights())
        parts = {name: weight * float(metrics[name]) for name, weight in weights if weight and name in metrics}
        return _rollout.Score(float(state["reward"]), parts)


def has(environment: Any, which: str) -> bool:
    """Whether an environment has a data set, perhaps one that is not loaded yet."""
    return getattr(environment, which, None) is not None or getattr(environment, f"{which}_source", None) is not None


def client(ask: _rollout.Ask) -> Any:
    """A client of verifiers that asks cox."""
    from verifiers.clients import Client
    from verifiers.types import Response, ResponseMessage, ToolCall

    class CoxClient(Client):  # type: ignore[misc, unused-ignore]
        async def get_response(
            self, prompt: Any, model: str, sampling_args: Any, tools: Any = None, **_: Any
        ) -> Response:
            answer = await ask([spoken(message) for message in prompt], [offered(tool) for tool in tools or []])
            calls = [ToolCall(id=call["id"], name=call["function"]["name"], arguments=call["function"]["arguments"])
                     for call in answer.get("tool_calls") or []]
            message = ResponseMessage(content=answer.get("content"), tool_calls=calls or None, is_truncated=False,
                                      finish_reason="tool_calls" if calls else "stop")
            return Response(id="coxswain", created=int(time.time()), model=model, message=message)

    # Its other methods are for clients that speak to a server.
    CoxClient.__abstractmethods__ = frozenset()
    return CoxClient(None)


def spoken(message: Any) -> dict[str, Any]:
    """A message in the form of OpenAI's chat API."""
    plain: dict[str, Any] = message.model_dump(mode="json", exclude_none=True)
    if plain.get("tool_calls"):
        plain["tool_calls"] = [
            {"id": call["id"], "type": "function",
             "function": {"name": call["name"], "arguments": call["arguments"]}} for call in plain["tool_calls"]]
    return {key: plain[key] for key in ("role", "content", "tool_calls", "tool_call_id", "name") if key in plain}


def offered(tool: Any) -> dict[str, Any]:
    """A tool in the form of OpenAI's chat API."""
    return {"type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters}}


def serve_verifiers(
    environment: Any, *, name: str, train: int = 64, validation: int = 16, test: int = 32,
    step_limit: int | None = None, maximal_reward: float | None = None,
) -> None:
    """Serves an environment.

    Args:
        environment: What `load_environment` returns.
        name: Part of the world's identity.
        step_limit: By default its `max_turns`; 1 for a single turn, 50 for one without an end.
        maximal_reward: By default not known: a rubric does not say it.
    """
    modern()
    if environment.rubric.has_group_rewards:
        _shared.refuse(f"{name} has rewards that compare several attempts with each other. Each attempt needs its own.")
    counts = {"train": train, "validation": validation, "test": test}
    _shared.start(Verifiers, environment, name, counts, step_limit, maximal_reward)


def modern() -> Any:
    """The package, if it has the environments."""
    verifiers = _shared.begin("verifiers")
    if not hasattr(verifiers, "load_environment"):
        _shared.refuse(f"verifiers {_shared.version('verifiers')} has no load_environment any more; "
                       "install 'verifiers<0.4'. Tasksets of verifiers.v1 can be played with kind: agent.")
    return verifiers


def main() -> None:
    """The command."""
    parser = _shared.parser("verifiers", "An environment of verifiers.", seeded=False)
    parser.add_argument("environment", help="the id of an installed environment, or a module with load_environment")
    parser.add_argument("--args", type=_shared.json_object, default={}, metavar="JSON",
                        help="arguments of load_environment")
    parser.add_argument("--step-limit", type=int, help="the most steps")
    parser.add_argument("--maximal-reward", type=float, help="the largest reward of an episode")
    given = parser.parse_args()
    environment = modern().load_environment(given.environment, **given.args)
    serve_verifiers(environment, name=_shared.label("verifiers", given.environment, given.args), train=given.train,
                    validation=given.validation, test=given.test, step_limit=given.step_limit,
                    maximal_reward=given.maximal_reward)


if __name__ == "__main__":
    main()
