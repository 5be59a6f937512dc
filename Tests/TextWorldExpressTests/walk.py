"""Plays games at random with TextWorldExpress' own Python wrapper, and prints what it says as lines of JSON.

    python walk.py STEPS '[[GAME, PARAMETERS, FOLD, SEED], …]'
"""
import json
import random
import sys

from textworld_express import TextWorldExpressEnv

environment = TextWorldExpressEnv(envStepLimit=1_000_000)
for game, parameters, fold, seed in json.loads(sys.argv[2]):
    chance = random.Random(f"{game} {fold} {seed}")
    observation, answer = environment.reset(seed, fold, game, parameters)
    steps = []
    for _ in range(int(sys.argv[1])):
        action = chance.choice(sorted(answer["validActions"]))
        observation, reward, done, answer = environment.step(action)
        steps.append([action, observation, reward, done, sorted(set(answer["validActions"]))])
        if done:
            break
    print(json.dumps({"steps": steps}), flush=True)
