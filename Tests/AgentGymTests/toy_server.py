"""A corridor behind the wires of AgentGym's servers, with their traps. Python's standard library alone.

    python3 toy_server.py DIALECT [--port N] [--no-close] [--die-at N] [--limit N]

Writes "port N" once it listens. Task n is to walk north, to room 2 + n mod 3; every new room pays its share; "fall" ends
it. GET /_report tells what tests ask about, GET /_die ends the process. --die-at ends it at that step, unanswered;
--limit makes only so many environments and then hands them out again.
"""

import argparse
import json
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TASKS = 6


class Corridor:
    def __init__(self, task):
        self.task = task
        self.room = self.best = 0
        self.goal = 2 + task % 3
        self.fell = False

    def act(self, action):
        if action == "north":
            self.room += 1
        elif action == "south" and self.room > 0:
            self.room -= 1
        elif action == "fall":
            self.fell = True
            return "You fall."
        elif action != "look":
            return "Could not execute " + action
        self.best = max(self.best, self.room)
        return self.view()

    def view(self):
        return f"You are in room {self.room}."

    @property
    def words(self):
        return f"Walk to room {self.goal}."

    @property
    def done(self):
        return self.fell or self.best >= self.goal

    @property
    def share(self):
        return self.best / self.goal


class Missing(Exception):
    pass


class World:
    """What all servers of AgentGym share: environments by number."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.open = {}
        self.report = {"created": 0, "resets": 0, "steps": 0, "closed": 0, "afterEnd": 0, "most": 0}
        self.next = 0

    def new(self):
        limit = self.options.limit
        if limit and len(self.open) >= limit:
            self.next += 1
            return list(self.open)[self.next % limit]
        number = self.report["created"] * self.stride
        self.report["created"] += 1
        self.open[number] = None
        self.report["most"] = max(self.report["most"], len(self.open))
        return number

    stride = 1

    def env(self, number):
        if number not in self.open:
            raise KeyError(f"The id {number} is not valid.")
        return self.open[number]

    def stepped(self, number):
        env = self.env(number)
        self.report["steps"] += 1
        if self.report["steps"] == self.options.die_at:
            os._exit(1)
        if env.done:
            self.report["afterEnd"] += 1
        return env


class TextCraft(World):
    greeting = "This is environment TextCraft."

    def create(self, body):
        if not isinstance(body, dict):
            raise Missing([])
        number = self.new()
        self.open[number] = Corridor(number)
        return {"id": number, "observation": self.open[number].words, "done": False, "reward": 0}

    def reset(self, body):
        number, task = fields(body, "id", "data_idx")
        self.env(number)
        self.report["resets"] += 1
        env = self.open[number] = Corridor(task % TASKS)
        return {"id": number, "observation": f"Goal: {env.words}", "done": False, "reward": 0}

    def step(self, body):
        number, action = fields(body, "id", "action")
        env = self.stepped(number)
        before = env.share
        text = env.act(action)
        return {"observation": text, "reward": env.share - before, "done": env.done}

    def close(self, body):
        (number,) = fields(body, "id")
        self.report["closed"] += number in self.open
        return self.open.pop(number, "none") != "none"


class SciWorld(TextCraft):
    greeting = "This is environment ScienceWorld."

    def create(self, body):
        return {"id": self.new()}

    def reset(self, body):
        number, task = fields(body, "id", "data_idx")
        self.env(number)
        if task >= TASKS:
            raise KeyError("list index out of range")
        self.report["resets"] += 1
        env = self.open[number] = Corridor(task)
        return {"task_name": "walk", "var_num": task, "task_description": env.words, "observation": env.view(),
                "reward": 0, "score": 0, "deleted": False, "done": False}

    def step(self, body):
        number, action = fields(body, "id", "action")
        env = self.stepped(number)
        if env.done:
            raise KeyError(f"The task with environment {number} has finished.")
        before = round(env.share * 100)
        text = env.act(action)
        if text.startswith("Could not"):
            text = "No known action matches that input."
        score = -100 if env.fell else round(env.share * 100)
        return {"observation": text, "reward": score - before, "score": score, "done": env.done}

    def close(self, body):
        (number,) = fields(body, "id")
        if number not in self.open:
            raise RuntimeError("crash")
        del self.open[number]
        self.report["closed"] += 1
        return True


class WebShop(World):
    greeting = "ok"
    stride = 1_000_003

    def create(self, body):
        return self.new()

    def reset(self, body):
        number, task = fields(body, "env_idx", "session_id")
        if number not in self.open:
            raise RuntimeError("crash")
        self.report["resets"] += 1
        env = self.open[number] = Corridor(task)
        return [f"WebShop [SEP] {env.words}", None]

    def step(self, body):
        number, action = fields(body, "env_idx", "action")
        if number not in self.open:
            raise RuntimeError("crash")
        env = self.stepped(number)
        text = env.act(action)
        return {"state": text, "reward": float(env.share if env.done else 0), "done": env.done, "info": None}

    def close(self, body):
        (number,) = fields(body, "env_idx")
        self.report["closed"] += number in self.open
        return {"closed": self.open.pop(number, "none") != "none"}


class AlfWorld(TextCraft):
    greeting = "This is environment AlfWorld."

    def create(self, body):
        return {"id": self.new()}

    def reset(self, body):
        number, task, kind = fields(body, "id", "game", "world_type")
        if kind not in ("Text", "Embody", "Hybrid"):
            raise KeyError("world_type must be one of them")
        self.env(number)
        env = self.open[number] = Corridor(task)
        return {"id": number, "observation": env.words, "available_actions": ["north", "look"], "task_type": "walk"}

    def step(self, body):
        number, action = fields(body, "id", "action")
        env = self.stepped(number)
        text = env.act(action)
        return {"observation": text, "reward": float(env.best >= env.goal), "done": env.done,
                "available_actions": ["north", "south", "look"]}


class Movie(World):
    """What agentenv-tool's servers have in common, over a corridor: "walk with Action Input: {...}"."""

    greeting = "ok"
    worth = staticmethod(lambda share: share)

    def create(self, body):
        fields(body, "id")
        return self.new()

    def reset(self, body):
        number, task = fields(body, "env_idx", "id")
        if number not in self.open or task >= TASKS:
            raise RuntimeError("crash")
        self.report["resets"] += 1
        env = self.open[number] = Corridor(task)
        env.finished = False
        return f"Now new trial starts.\nYou should perform actions to accomplish the goal: {env.words}\nGive me one action."

    def step(self, body):
        number, action = fields(body, "env_idx", "action")
        if number not in self.open:
            raise RuntimeError("crash")
        env = self.open[number]
        self.report["steps"] += 1
        found = re.search(r"\s*(.*?)\s*with\s*Action Input:\s*(.*?)$", action)
        if found is None:
            return self.paid(env, 'Format error, please response in the format of  "Action: [your action]')
        # The name is looked for again, and then the prefix must be there.
        call = re.match(r".*?Action:\s*(.*?)\s*with\s*Action Input:\s*(.*?)$", found[1] + " with Action Input: " + found[2])
        if call is None:
            text = "ERROR | TypeError(cannot unpack non-iterable NoneType object)"
        elif call[1] == "walk":
            text = env.act(json.loads(call[2])["direction"])
        elif call[1] == "finish":
            env.finished, text = True, str(json.loads(call[2])["answer"])
        else:
            text = f"ERROR | Invalid action: {call[1]}."
        return self.paid(env, f"Observation: {text}\nGive me one action.")

    def paid(self, env, text):
        return {"observation": text, "reward": self.worth(env.share), "done": env.finished}


