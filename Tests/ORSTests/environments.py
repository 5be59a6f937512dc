"""Small environments on openreward's own base class, served by its own server. Ends with its standard input.

usage: environments.py [ENVIRONMENT …] [--port N]
"""

import argparse
import importlib.util
import os
import random
import socket
import sys
import threading
import time
import types

# `import openreward` also loads its clients of models and its exporter of metrics, and with them 55 MB of packages that
# its server does not use. So the parent is an empty package here, and the exporter is absent.
parent = types.ModuleType("openreward")
parent.__path__ = importlib.util.find_spec("openreward").submodule_search_locations
sys.modules["openreward"] = parent
try:
    import opentelemetry.exporter.otlp.proto.grpc.metric_exporter
except ImportError:
    absent = types.ModuleType("metric_exporter")
    absent.OTLPMetricExporter = None
    sys.modules["opentelemetry.exporter.otlp.proto.grpc.metric_exporter"] = absent

import uvicorn
from openreward.environments import (
    Environment,
    ImageBlock,
    ListToolsOutput,
    Server,
    Split,
    TextBlock,
    ToolOutput,
    ToolSpec,
    terminal,
    tool,
)
from pydantic import BaseModel, Field


def said(text, **more):
    return ToolOutput(blocks=[TextBlock(text=text)], **more)


class Turn(BaseModel):
    dial: int = Field(ge=1, le=3, description="which dial")
    to: int
    note: str = "none"


class Words(BaseModel):
    words: str


class Seconds(BaseModel):
    seconds: float


class Vault(Environment):
    """Three dials: half a point for the first right one, another half and the end with all of them."""

    live = 0

    def __init__(self, task_spec={}, secrets={}):
        super().__init__(task_spec, secrets)
        self.dials = [0, 0, 0]
        self.has_paid = False
        self.is_open = False
        self.secrets = secrets

    def setup(self):
        if self.task_spec["number"] == 9:
            raise RuntimeError("the vault has no door")
        self.is_open = True
        Vault.live += 1

    def teardown(self):
        if self.is_open:
            Vault.live -= 1

    @classmethod
    def list_splits(cls):
        return ["train", Split(name="held-out", type="test")]

    @classmethod
    def list_tasks(cls, split):
        return [{"number": n, "code": [n % 4, 2, 3]} for n in range(10 if split == "train" else 4)]

    def get_prompt(self):
        code = " ".join(map(str, self.task_spec["code"]))
        return [TextBlock(text=f"Open vault {self.task_spec['number']}."), TextBlock(text=f"The code is {code}.")]

    @tool
    def look(self) -> ToolOutput:
        """Reads the dials."""
        return said(f"The dials are at {self.dials}. " + "x" * 5000)

    @tool
    def turn(self, args: Turn) -> ToolOutput:
        """Turns a dial."""
        self.dials[args.dial - 1] = args.to
        code = self.task_spec["code"]
        if self.dials == code:
            return said("The vault opens.", reward=0.5, finished=True)
        right = args.to == code[args.dial - 1] and not self.has_paid
        self.has_paid = self.has_paid or right
        return ToolOutput(
            blocks=[TextBlock(text="Click."), TextBlock(text=f"Note: {args.note}.")], reward=0.5 if right else None
        )

    @tool
    def whisper(self, args: Words) -> ToolOutput:
        """Says something to the vault."""
        return said(f"Echo: {args.words}; {len(self.secrets)} secrets, {self.secrets.get('judge', 'no')} judge.")

    @tool
    def kick(self) -> ToolOutput:
        """Raises an error."""
        raise RuntimeError("the foot is broken")

    @tool
    def picture(self) -> ToolOutput:
        """Draws the vault."""
        return ToolOutput(blocks=[TextBlock(text="Here:"), ImageBlock(data="aGk=", mimeType="image/png")])

    @tool
    def chance(self) -> ToolOutput:
        """Pays what nobody can foresee."""
        return said("?", reward=random.random())

    @tool
    def wait(self, args: Seconds) -> ToolOutput:
        """Waits."""
        time.sleep(args.seconds)
        return said("Waited.")

    @tool
    def count(self) -> ToolOutput:
        """Counts the open sessions of this server."""
        return said(str(Vault.live))

    @tool
    def die(self) -> ToolOutput:
        """Ends the server."""
        os._exit(1)


class Quiz(Environment):
    """The agent's message is the answer. A task has a tool of its own."""

    @classmethod
    def list_splits(cls):
        return ["train", "validation", "test"]

    @classmethod
    def list_tasks(cls, split):
        return [{"n": 2}, {"n": 3}]

    def get_prompt(self):
        return [TextBlock(text=f"What is {self.task_spec['n']} + 1?")]

    def list_task_tools(self):
        return ListToolsOutput(
            tools=[ToolSpec(name="hint", description="A hint.", input_schema=Words.model_json_schema())]
        )

    @tool(shared=False)
    def hint(self, args: Words) -> ToolOutput:
        return said(f"{args.words}: more than {self.task_spec['n']}.")

    @terminal
    @tool
    def submit(self, args: Words) -> ToolOutput:
        """Your answer."""
        return said("Thanks.", reward=float(args.words == str(self.task_spec["n"] + 1)), finished=True)


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
    known = {"vault": Vault, "quiz": Quiz}
    parser = argparse.ArgumentParser()
    parser.add_argument("environments", nargs="+", choices=known)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    app = Server([known[name] for name in options.environments]).app
    listener = bound(options.port)

    class Printing(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets=sockets)
            print(listener.getsockname()[1], flush=True)

    def end_with_input():
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=end_with_input, daemon=True).start()
    Printing(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


main()
