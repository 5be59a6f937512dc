"""Small worlds on openenv-core's own base classes, served by its own server. Ends with its standard input.

usage: worlds.py WORLD [--capacity N] [--port N]
"""

import argparse
import os
import random
import socket
import sys
import threading
import time
from typing import Literal

import uvicorn
from openenv.core.env_server.http_server import create_app
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, EnvironmentMetadata, Observation, State
from pydantic import Field


class World(Environment):
    SUPPORTS_CONCURRENT_SESSIONS = True
    about = ""

    def __init__(self):
        super().__init__()
        self._state = State()

    @property
    def state(self):
        return self._state

    def get_metadata(self):
        return EnvironmentMetadata(name=type(self).__name__, description=self.about, version="2")

    def reset(self, seed=None, episode_id=None, **kwargs):
        self.random = random.Random(seed)
        self._state = State(episode_id=episode_id, step_count=0)
        return self.begin(**kwargs)

    def step(self, action, timeout_s=None, **kwargs):
        self._state.step_count += 1
        return self.act(action)


class Words(Action):
    words: str = Field(min_length=1, description="what to say to the lift")


class Text(Observation):
    text: str


class Lift(World):
    """One text goes in and one comes out. The seed decides the floor to go to."""

    about = "A lift that goes up and down. Stop at the right floor."

    def begin(self, height=9):
        self.floor, self.goal, self.height = 0, self.random.randint(2, 5), height
        return Text(text=f"You are on floor 0. Go to floor {self.goal}.")

    def act(self, action):
        match action.words.split():
            case ["up"]:
                self.floor = min(self.floor + 1, self.height)
            case ["down"]:
                self.floor = max(self.floor - 1, 0)
            case ["stop"]:
                return Text(text="The doors open.", reward=float(self.floor == self.goal), done=True)
            case ["wish"]:
                return Text(text="Granted.", reward=True)
            case ["break"]:
                raise ValueError("the lift is stuck\x1b[31m")
            case ["nan"]:
                return Text(text="?", reward=float("nan"))
            case ["roll"]:
                return Text(text=f"{self.random.random():.6f} is said here", reward=0.125 * self.floor)
            case ["chance"]:
                return Text(text="?", reward=time.time())
            case ["sleep", seconds]:
                time.sleep(float(seconds))
            case ["die"]:
                os._exit(1)
            case ["talk", size]:
                return Text(text="x" * int(size))
        return Text(text=f"You are on floor {self.floor}.", reward=None)


class Walk(Action):
    direction: Literal["north", "east"] = Field(description="where to")


class Place(Observation):
    x: int
    y: int
    view: list[str] = []


class Walker(World):
    """One property with a list of values."""

    def begin(self):
        self.x = self.y = 0
        return Place(x=0, y=0)

    def act(self, action):
        if action.direction == "north":
            self.y += 1
        else:
            self.x += 1
        return Place(x=self.x, y=self.y, view=["a tree"], reward=0.5, done=self.x + self.y > 3)


class Purchase(Action):
    item: Literal["tea", "milk"]
    count: int = Field(ge=1, description="how many")
    gift: bool = False
    note: str | None = None


class Till(World):
    """Several properties of several kinds."""

    def begin(self):
        self.bought = []
        return Text(text="What will it be?")

    def act(self, action):
        self.bought.append(action)
        text = f"{action.count} {action.item}, gift {action.gift}, note {action.note!r}"
        return Text(text=text, reward=action.count, done=len(self.bought) == 3)


WORLDS = {"lift": (Lift, Words, Text), "walker": (Walker, Walk, Place), "till": (Till, Purchase, Text)}


def bound(port):
    """The port, waited for where its last owner is still ending."""
    for _ in range(100):
        try:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            return listener
        except OSError:
            listener.close()
            time.sleep(0.1)
    sys.exit(f"port {port} is taken")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("world", choices=WORLDS)
    parser.add_argument("--capacity", type=int, default=1)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    app = create_app(*WORLDS[options.world], env_name=options.world, max_concurrent_envs=options.capacity)
    listener = bound(options.port)

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets=sockets)
            print(listener.getsockname()[1], flush=True)

    def end_with_input():
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=end_with_input, daemon=True).start()
    Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


main()
