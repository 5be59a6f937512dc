"""The process protocol (Documentation/process-environment.md) on standard input and output."""

from __future__ import annotations

import copy
import dataclasses
import enum
import hashlib
import inspect
import json
import math
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from .world import Answer, Call, Failed, Invalid, Message, Outcome, Result, Task, World, _tools, _Turn

SPLITS = ("train", "validation", "test")
LONGEST_LINE = 8 << 20
"""The longest answer that cox reads, in bytes."""

Question = Mapping[str, Any]
Reply = dict[str, Any]


def serve(make: Callable[[], World]) -> None:
    """Answers the questions on standard input until there are no more."""
    if sys.stdin is not None and sys.stdin.isatty():
        program = os.path.basename(sys.argv[0])
        print(f"This program waits for questions of cox, one JSON object on each line. In a configuration: "
              f"environment: {{ kind: process, command: [python, {program}] }}", file=sys.stderr)
    questions, answers = _take_streams()
    Server(make, answers).run(questions)


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for the protocol alone. The world, its libraries and its subprocesses get the null
    device to read from, and standard error to write to: a print would otherwise be taken for an answer."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # What is printed appears among what is written to standard error, in order.
        reconfigure(line_buffering=True)
    return questions, answers


class Refusal(Exception):
    """A question that cannot be answered, and why. Unlike other exceptions it is no mistake in the world."""


@dataclasses.dataclass
class _Episode:
    world: World
    choices: Sequence[str] | None = None
    """Those of the last answer."""
    tools: Sequence[Mapping[str, Any]] | None = None
    """Those that were sent last."""
    done: bool = False
    broken: str | None = None
    """The exception over which its state is unknown."""


