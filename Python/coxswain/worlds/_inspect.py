"""One sample of a task of inspect_ai, as an evaluation runs it, but with cox as the model and without logs.

An evaluation of inspect_ai runs all its samples to their ends, and there can be one in a process only. So this enters
the contexts of a sample itself. They are not part of the package's public interface: a new version may need changes
here.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any

from .. import world
from . import _rollout


async def evaluate(task: Any, number: Any, sample: Any, ask: _rollout.Ask) -> dict[str, float]:
    """Plays a sample and returns its scores by name."""
    from inspect_ai._eval.context import init_task_context
    from inspect_ai.log._samples import active_sample
    from inspect_ai.log._transcript import Transcript, init_transcript
    from inspect_ai.model import ModelName, get_model
    from inspect_ai.scorer import Target
    from inspect_ai.solver import TaskState
    from inspect_ai.solver._task_state import set_sample_state
    from inspect_ai.util import message_limit
    from inspect_ai.util._store import init_subtask_store

    register()
    playing = [True]
    model = get_model("coxswain/cox", memoize=False, ask=ask, playing=playing)
    init_task_context(model, task.model_roles, task.config)
    sample.id = number
    state = TaskState(
        model=ModelName(model), sample_id=number, epoch=1, input=sample.input, messages=messages_of(sample),
        target=Target(sample.target), choices=sample.choices, metadata=sample.metadata,
        message_limit=task.message_limit)
    transcript = Transcript()
    init_transcript(transcript)
    init_subtask_store(state.store)
    async with contextlib.AsyncExitStack() as contexts:
        await contexts.enter_async_context(active_sample(
            task=task.name, log_location="", model="coxswain/cox", sample=sample, epoch=1,
            message_limit=task.message_limit, token_limit=None, cost_limit=None, time_limit=None, working_limit=None,
            fails_on_error=True, transcript=transcript, eval_id="coxswain", sample_uuid=state.uuid))
        set_sample_state(state)
        contexts.enter_context(message_limit(task.message_limit))
        state = await solve(task, state, model)
        playing[0] = False
        scores = [(called(scorer), await scorer(state, state.target)) for scorer in task.scorer]
        if task.cleanup:
            await task.cleanup(state)
    return values([(name, score) for name, score in scores if score is not None])


async def solve(task: Any, state: Any, model: Any) -> Any:
    """Runs the setup and the solver. A limit that is reached ends them; what was said until then is scored."""
    from inspect_ai._eval.task.generate import task_generate
    from inspect_ai.model import GenerateConfig
    from inspect_ai.solver._task_state import sample_state, set_sample_state
    from inspect_ai.util import LimitExceededError

    async def generate(state: Any, tool_calls: Any = "loop", cache: Any = False, **config: Any) -> Any:
        return await task_generate(model, state, tool_calls, False, task.config.merge(GenerateConfig(**config)))

    setup = task.setup or []
    try:
        for solver in [*(setup if isinstance(setup, list) else [setup]), task.solver]:
            if not state.completed:
                state = await solver(state, generate)
                set_sample_state(state)
    except LimitExceededError:
        state = sample_state() or state
    return state


def values(scores: list[tuple[str, Any]]) -> dict[str, float]:
    """Scores as numbers. A score of several parts has one for each, as NAME.PART."""
    from inspect_ai.scorer import value_to_float

    found: dict[str, float] = {}
    for name, score in scores:
        parts = score.value.items() if isinstance(score.value, dict) else [("", score.value)]
        for part, value in parts:
            found[f"{name}.{part}" if part else name] = value_to_float()(value)
    return found


def messages_of(sample: Any) -> list[Any]:
    """The messages with which a sample begins."""
    from inspect_ai.model import ChatMessageUser

    return [ChatMessageUser(content=sample.input)] if isinstance(sample.input, str) else list(sample.input)


def called(scorer: Any) -> str:
    """A scorer's name, without that of its package."""
    from inspect_ai.util import registry_info

    return str(registry_info(scorer).name).rpartition("/")[2]


@functools.cache
def register() -> None:
    """Makes known to inspect_ai a model that asks cox while the solver plays."""
    from inspect_ai.model import GenerateConfig, ModelAPI, messages_to_openai, modelapi, model_output_from_openai

    @modelapi(name="coxswain")
    class CoxModel(ModelAPI):  # type: ignore[misc, unused-ignore]
        def __init__(self, model_name: str, ask: _rollout.Ask, playing: list[bool], **others: Any) -> None:
            super().__init__(model_name)
            self.ask, self.playing = ask, playing

        async def generate(self, input: Any, tools: Any, tool_choice: Any, config: GenerateConfig) -> Any:
            if not self.playing[0]:
                raise world.Failed("The scorer asks a model, which is not supported.")
            offered = [{"type": "function", "function": {
                "name": tool.name, "description": tool.description,
                "parameters": tool.parameters.model_dump(mode="json", exclude_none=True)}} for tool in tools]
            answer = await self.ask(await messages_to_openai(input), offered)
            end = "tool_calls" if answer.get("tool_calls") else "stop"
            choice = {"index": 0, "message": answer, "finish_reason": end, "logprobs": None}
            return await model_output_from_openai({
                "id": "coxswain", "object": "chat.completion", "created": 0, "model": "coxswain", "choices": [choice]})
