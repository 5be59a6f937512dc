"""Question sets of reasoning-gym: one question, one answer, a score from 0 to 1.

    python -m coxswain.worlds.reasoning_gym basic_arithmetic --train 64 --validation 16 --test 32 --seed 1

In Python, `serve_reasoning_gym("basic_arithmetic")` does the same.
"""

from __future__ import annotations

import sys
from typing import Any

from .. import world
from . import _shared


class ReasoningGym(world.World):
    """A question of reasoning-gym. A task is a data set of one question, with the task's seed."""

    step_limit = 1
    maximal_reward = 1
    instructions = "Answer the question. Give the final answer alone, in the form that the question asks for."

    def __init__(self, dataset: str, counts: dict[str, int], seed: int, options: dict[str, Any]) -> None:
        self.dataset, self.counts, self.seed, self.options = dataset, counts, seed, options
        self.name = _shared.label("reasoning-gym", dataset, options)
        self.version = _shared.version("reasoning-gym")

    def tasks(self) -> dict[str, list[world.Task]]:
        """Questions by seed. One that occurs twice counts for the first split of test, validation, train."""
        seen: set[str] = set()
        return {split: self.questions(split, self.counts[split], seen) for split in reversed(_shared.SPLITS)}

    def questions(self, split: str, count: int, seen: set[str]) -> list[world.Task]:
        """The questions of a split that were not seen before."""
        found: list[world.Task] = []
        for number in _shared.seeds(self.seed, split)[:4 * count]:
            if len(found) == count:
                break
            dataset = create(self.dataset, number, self.options)
            with _shared.Randomness(number):
                entry = dataset[0]
            if entry["question"] not in seen:
                seen.add(entry["question"])
                found.append(world.Task(f"seed-{number}", data=(dataset, entry)))
        if len(found) < count:
            print(f"{self.dataset} has only {len(found)} different questions for {split}.", file=sys.stderr)
        return found

    def reset(self, task: str) -> str:
        """The question."""
        dataset, entry = self.task.data
        return str(entry["question"])

    def step(self, action: str) -> world.Outcome:
        """Scores the answer, or what it has between <answer> and </answer>."""
        from reasoning_gym.utils import extract_answer

        dataset, entry = self.task.data
        answer = extract_answer(action)
        try:
            score = float(dataset.score_answer(action.strip() if answer is None else answer, entry))
        except Exception as error:  # Some scorers raise for what they cannot read.
            print(f"{self.dataset}: the answer cannot be read: {error}", file=sys.stderr)
            return world.Outcome(reward=0, done=True, invalid=True)
        source = entry.get("metadata", {}).get("source_dataset")
        if source and source != self.dataset:  # A set composed of several: the reward is named after the question's.
            return world.Outcome(rewards={source: score}, done=True)
        return world.Outcome(reward=score, done=True)


def create(name: str, seed: int, options: dict[str, Any]) -> Any:
    """A data set of one question."""
    import reasoning_gym
    from reasoning_gym.composite import DatasetSpec

    options = dict(options)
    if name == "composite":
        options["datasets"] = [DatasetSpec(**each) for each in options.get("datasets", [])]
    with _shared.Randomness(seed):
        return reasoning_gym.create_dataset(name, seed=seed, size=1, **options)


def serve_reasoning_gym(
    dataset: str, *, train: int = 64, validation: int = 16, test: int = 32, seed: int = 1, **options: Any
) -> None:
    """Serves questions of a data set.

    Args:
        dataset: Its name in reasoning-gym.
        options: Its configuration, such as `min_terms=3`.
    """
    _shared.begin("reasoning_gym", "reasoning-gym")
    from reasoning_gym.factory import DATASETS

    if dataset not in DATASETS:
        _shared.refuse(f"reasoning-gym has no data set {dataset}. It has: {', '.join(sorted(DATASETS))}.")
    try:
        create(dataset, 1, options)[0]
    except (AssertionError, TypeError, ValueError) as error:
        _shared.refuse(f"reasoning-gym refuses {dataset} with these options: {error}")
    counts = {"train": train, "validation": validation, "test": test}
    _shared.start(ReasoningGym, dataset, counts, seed, options)


def main() -> None:
    """The command."""
    parser = _shared.parser("reasoning_gym", "Questions of reasoning-gym, one a task.")
    parser.add_argument("dataset", help="the name of a data set, such as basic_arithmetic")
    parser.add_argument("--options", type=_shared.json_object, default={}, metavar="JSON", help="its configuration")
    given = parser.parse_args()
    serve_reasoning_gym(given.dataset, train=given.train, validation=given.validation, test=given.test,
                        seed=given.seed, **given.options)


if __name__ == "__main__":
    main()
