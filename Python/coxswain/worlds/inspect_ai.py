"""Tasks of inspect_ai: their own solver, tools and scorer, with cox as the model.

    python -m coxswain.worlds.inspect_ai tasks.py@arithmetic --args '{"difficulty": 2}'

In Python, for a Task object:

    from coxswain.worlds.inspect_ai import serve_inspect
    serve_inspect(my_task(), name="mine")

Tasks that need a sandbox, and scorers that ask a model, are refused.
"""

from __future__ import annotations

import copy
from typing import Any

from .. import world
from . import _inspect, _rollout, _shared


class Inspect(_rollout.RolloutWorld):
    """A task of inspect_ai. A task here is a sample of its data set; the reward is the value of a scorer."""

    def __init__(
        self, task: Any, name: str, counts: dict[str, int], scorer: str | None, step_limit: int | None,
        maximal_reward: float,
    ) -> None:
        self.inspect, self.counts, self.scorer = task, counts, scorer
        self.name, self.version = name, f"{_shared.version('inspect_ai')} {task.version}"
        self.step_limit = step_limit or task.message_limit or 30
        self.maximal_reward = maximal_reward

    def tasks(self) -> dict[str, list[world.Task]]:
        """The samples, by their ids."""
        samples = [(sample.id if sample.id is not None else place, sample)
                   for place, sample in enumerate(self.inspect.dataset, 1)]
        return _shared.divide(samples, None, self.counts, name=lambda each: f"sample-{each[0]}",
                              key=lambda each: (each[1].input, each[1].choices))

    async def play(self, ask: _rollout.Ask) -> _rollout.Score:
        """Solver and scorers of a sample."""
        number, sample = self.task.data
        scores = await _inspect.evaluate(self.inspect, number, copy.deepcopy(sample), ask)
        wanted = self.scorer or next(iter(scores), "")
        if wanted not in scores:
            raise world.Failed(f"The task has no score {wanted!r}; it has: {', '.join(scores) or 'none'}.")
        return _rollout.Score(scores[wanted], scores)


def serve_inspect(
    task: Any, *, name: str, train: int = 64, validation: int = 16, test: int = 32, scorer: str | None = None,
    step_limit: int | None = None, maximal_reward: float = 1,
) -> None:
    """Serves a task.

    Args:
        task: A `Task` of inspect_ai.
        name: Part of the world's identity.
        scorer: Whose value is the reward, as `NAME` or `NAME.PART`; the first by default. All values are stored.
        step_limit: By default the task's `message_limit`, or 30.
    """
    _shared.begin("inspect_ai", "inspect-ai")
    if task.sandbox or any(sample.sandbox for sample in task.dataset):
        _shared.refuse(f"{name} needs a sandbox, which is not supported. Run it with kind: agent and `inspect eval`.")
    if not task.scorer:
        _shared.refuse(f"{name} has no scorer, and so no reward.")
    graded = [name for name in map(_inspect.called, task.scorer) if name.startswith("model_graded")]
    if graded:
        _shared.refuse(f"{name} is scored by a model ({', '.join(graded)}), which is not supported.")
    counts = {"train": train, "validation": validation, "test": test}
    _shared.start(Inspect, task, name, counts, scorer, step_limit, maximal_reward)


def main() -> None:
    """The command."""
    parser = _shared.parser("inspect_ai", "A task of inspect_ai.", seeded=False)
    parser.add_argument("task", help="FILE.py@NAME, or the name of a task of an installed package")
    parser.add_argument("--args", type=_shared.json_object, default={}, metavar="JSON", help="arguments of the task")
    parser.add_argument("--scorer", help="whose value is the reward; the first by default")
    parser.add_argument("--step-limit", type=int, help="the most steps")
    parser.add_argument("--maximal-reward", type=float, default=1, help="the largest reward of an episode")
    given = parser.parse_args()
    _shared.begin("inspect_ai", "inspect-ai")
    from inspect_ai._eval.loader import load_tasks

    found = load_tasks([given.task], given.args)
    if len(found) != 1:
        _shared.refuse(f"{given.task} has {len(found)} tasks. Name one, as FILE.py@NAME.")
    serve_inspect(found[0], name=_shared.label("inspect_ai", given.task, given.args), train=given.train,
                  validation=given.validation, test=given.test, scorer=given.scorer, step_limit=given.step_limit,
                  maximal_reward=given.maximal_reward)


if __name__ == "__main__":
    main()