class Weather(Movie):
    worth = staticmethod(lambda share: float(share > 0))


def fields(body, *names):
    missing = [name for name in names if not isinstance(body, dict) or name not in body]
    if missing:
        raise Missing(missing)
    return [body[name] for name in names]


def handler(world):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Sends head and body in one packet. In two packets, each answer would wait for the client's delayed
        # acknowledgement.
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def answer(self, value, status=200):
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            with world.lock:
                if self.path == "/":
                    self.answer(world.greeting)
                elif self.path == "/_die":
                    os._exit(1)
                elif self.path == "/_report":
                    self.answer({**world.report, "open": len(world.open)})
                else:
                    self.answer({"detail": "Not Found"}, 404)

        def do_POST(self):
            length = int(self.headers.get("Content-Length") or 0)
            try:
                body = json.loads(self.rfile.read(length)) if length else None
            except ValueError:
                body = None
            name = self.path[1:]
            route = getattr(world, name, None) if name in ("create", "reset", "step", "close") else None
            if route is None or (name == "close" and world.options.no_close):
                return self.answer({"detail": "Not Found"}, 404)
            with world.lock:
                try:
                    self.answer(route(body))
                except Missing as missing:
                    details = [{"type": "missing", "loc": ["body", key], "msg": "Field required"} for key in missing.args[0]]
                    self.answer({"detail": details or [{"type": "missing", "loc": ["body"]}]}, 422)
                except KeyError as error:
                    self.answer({"error": error.args[0]})
                except RuntimeError:
                    self.answer("Internal Server Error", 500)

        def log_message(self, *arguments):
            pass

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def main():
    worlds = {"textcraft": TextCraft, "sciworld": SciWorld, "webshop": WebShop, "alfworld": AlfWorld, "movie": Movie,
              "weather": Weather}
    parser = argparse.ArgumentParser()
    parser.add_argument("dialect", choices=worlds)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-close", action="store_true")
    parser.add_argument("--die-at", type=int)
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    server = Server(("127.0.0.1", options.port), handler(worlds[options.dialect](options)))
    # Ends together with the parent process: standard input ends then.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print("port", server.server_port, flush=True)
    server.serve_forever()


main()