class Server:
    """The episodes of one process.

    Args:
        make: Makes an instance of the world.
        answers: Where answers are written.
    """

    def __init__(self, make: Callable[[], World], answers: BinaryIO) -> None:
        self.make = make
        self.answers = answers
        self.revision = 1
        self.episodes: dict[int, _Episode] = {}
        self.writing = threading.Lock()
        self.known: dict[str, Task] | None = None

    def run(self, questions: Iterable[bytes]) -> None:
        """Answers questions until there are no more, or nobody reads the answers."""
        try:
            for line in questions:
                if line.strip():
                    self.take(line)
        except BrokenPipeError:
            pass
        for episode in self.episodes.values():
            _quietly(episode.world.close)

    def take(self, line: bytes) -> None:
        """Answers one question."""
        try:
            question = json.loads(line)
            op = {
                "hello": self.hello, "reset": self.reset, "step": self.step, "score": self.score, "fork": self.fork,
                "snapshot": self.snapshot, "restore": self.restore, "close": self.close,
            }.get(question["op"])
            number = question["id"]
        except (ValueError, KeyError, TypeError) as error:
            print(f"coxswain: a line of standard input is no question ({error}): {line[:200]!r}", file=sys.stderr)
            return
        if op is None:
            self.write(number, {"error": f"There is no op {question['op']}."})
        elif op == self.score:
            # A score may take an hour. Other episodes go on meanwhile.
            threading.Thread(target=self.answer, args=(number, op, question), daemon=True).start()
        else:
            self.answer(number, op, question)

    def answer(self, number: Any, op: Callable[[Question], Reply], question: Question) -> None:
        """Answers with what `op` returns, or with why it failed."""
        try:
            reply = op(question)
        except Refusal as refusal:
            reply = {"error": str(refusal)}
        except Failed as failure:
            reply = self.failure(str(failure) or "failed")
            if episode := self.episodes.get(question.get("episode", -1)):
                episode.done = True
        # A library that calls sys.exit() must not end the episodes of others.
        except (Exception, SystemExit) as error:
            self.report(question, error)
            reply = {"error": _words(error)}
            if (episode := self.episodes.get(question.get("episode", -1))) and question["op"] == "step":
                episode.broken = _words(error)
        self.write(number, reply)

    def write(self, number: Any, reply: Reply) -> None:
        """Writes an answer as one line."""
        try:
            line = json_text({"id": number, **reply}).encode()
            if len(line) >= LONGEST_LINE:
                raise ValueError(f"the answer has {len(line)} bytes; {LONGEST_LINE} is the most")
        except (TypeError, ValueError) as error:
            line = json_text({"id": number, "error": f"The answer cannot be sent: {error}"}).encode()
        with self.writing:
            self.answers.write(line + b"\n")
            self.answers.flush()

    def failure(self, why: str) -> Reply:
        """Says that the attempt failed."""
        return {"failed": why} if self.revision >= 2 else {"error": f"This attempt failed: {why}"}

    def report(self, question: Question, error: BaseException) -> None:
        """Writes a short traceback to standard error."""
        frames = "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-4))
        what = f"{question['op']} of {question.get('task') or 'episode ' + str(question.get('episode', '?'))}"
        print(f"coxswain: {what} failed.\n{frames}", end="", file=sys.stderr, flush=True)

    # MARK: The world

    def hello(self, question: Question) -> Reply:
        """Name, tasks and abilities."""
        self.revision = int(question.get("revision", 1))
        world = self.make()
        speaks = is_conversation(world)
        if speaks and self.revision < 2:
            raise Refusal(
                "This world speaks in messages and tool calls. That needs a newer cox (revision 2 of the protocol).")
        if speaks:
            world.tools()  # A tool that cannot be described is reported now.
        splits = {split: [_task(each) for each in tasks] for split, tasks in world.tasks().items()}
        if unknown := set(splits) - set(SPLITS):
            raise Refusal(f"tasks() has a split {min(unknown)!r}. The splits are train, validation and test.")
        self.known = {task.name: task for tasks in splits.values() for task in tasks}
        limits = [task.step_limit or world.step_limit for task in self.known.values()]
        reply: Reply = {
            "name": world.name or type(world).__name__.lower(),
            "stepLimit": world.step_limit if self.revision >= 2 else max(limits, default=world.step_limit),
            "tasks": {split: [self.entry(task) for task in tasks] for split, tasks in splits.items()},
        }
        if world.version:
            reply["version"] = str(world.version)
        if world.maximal_reward is not None:
            reply["maximalReward"] = _number(world.maximal_reward)
        if world.instructions:
            reply["instructions"] = world.instructions
        if speaks:
            reply["conversation"] = True
        if world.takes_descriptions and self.revision >= 3:
            reply["descriptions"] = True
        if has_snapshots(world):
            reply["snapshots"] = True
        elif world.copyable and self.revision >= 2 and _copies(world):
            reply["forks"] = True
        return reply

    def entry(self, task: Task) -> str | dict[str, Any]:
        """A task in the answer to hello."""
        if self.revision < 2 or (task.instructions is None and task.step_limit is None):
            return task.name
        entry: dict[str, Any] = {"id": task.name}
        if task.instructions is not None:
            entry["instructions"] = task.instructions
        if task.step_limit is not None:
            entry["stepLimit"] = task.step_limit
        return entry

    def begin(self, name: str, description: str | None = None) -> World:
        """An instance for a task: a listed one, or one that a text describes."""
        world = self.make()
        if self.known is None:
            # A process that is started later is not greeted again.
            self.known = {task.name: task for tasks in world.tasks().values() for task in map(_task, tasks)}
        if description is not None and world.takes_descriptions:
            world.task = Task(name, data=description)
        elif name not in self.known:
            raise Refusal(f"There is no task {name!r}.")
        else:
            world.task = self.known[name]
        return world

    # MARK: Episodes

    def reset(self, question: Question) -> Reply:
        """Begins an episode."""
        if "seed" in question:
            self.revision = max(self.revision, 2)
        name, description = question["task"], question.get("description")
        world = self.begin(name, description)
        world._turn = _Turn()
        # An older cox sends no seed. This one is as fixed for the task.
        seed = question.get("seed", int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1)
        outcome = outcome_of(world, world.reset(name, **_wanted(world.reset, seed=seed, description=description)))
        episode = _Episode(world)
        if self.revision < 2 and world.task.instructions:
            outcome.observation = f"{world.task.instructions}\n\n{outcome.observation}"
        reply = self.state(episode, outcome)
        self.episodes[question["episode"]] = episode
        return reply

    def step(self, question: Question) -> Reply:
        """Carries out an action."""
        episode = self.episode(question)
        if episode.done:
            # Not an error, which cox would ask about twice more.
            raise Failed("The episode has ended.")
        if episode.broken:
            raise Refusal(f"An earlier step of the episode failed: {episode.broken}")
        world = episode.world
        world._turn = _Turn()
        try:
            if is_conversation(world):
                result: Result = world.reply(_answer(question))
            else:
                result = world.step(question["action"], **_wanted(world.step, parsed=question.get("parsed", True)))
        except Invalid as error:
            result = Outcome(str(error), choices=episode.choices, invalid=True)
        outcome = outcome_of(world, result)
        if outcome.pending and self.revision < 2:
            outcome = self.scored(world, outcome)
        reply = self.state(episode, outcome)
        if outcome.failed is not None:
            return reply
        reply["reward"] = _number(outcome.reward or 0)
        if outcome.rewards:
            reply["rewards"] = {name: _number(reward) for name, reward in outcome.rewards.items()}
        reply["done"] = episode.done = outcome.done
        if outcome.pending:
            reply["pending"] = True
        if outcome.invalid:
            reply["invalid"] = True
        return reply

    def state(self, episode: _Episode, outcome: Outcome) -> Reply:
        """What the model sees next."""
        if outcome.failed is not None:
            episode.done = True
            return self.failure(outcome.failed)
        if not is_conversation(episode.world):
            if outcome.messages is not None:
                raise TypeError("Only a conversation has messages. Set conversation = True, or return a text.")
            episode.choices = outcome.choices
            reply: Reply = {"observation": outcome.observation}
            if outcome.choices is not None:
                reply["choices"] = [str(choice) for choice in outcome.choices]
            return reply
        reply = {"messages": [_message(each) for each in outcome.messages or []]}
        if outcome.observation:
            reply["messages"].append({"role": "user", "content": outcome.observation})
        tools = None if outcome.done else list(episode.world.tools())
        if tools is not None and tools != episode.tools and (tools or episode.tools):
            reply["tools"] = episode.tools = tools
        return reply

    def score(self, question: Question) -> Reply:
        """The reward that was pending."""
        reward, parts = _scored(self.episode(question).world.score())
        return {"reward": reward, **({"rewards": parts} if parts else {})}

    def scored(self, world: World, outcome: Outcome) -> Outcome:
        """The outcome with the pending reward in it, for a cox that cannot wait for one."""
        reward, parts = _scored(world.score())
        return dataclasses.replace(
            outcome, pending=False, reward=(outcome.reward or 0) + reward,
            rewards=_sum(outcome.rewards, parts))

    # MARK: Copies

    def fork(self, question: Question) -> Reply:
        """Copies an episode. If that is not possible, cox replays its actions instead."""
        self.revision = max(self.revision, 2)
        episode = self.episode(question)
        if not episode.world.copyable:
            raise Refusal("Episodes of this world cannot be copied (copyable = False).")
        try:
            self.episodes[question["copy"]] = copy.deepcopy(episode)
        except Exception as error:
            raise Refusal(f"The episode cannot be copied ({_words(error)}). Set copyable = False.") from error
        return {}

    def snapshot(self, question: Question) -> Reply:
        """The state of an episode as JSON."""
        return {"snapshot": self.episode(question).world.snapshot()}

    def restore(self, question: Question) -> Reply:
        """Continues from a snapshot."""
        world = self.begin(question["task"], question.get("description"))
        world.restore(question["snapshot"])
        self.episodes[question["episode"]] = _Episode(world)
        return {}

    def close(self, question: Question) -> Reply:
        """Forgets an episode."""
        episode = self.episodes.pop(question["episode"], None)
        if episode:
            _quietly(episode.world.close)
        return {}

    def episode(self, question: Question) -> _Episode:
        """The episode of a question."""
        episode = self.episodes.get(question["episode"])
        if episode is None:
            raise Refusal(f"There is no episode {question['episode']}.")
        return episode


