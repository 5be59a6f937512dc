"""TextWorldExpress (PyPI's textworld-express, needs Java) over Coxswain's process protocol.

    python world.py GAME PARAMETERS STEPS

One Java process serves all episodes. A snapshot is the list of actions, which takes less than a millisecond each to play again.
"""
import json
import sys

from textworld_express import TextWorldExpressEnv

GAME, PARAMETERS, STEPS = sys.argv[1], sys.argv[2], int(sys.argv[3])
FOLDS = {"train": "train", "validation": "dev", "test": "test"}
IDLE = ("look around", "inventory")  # valid in every state, without any effect
TASKS = 200  # of each split

environment = TextWorldExpressEnv()
episodes = {}  # by number: the game, its task, its score and its actions so far


def view(answer):
    choices = sorted(action for action in answer["validActions"] if action not in IDLE)
    return {"observation": answer["observation"].strip(), "choices": choices}


def hello(_):
    environment.load(GAME, PARAMETERS)
    seeds = [environment.getValidSeedsTrain(), environment.getValidSeedsDev(), environment.getValidSeedsTest()]
    return {
        "name": f"textworld-express {GAME} {PARAMETERS}", "version": "1.1.0", "stepLimit": STEPS, "maximalReward": 1,
        "snapshots": True,
        "tasks": {split: [f"{fold}-{seed}" for seed in own[:TASKS]] for (split, fold), own in zip(FOLDS.items(), seeds)},
    }


def begin(question):
    game = environment._gateway.jvm.textworldexpress.runtime.PythonInterface()
    problem = game.load(GAME, PARAMETERS)
    if problem:
        raise ValueError(problem)
    fold, seed = question["task"].split("-")
    answer = json.loads(game.generateNewGameJSON(int(seed), fold, False))
    episodes[question["episode"]] = {"game": game, "task": question["task"], "score": 0, "actions": []}
    return game, answer


def reset(question):
    game, answer = begin(question)
    opening = view(answer)
    return {**opening, "observation": game.getTaskDescription().strip() + "\n" + opening["observation"]}


def play(episode, action):
    answer = json.loads(episode["game"].stepJSON(action))
    reward, episode["score"] = answer["score"] - episode["score"], answer["score"]
    episode["actions"].append(action)
    done = answer["tasksuccess"] or answer["taskfailure"] or answer["score"] >= 1
    return {**view(answer), "reward": round(reward, 6), "done": done}


def step(question):
    episode = episodes[question["episode"]]
    answer = play(episode, question["action"])
    return {**answer, "invalid": "unknown action" in answer["observation"].lower()}


def snapshot(question):
    return {"snapshot": episodes[question["episode"]]["actions"]}


def restore(question):
    begin(question)
    for action in question["snapshot"]:
        play(episodes[question["episode"]], action)
    return {}


def close(question):
    episodes.pop(question["episode"], None)
    return {}


for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = globals()[question["op"]](question)
    except Exception as error:  # an error in one question does not end the other episodes
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps({"id": question["id"], **answer}), flush=True)
