"""Run two published search libraries on step-wise agent tasks, under one budget of model calls.

    python peers.py [options] -- COMMAND ARGUMENTS...

COMMAND is the bridge: a program that reads one JSON object a line and answers each with one JSON line. It
holds the tasks, the frozen policy and the critic:

    {"op":"tasks"}                   -> {"name":"chain","tasks":["t0"],"stepLimit":12,"maximum":1.0}
    {"op":"open","task":"t0"}        -> {"state":0,"step":0,"reward":0.0,"value":0.3,"done":false}
    {"op":"extend","states":[0,0]}   -> {"children":[{"state":7,"step":1,...},...]}  one model call each
    {"op":"calls"}                   -> {"calls":123}
    {"op":"run","method":"amc","calls":480} -> {"method":"amc","rewardBest":[0.5],"calls":470}
    any                              -> {"error":"what went wrong"}

The peers are its_hub (particle filtering, beam search) and treequest (AB-MCTS-A, standard MCTS), with their
default settings. A node is one step of the agent; for treequest, whose nodes are meant to be whole answers,
also one whole attempt, which is then plain best-of-n, as a frozen policy cannot refine an attempt. All see
the same score: (reward so far + critic's value) / maximum, cut to 0..1, and for a finished attempt its true
reward / maximum, so all of them have the verifier.

The host's own methods share one budget, --calls times the number of all its tasks, and are only collected.
`make peers` runs everything on the enumerable chain; `benchmark bridge CONFIGURATION STORE TASKS SEED` is the
bridge of a configured world with the critic beside the store.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from types import TracebackType
from typing import Self

try:
    import numpy
    import treequest
    from its_hub.api import AbstractLanguageModel, AbstractProcessRewardModel, ChatMessage
    from its_hub.core.algorithms.beam_search import BeamSearch
    from its_hub.core.algorithms.particle_gibbs import ParticleFiltering
    from its_hub.core.lms.step_generation import StepGeneration
except ImportError as missing:
    sys.exit(f"peers.py: {missing}\nInstall its_hub, treequest, scipy, ulid-py and PyYAML: Scripts/setup.sh --tests")

HOST = "host-"
HOST_METHODS = ["frontier", "amc", "beam", "best-of"]
STEPS_PER_CALL = 2  # steps of a tree for each call of its budget: those on finished nodes cost no call
GOOD_USE = 0.9  # beam sizes that use this share of the budget count as equally good


class BridgeError(Exception):
    """The bridge could not be started, ended too early or answered nonsense."""


class Refused(BridgeError):
    """The bridge answered with an error."""


class Answer(dict):
    """A JSON object of the bridge; to look up what it lacks is the bridge's error."""

    def __missing__(self, key: str) -> None:
        raise BridgeError(f"the bridge's answer lacks {key}: {json.dumps(self)[:200]}")