# MARK: What a class can do


def is_conversation(world: World) -> bool:
    """Whether a world speaks in messages."""
    kind = type(world)
    return world.conversation or kind.tools is not World.tools or kind.reply is not World.reply or bool(_tools(kind))


def has_snapshots(world: World) -> bool:
    """Whether a world writes its own snapshots."""
    return type(world).snapshot is not World.snapshot and type(world).restore is not World.restore


def _copies(world: World) -> bool:
    try:
        copy.deepcopy(world)
        return True
    except Exception as error:
        print(f"coxswain: episodes are not copied but replayed, since {_words(error)}", file=sys.stderr)
        return False


def _wanted(function: Callable[..., Any], **offered: Any) -> dict[str, Any]:
    """Those of the arguments that a function has a parameter for."""
    names = inspect.signature(function).parameters
    return {name: value for name, value in offered.items() if name in names}


def _task(task: str | Task) -> Task:
    return task if isinstance(task, Task) else Task(str(task))


# MARK: Results


def outcome_of(world: World, result: Result) -> Outcome:
    """What a world returned, with what it paid and finished meanwhile."""
    outcome = _outcome(result)
    turn = world._turn or _Turn()
    rewards = _sum(outcome.rewards, turn.rewards)
    named = sum(turn.rewards.values())
    reward = (sum(outcome.rewards.values()) if outcome.reward is None else outcome.reward) + turn.paid + named
    pending = outcome.pending or turn.pending
    return dataclasses.replace(
        outcome, reward=float(reward), rewards=rewards, done=bool(outcome.done) or turn.done, pending=pending)


