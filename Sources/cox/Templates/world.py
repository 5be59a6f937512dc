"""A world to start from: guess a number. Replace what is between the two lines."""
import json
import sys

# ---- the world ------------------------------------------------------------------------------------------------------
NAME, VERSION, STEP_LIMIT, MAXIMAL_REWARD = "guess", "1", 6, 1
INSTRUCTIONS = "Find the number from 1 to 20. Answer with a number alone."
TASKS = {
    "train": [str(number) for number in (2, 3, 5, 7, 8, 10, 11, 13, 16, 17, 19, 20)],
    "validation": ["4", "9", "15", "18"],
    "test": ["1", "6", "12", "14"],
}


def reset(task):
    """The state of a new attempt, as JSON, and what the model reads first."""
    return {"number": int(task), "steps": 0}, "Guess."


def step(state, action):
    """Changes the state; returns what the model reads, the reward of this step, and whether the attempt is over."""
    state["steps"] += 1
    digits = "".join(character for character in action if character.isdigit())
    if not digits:
        return "That is no number.", 0, False
    if int(digits) == state["number"]:
        return "Right.", 1 - 0.1 * (state["steps"] - 1), True
    return "Higher." if int(digits) < state["number"] else "Lower.", 0, False


# ---- the protocol: one question and one answer a line ----------------------------------------------------------------
episodes = {}


def answer(question):
    op, episode = question["op"], question.get("episode")
    if op == "hello":
        return {"name": NAME, "version": VERSION, "stepLimit": STEP_LIMIT, "maximalReward": MAXIMAL_REWARD,
                "instructions": INSTRUCTIONS, "tasks": TASKS, "snapshots": True}
    if op == "reset":
        episodes[episode], text = reset(question["task"])
        return {"observation": text}
    if op == "step":
        text, reward, done = step(episodes[episode], question["action"])
        return {"observation": text, "reward": reward, "done": done}
    if op == "snapshot":
        return {"snapshot": episodes[episode]}
    if op == "restore":
        episodes[episode] = question["snapshot"]
    if op == "close":
        episodes.pop(episode, None)
    return {}


for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps({"id": question["id"], **answer(question)}), flush=True)
