"""A world of one's own in Python, played over Coxswain's process protocol: find the door."""
import json
import sys

SIZE = 4
MOVES = {"north": (0, -1), "south": (0, 1), "west": (-1, 0), "east": (1, 0)}
episodes = {}  # the complete state of each episode, by number


def view(state):
    x, y, gx, gy, steps = state
    ways = [name for name, (dx, dy) in MOVES.items() if 0 <= x + dx < SIZE and 0 <= y + dy < SIZE]
    text = f"You are in column {x}, row {y}. The door is in column {gx}, row {gy}."
    return {"observation": text, "choices": ways}


def hello(_):
    tasks = [f"{x}-{y}" for x in range(SIZE) for y in range(SIZE) if (x, y) != (0, 0)]
    return {
        "name": "maze", "version": "1", "stepLimit": 8, "maximalReward": 1, "snapshots": True,
        "instructions": "Find the door. Answer with one of the ways.",
        "tasks": {"train": tasks[:8], "validation": tasks[8:10], "test": tasks[10:]},
    }


def reset(question):
    gx, gy = map(int, question["task"].split("-"))
    episodes[question["episode"]] = [0, 0, gx, gy, 0]
    return view(episodes[question["episode"]])


def step(question):
    state = episodes[question["episode"]]
    if state[:2] == state[2:4]:
        return {"error": "The door is found already."}
    state[4] += 1
    if question["action"] not in view(state)["choices"]:
        return {**view(state), "invalid": True}
    dx, dy = MOVES[question["action"]]
    state[0], state[1] = state[0] + dx, state[1] + dy
    done = state[:2] == state[2:4]
    return {**view(state), "reward": 1 - 0.05 * state[4] if done else 0, "done": done}


def snapshot(question):
    return {"snapshot": episodes[question["episode"]]}


def restore(question):
    episodes[question["episode"]] = list(question["snapshot"])
    return {}


def close(question):
    return {} if episodes.pop(question["episode"], None) else {}


for line in sys.stdin:
    question = json.loads(line)
    answer = globals()[question["op"]](question)
    print(json.dumps({"id": question["id"], **answer}), flush=True)
