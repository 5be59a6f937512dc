"""Questions of reasoning-gym as a world, with the real package."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .worlds_driver import Cox, check_course, check_splits, check_with_cox, environment, refusal

reasoning_gym = pytest.importorskip("reasoning_gym", reason="reasoning-gym is not installed")

MODULE = ("-m", "coxswain.worlds.reasoning_gym")
FEW = ("--train", "4", "--validation", "2", "--test", "3")


def seed_of(task: str) -> int:
    return int(task.rpartition("-")[2])


def test_questions_and_scores() -> None:
    with Cox(*MODULE, "basic_arithmetic", *FEW) as cox:
        check_splits(cox, train=4, validation=2, test=3)
        assert cox.hello["stepLimit"] == cox.hello["maximalReward"] == 1
        task = cox.tasks["test"][0]
        entry = reasoning_gym.create_dataset("basic_arithmetic", seed=seed_of(task), size=1)[0]
        for answer, reward in [(entry["answer"], 1), (f"So <answer>{entry['answer']}</answer>", 1), ("who knows", 0)]:
            assert cox.reset(1, task)["observation"] == entry["question"]
            given = cox.step(1, answer)
            assert given["reward"] == reward and given["done"]
        check_course(cox, task, ["12"])


def test_what_a_scorer_cannot_read() -> None:
    with Cox(*MODULE, "prime_factorization", *FEW) as cox:
        cox.reset(1, cox.tasks["train"][0])
        assert cox.step(1, "two times two") == {"observation": "", "reward": 0, "done": True, "invalid": True}


@pytest.mark.parametrize("name", ["word_ladder", "list_functions", "codeio", "ransom_note"])
def test_questions_do_not_depend_on_the_hash_seed(name: str) -> None:
    openings = []
    for hashes in ("1", "2"):
        with Cox(*MODULE, name, *FEW, PYTHONHASHSEED=hashes) as cox:
            openings.append([cox.reset(place, task) for place, task in enumerate(cox.tasks["train"])])
    assert openings[0] == openings[1]


def test_a_small_set_is_not_repeated() -> None:
    options = ("--options", '{"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}')
    with Cox(*MODULE, "chain_sum", *options, "--train", "300", "--validation", "10", "--test", "20") as cox:
        assert len(cox.tasks["test"]) == 20 and len(cox.tasks["train"]) < 200
        questions = [cox.reset(1, task)["observation"] for tasks in cox.tasks.values() for task in tasks]
        assert len(set(questions)) == len(questions)


def test_the_counts_move_no_task() -> None:
    with Cox(*MODULE, "chain_sum", "--train", "5", "--validation", "2", "--test", "3") as cox:
        fewer = cox.tasks
    with Cox(*MODULE, "chain_sum", "--train", "9", "--validation", "7", "--test", "8") as cox:
        assert all(cox.tasks[split][:len(tasks)] == tasks for split, tasks in fewer.items())


def test_a_composition_names_its_rewards() -> None:
    options = json.dumps({"datasets": [{"name": "chain_sum", "weight": 1, "config": {}},
                                       {"name": "leg_counting", "weight": 1, "config": {}}]})
    with Cox(*MODULE, "composite", "--options", options, *FEW) as cox:
        names = set()
        for tasks in cox.tasks.values():
            for task in tasks:
                cox.reset(1, task)
                answer = cox.step(1, "1000000")
                names |= set(answer["rewards"])
                assert answer["reward"] == sum(answer["rewards"].values())
        assert names == {"chain_sum", "leg_counting"}


def test_every_set_has_a_question_and_a_score() -> None:
    script = '''
import json, sys
from coxswain.worlds import _shared
from coxswain.worlds.reasoning_gym import ReasoningGym
_shared.begin("reasoning_gym")
from reasoning_gym.factory import DATASETS
counted = 0
for name in sorted(set(DATASETS) - {"composite"}):
    world = ReasoningGym(name, {"train": 1, "validation": 0, "test": 1}, 1, {})
    for task in [task for tasks in world.tasks().values() for task in tasks]:
        world.task = task
        assert world.reset(task.name).strip(), name
        outcome = world.step("I do not know")
        assert outcome.done and 0 <= outcome.reward <= 1, name
        best = task.data[1]["answer"]
        if isinstance(best, str):
            assert world.step(best).reward > 0.99, (name, best)
            counted += 1
print('', counted)
'''
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment(), timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) >= 180


def test_refusals() -> None:
    assert "has no data set sums" in refusal(*MODULE, "sums")
    assert "refuses chain_sum" in refusal(*MODULE, "chain_sum", "--options", '{"terms": 3}')
    assert "at least one dataset" in refusal(*MODULE, "composite")


def test_check_environment(tmp_path: Path) -> None:
    assert "replay: the same" in check_with_cox(tmp_path, *MODULE, "basic_arithmetic")