class Bridge:
    """The host's program, spoken to by lines of JSON."""

    def __init__(self, command: list[str]) -> None:
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
        except OSError as error:
            raise BridgeError(f"cannot start the bridge: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, op: str, **fields: object) -> Answer:
        try:
            self.process.stdin.write(json.dumps({"op": op} | fields) + "\n")
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise BridgeError(f"the bridge ended while asked to {op} (exit status {self.process.wait()})")
        try:
            answer = json.loads(line, object_hook=Answer)
        except json.JSONDecodeError:
            answer = None
        if not isinstance(answer, Answer):
            raise BridgeError(f"the bridge answered {op} with no JSON object: {line.strip()[:200]}")
        if "error" in answer:
            raise Refused(str(answer["error"]))
        return answer

    def calls(self) -> int:
        return self.ask("calls")["calls"]


@dataclass(frozen=True)
class Tasks:
    """What the bridge offers."""

    name: str
    tasks: list[str]
    step_limit: int
    maximum: float

    @classmethod
    def of(cls, bridge: Bridge) -> Tasks:
        answer = bridge.ask("tasks")
        if not answer["tasks"]:
            raise BridgeError("the bridge has no tasks")
        return cls(answer["name"], answer["tasks"], answer["stepLimit"], answer["maximum"])


@dataclass(frozen=True)
class Node:
    """A state of an attempt."""

    state: int
    step: int
    reward: float
    value: float
    done: bool

    @classmethod
    def of(cls, answer: Answer) -> Node:
        return cls(answer["state"], answer["step"], answer["reward"], answer["value"], answer["done"])


class Search:
    """One task under one peer: takes steps through the bridge and notes the finished attempts."""

    def __init__(self, bridge: Bridge, tasks: Tasks, task: str) -> None:
        self.bridge = bridge
        self.task = task
        self.step_limit = tasks.step_limit
        self.maximum = tasks.maximum
        self.root = Node.of(bridge.ask("open", task=task))
        self.nodes = {self.root.state: self.root}
        self.finished: list[float] = []
        self.calls = 0

    def extend(self, nodes: list[Node]) -> list[Node]:
        """One fresh child of each node; each costs one model call."""
        states = [node.state for node in nodes]
        children = [Node.of(child) for child in self.bridge.ask("extend", states=states)["children"]]
        if len(children) != len(nodes):
            raise BridgeError(f"the bridge gave {len(children)} children for {len(nodes)} states")
        self.calls += len(children)
        self.nodes.update((child.state, child) for child in children)
        self.finished += [child.reward for child in children if child.done]
        return children

    def attempt(self) -> Node:
        """A whole attempt, from the start to its end or to the step limit."""
        node = self.root
        for _ in range(self.step_limit):
            node = self.extend([node])[0]
            if node.done:
                break
        return node

    def score(self, node: Node) -> float:
        total = node.reward if node.done else node.reward + node.value
        return min(1.0, max(0.0, total / self.maximum))


# its_hub drives a language model by text. Here the text of a step is the number of the state it leads to,
# after STOP if the attempt is done there, so the last number of a text names the state reached.

STOP = "done "


def reached(search: Search, text: str) -> Node:
    return search.nodes[int(text.split()[-1])]


class BridgeModel(AbstractLanguageModel):
    """The bridge's policy as a language model of its_hub; a batch of prefixes is one request."""

    def __init__(self, search: Search) -> None:
        self.search = search

    async def agenerate(
        self,
        messages: list[ChatMessage] | list[list[ChatMessage]],
        stop: str | None = None,
        **options: object,
    ) -> dict | list[dict]:
        single = isinstance(messages[0], ChatMessage)
        children = self.search.extend([self.last(chat) for chat in ([messages] if single else messages)])
        texts = [f"{STOP if child.done else ''}{child.state}" for child in children]
        replies = [{"role": "assistant", "content": text} for text in texts]
        return replies[0] if single else replies

    def last(self, chat: list[ChatMessage]) -> Node:
        return reached(self.search, chat[-1].content) if chat[-1].role == "assistant" else self.search.root


class BridgeCritic(AbstractProcessRewardModel):
    """The bridge's critic as a process reward model of its_hub; it costs no model call."""

    def __init__(self, search: Search) -> None:
        self.search = search

    def score(self, prompt: object, steps: list[str]) -> list[float]:
        return [self.search.score(reached(self.search, text)) for text in steps]

    async def ascore(self, prompt: object, steps: list[str]) -> list[float]:
        return self.score(prompt, steps)


def steps_of(search: Search) -> StepGeneration:
    # StepGeneration compares the steps before the new one with max_steps, so it would take one step more.
    return StepGeneration(max_steps=search.step_limit - 1, step_token="\n", stop_token=STOP)


def its_particles(search: Search, calls: int) -> Node:
    """As many particles as the budget pays whole attempts."""
    algorithm = ParticleFiltering(steps_of(search), BridgeCritic(search))
    answer = algorithm.infer(BridgeModel(search), search.task, max(1, calls // search.step_limit))
    return reached(search, answer["content"])


def its_beam(search: Search, calls: int) -> Node:
    width, copies = beam_sizes(calls, search.step_limit)
    algorithm = BeamSearch(steps_of(search), BridgeCritic(search), beam_width=width)
    answer = algorithm.infer(BridgeModel(search), search.task, width * copies)
    return reached(search, answer["content"])


def beam_sizes(calls: int, steps: int) -> tuple[int, int]:
    """Beam width and copies of each beam (its_hub's budget is their product) that fit the model calls.

    Of the sizes that use most of the calls the ones nearest to each other are taken.
    """
    most = max(1, calls // steps)
    sizes = [(width, copies) for width in range(1, most + 1) for copies in range(1, 2 * most + 1)]
    fitting = [size for size in sizes if beam_calls(*size, steps) <= calls] or [(1, 1)]

    def worth(size: tuple[int, int]) -> tuple[float, int, int]:
        used = beam_calls(*size, steps)
        return min(used, GOOD_USE * calls), -abs(size[0] - size[1]), used

    return max(fitting, key=worth)


def beam_calls(width: int, copies: int, steps: int) -> int:
    """The model calls of its_hub's beam search if no attempt ends early; its first level is one copy wide."""
    total, candidates = 0, copies
    for _ in range(steps):
        total += candidates
        candidates = copies * min(width, candidates)
    return total


def tree_of_steps(algorithm: treequest.Algorithm, search: Search, calls: int) -> Node:
    """One node is one step; to step on a finished attempt returns it again, at no call."""

    def step(parent: Node | None) -> tuple[Node, float]:
        node = parent or search.root
        if not node.done:
            node = search.extend([node])[0]
        return node, search.score(node)

    tree = algorithm.init_tree()
    end = search.calls + calls
    for _ in range(STEPS_PER_CALL * calls):
        if search.calls == end:
            break
        tree = algorithm.step(tree, {"step": step}, inplace=True)
    return treequest.top_k(tree, algorithm, k=1)[0][0]


def tree_of_attempts(algorithm: treequest.Algorithm, search: Search, calls: int) -> Node:
    """One node is one whole attempt from the start: a frozen policy has no way to refine its parent."""

    def attempt(_: Node | None) -> tuple[Node, float]:
        node = search.attempt()
        return node, search.score(node) if node.done else 0.0

    tree = algorithm.init_tree()
    end = search.calls + max(calls, search.step_limit)
    while search.calls + search.step_limit <= end:
        tree = algorithm.step(tree, {"attempt": attempt}, inplace=True)
    return treequest.top_k(tree, algorithm, k=1)[0][0]


Peer = Callable[[Search, int], Node]  # spends the calls, returns the node the library itself would choose

PEERS: dict[str, tuple[str, Peer]] = {
    "its-particles": ("its_hub particle filtering", its_particles),
    "its-beam": ("its_hub beam search", its_beam),
    "tq-ab": ("treequest ABMCTSA, steps", partial(tree_of_steps, treequest.ABMCTSA())),
    "tq-mcts": ("treequest MCTS, steps", partial(tree_of_steps, treequest.StandardMCTS())),
    "tq-ab-whole": ("treequest ABMCTSA, attempts", partial(tree_of_attempts, treequest.ABMCTSA())),
    "tq-mcts-whole": ("treequest MCTS, attempts", partial(tree_of_attempts, treequest.StandardMCTS())),
}
METHODS = [*PEERS, *(HOST + name for name in HOST_METHODS)]


@dataclass
class Result:
    """What one method did; the lists hold one entry a task."""

    method: str
    label: str
    best: list[float]  # the best reward among the finished attempts, 0 if there is none
    mean_calls: float
    seconds: float
    answers: list[float] | None = None  # the reward of the library's own answer, 0 if it is unfinished
    finished: list[bool] | None = None
    calls: list[int] | None = None


def run_peer(
    bridge: Bridge, tasks: Tasks, chosen: list[str], method: str, calls: int, seed: int, refill: bool = False
) -> Result:
    label, peer = PEERS[method]
    best, answers, finished, spent = [], [], [], []
    begin = time.monotonic()
    for task in chosen:
        own_seed = zlib.crc32(f"{seed}/{method}/{task}".encode())
        random.seed(own_seed)
        numpy.random.seed(own_seed)
        before = bridge.calls()
        search = Search(bridge, tasks, task)
        answer = peer(search, calls)
        while refill and search.calls + search.step_limit <= calls:
            answer = max(answer, peer(search, calls - search.calls), key=search.score)
        spent.append(bridge.calls() - before)
        if spent[-1] != search.calls:
            raise BridgeError(f"the bridge counts {spent[-1]} calls where {method} asked for {search.calls}")
        best.append(max(search.finished, default=0.0))
        answers.append(answer.reward if answer.done else 0.0)
        finished.append(bool(search.finished))
    seconds = time.monotonic() - begin
    return Result(method, label, best, statistics.mean(spent), seconds, answers, finished, spent)


def run_host(bridge: Bridge, tasks: Tasks, chosen: list[str], method: str, calls: int) -> Result:
    """The host runs all its tasks under one budget; the tasks that were not chosen are then left out."""
    name = method.removeprefix(HOST)
    every = len(tasks.tasks)
    begin = time.monotonic()
    answer = bridge.ask("run", method=name, calls=calls * every)
    seconds = time.monotonic() - begin
    if len(answer["rewardBest"]) != every:
        raise Refused(f"{len(answer['rewardBest'])} rewards for {every} tasks")
    best = answer["rewardBest"][: len(chosen)]
    return Result(method, f"host {name}", best, answer["calls"] / every, seconds)


def mean_and_error(values: list[float]) -> tuple[float, float | None]:
    """The mean and its standard error; there is none for a single value."""
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
    return statistics.mean(values), error


def summary(result: Result, maximum: float) -> dict:
    """What is reported of a method: the means, and the lists of one entry a task."""
    reward, reward_error = mean_and_error(result.best)
    share, share_error = mean_and_error([float(best >= maximum - 1e-9) for best in result.best])
    return {
        "method": result.method,
        "label": result.label,
        "reward": reward,
        "rewardError": reward_error,
        "maximumShare": share,
        "maximumShareError": share_error,
        "answerReward": statistics.mean(result.answers) if result.answers else None,
        "unfinishedShare": 1 - statistics.mean(result.finished) if result.finished else None,
        "meanCalls": result.mean_calls,
        "seconds": result.seconds,
        "rewardBest": result.best,
        "answers": result.answers,
        "finished": result.finished,
        "calls": result.calls,
    }


def table(results: list[Result | str], maximum: float) -> str:
    """The results as plain text; a method that did not run is given by its name and gets dashes."""
    head = ["method", "best reward", "at maximum", "own answer", "unfinished", "calls", "seconds"]
    rows = [head]
    for result in results:
        if isinstance(result, str):
            rows.append([result.replace(HOST, "host ")] + ["-"] * (len(head) - 1))
            continue
        facts = summary(result, maximum)
        rows.append(
            [
                result.label,
                f"{shown(facts['reward'])} ± {shown(facts['rewardError'])}",
                f"{shown(facts['maximumShare'])} ± {shown(facts['maximumShareError'])}",
                shown(facts["answerReward"]),
                shown(facts["unfinishedShare"]),
                f"{facts['meanCalls']:.1f}",
                f"{facts['seconds']:.1f}",
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


NOTES = """\
best reward: the best true reward among the finished attempts a method saw on a task (0 if none), mean and
standard error over tasks; at maximum: share of tasks where that is the maximum; own answer: mean reward of
the answer the library itself returns (0 if unfinished); unfinished: share of tasks without a finished
attempt; calls: model calls a task, counted by the bridge. All methods see the true reward of a finished
attempt."""


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return int(text)


def method_list(text: str) -> list[str]:
    methods = text.split(",")
    if unknown := [method for method in methods if method not in METHODS]:
        raise argparse.ArgumentTypeError(f"no method {', '.join(unknown)}; there are {', '.join(METHODS)}")
    return methods


def parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        usage="peers.py [options] -- COMMAND ARGUMENTS...",
        description=__doc__.split("\n\n", 2)[2],
        epilog=f"methods: {', '.join(PEERS)},\n{', '.join(METHODS[len(PEERS) :])}\n\n{NOTES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--calls", type=at_least_one, default=48, help="model calls a task (default 48)")
    parser.add_argument("--tasks", type=at_least_one, metavar="N", help="only the first N tasks")
    parser.add_argument("--methods", type=method_list, default=METHODS, metavar="A,B", help="only these")
    parser.add_argument("--seed", type=int, default=0, help="seed of the libraries' own draws (default 0)")
    parser.add_argument(
        "--refill",
        action="store_true",
        help="run a library again on the calls that attempts which ended early left over, while they pay a "
        "whole attempt; the best of its answers counts as its own",
    )
    parser.add_argument("--json", metavar="FILE", help="write the results to FILE as JSON too")
    split = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:split])
    command = arguments[split + 1 :]
    if not command:
        parser.error("give the bridge's command after --")
    return options, command


def run(options: argparse.Namespace, command: list[str]) -> None:
    results: list[Result | str] = []
    refusals: dict[str, str] = {}
    with Bridge(command) as bridge:
        tasks = Tasks.of(bridge)
        chosen = tasks.tasks[: options.tasks]
        for method in options.methods:
            print(f"{method} ...", file=sys.stderr)
            if method in PEERS:
                results.append(
                    run_peer(bridge, tasks, chosen, method, options.calls, options.seed, options.refill)
                )
                continue
            try:
                results.append(run_host(bridge, tasks, chosen, method, options.calls))
            except Refused as error:
                results.append(method)
                refusals[method] = str(error)
    libraries = {name: version(name) for name in ("its_hub", "treequest")}
    if options.json:
        report = {
            "name": tasks.name,
            "tasks": chosen,
            "stepLimit": tasks.step_limit,
            "maximum": tasks.maximum,
            "calls": options.calls,
            "seed": options.seed,
            "refill": options.refill,
            "libraries": libraries,
            "refused": refusals,
            "results": [summary(result, tasks.maximum) for result in results if isinstance(result, Result)],
        }
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
    print(f"{tasks.name}: {len(chosen)} tasks of at most {tasks.step_limit} steps")
    print(f"{options.calls} calls a task, seed {options.seed}{', refilled' if options.refill else ''}")
    print(", ".join(f"{name} {release}" for name, release in libraries.items()) + "\n")
    print(table(results, tasks.maximum))
    for method, reason in refusals.items():
        print(f"{method} did not run: {reason}")
    print(f"\n{NOTES}")


def main(arguments: list[str]) -> None:
    options, command = parse(arguments)
    try:
        run(options, command)
    except (BridgeError, OSError) as error:
        sys.exit(f"peers.py: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