def _outcome(result: Result) -> Outcome:
    if result is None:
        return Outcome()
    if isinstance(result, Outcome):
        return dataclasses.replace(result)
    if isinstance(result, str):
        return Outcome(result)
    if isinstance(result, Mapping):
        return Outcome(messages=[result])
    if isinstance(result, tuple) and len(result) in (2, 3) and isinstance(result[0], str):
        reward: Any = result[1]
        done = bool(result[2]) if len(result) == 3 else False
        return Outcome(result[0], reward=float(reward), done=done)
    if isinstance(result, Sequence) and all(isinstance(each, Mapping) for each in result):
        return Outcome(messages=[each for each in result if isinstance(each, Mapping)])
    raise TypeError(
        f"A world returns a text, (text, reward), (text, reward, done), an Outcome, or messages, not {result!r:.200}.")


def _sum(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {name: first.get(name, 0) + second.get(name, 0) for name in [*first, *second]}


def _scored(score: Any) -> tuple[float, dict[str, float]]:
    """A pending reward and its named parts."""
    if isinstance(score, Mapping):
        parts = {str(name): _number(reward) for name, reward in score.items()}
        return sum(parts.values()), parts
    return _number(score), {}


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"A reward is {number}, which is no finite number.")
    return number


def _message(message: Message) -> dict[str, Any]:
    if message.get("role") not in ("system", "developer", "user", "assistant", "tool"):
        raise TypeError(f"A message needs a role (system, user, assistant or tool): {dict(message)!r:.200}")
    return dict(message)


def _answer(question: Question) -> Answer:
    """The model's answer in a step of a conversation."""
    message: Message = question.get("answer") or {"role": "assistant", "content": question["action"]}
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    calls = []
    for call in question.get("calls") or []:
        arguments = call.get("arguments")
        calls.append(Call(str(call["id"]), str(call["name"]), arguments if isinstance(arguments, dict) else None))
    return Answer(str(content or ""), calls, message)


# MARK: Texts


def json_text(value: Any, readable: bool = False) -> str:
    """A value as JSON on one line. JSON has no NaN and no Infinity.

    Args:
        readable: For a model to read: with spaces, and without escaped letters.
    """
    separators = (", ", ": ") if readable else (",", ":")
    return json.dumps(value, default=_plain, allow_nan=False, ensure_ascii=not readable, separators=separators)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    for name in ("tolist", "item"):  # Arrays and numbers of NumPy.
        if hasattr(value, name):
            return getattr(value, name)()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _words(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text}"[:500] if text else type(error).__name__


def _quietly(close: Callable[[], None]) -> None:
    try:
        close()
    except Exception as error:
        print(f"coxswain: close() failed: {_words(error)}", file=sys.stderr)
