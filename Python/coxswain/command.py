"""The command `cox` from Python: results are objects, progress is shown while it runs.

    import coxswain

    result = coxswain.run("steer", config="c.yaml", method="frontier", particles=8)
    print(result.reward_best, result.policy_calls)
    for task in result.per_task:
        print(task.task, task.answer, task.selected_by)
"""

from __future__ import annotations

import codecs
import contextlib
import dataclasses
import importlib
import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, Literal, overload

__all__ = [
    "Comparison", "CoxError", "Difference", "Estimate", "MethodResult", "Result", "TaskResult", "UsageError",
    "cox_path", "run",
]

# MARK: Results


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean and its standard error; NaN where there is none."""

    mean: float
    se: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.se:.3f}"


@dataclasses.dataclass(frozen=True)
class Result:
    """What a command has printed as JSON."""

    raw: Any
    """The JSON as it is. Documentation/files.md has the keys."""
    stopped: str | None = None
    """Why a limit stopped the run; None if it came to its end. The same command, run again, continues."""


@dataclasses.dataclass(frozen=True)
class TaskResult:
    """One task of a method. Rewards are None if every attempt failed."""

    task: str
    reward_best: float | None
    reward_mean: float | None
    reward_weighted: float | None
    reward_selected: float | None
    soft_value: float | None
    policy_calls: int
    cost: float
    raw: Mapping[str, Any] = dataclasses.field(repr=False)
    answer: str | None = None
    """How the chosen attempt ends; None if every attempt failed."""
    answer_kind: str | None = None
    """`message`, the text of the model's last answer in a conversation, or `action`, the last action elsewhere."""
    answer_reward: float | None = None
    """The true reward of the chosen attempt."""
    selected_by: str | None = None
    """`verifier`, `critic`, `sample` or `chance`; Documentation/files.md has what they mean."""
    messages: Sequence[Mapping[str, Any]] | None = dataclasses.field(default=None, repr=False)
    """The chosen attempt as messages of OpenAI's chat API; of `compare` only with `answers=True`."""
    no_answer: str | None = None
    """Why there is no answer."""


@dataclasses.dataclass(frozen=True)
class MethodResult(Result):
    """One method on tasks: the result of `cox steer`, and one element of that of `cox compare`."""

    raw: Any = dataclasses.field(repr=False)
    method: str = ""
    tasks: int = 0
    particles: int = 0
    temperature: float = math.nan
    """β, in reward units."""
    resample: str = ""
    reward_best: Estimate = Estimate(math.nan, math.nan)
    """The best attempt: what a user with a verifier gets."""
    reward_mean: Estimate = Estimate(math.nan, math.nan)
    """The plain mean over the attempts."""
    reward_weighted: Estimate = Estimate(math.nan, math.nan)
    """The mean under the final weights: the posterior mean."""
    reward_selected: Estimate = Estimate(math.nan, math.nan)
    """The critic's choice: what a user without a verifier gets."""
    selected_by: str = ""
    """`critic`, or `chance` where no critic chooses."""
    solved_best: Estimate | None = None
    """The share of tasks whose best attempt has the maximal reward; None if the world states none."""
    soft_value: Estimate = Estimate(math.nan, math.nan)
    """V(s₀) + β·log Ẑ."""
    policy_calls: int = 0
    critic_calls: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0
    wall_seconds: float = 0
    critical_path_seconds: float = 0
    resamplings: int = 0
    forks: int = 0
    replay_mismatches: int = 0
    failed_particles: int = 0
    failed_attempts: int = 0
    """How many attempts failed; `raw["failedAttempts"]` has the reasons."""
    per_task: Sequence[TaskResult] = dataclasses.field(default=(), repr=False)

    @property
    def answer(self) -> str | None:
        """The answer of the only task; None if every attempt at it failed.

        Raises:
            ValueError: There are several tasks, or none; `per_task` has the answer of each.
        """
        if len(self.per_task) != 1:
            raise ValueError(f"There are {len(self.per_task)} tasks. per_task has the answer of each.")
        return self.per_task[0].answer


@dataclasses.dataclass(frozen=True)
class Difference:
    """A method's rewards less those of another, paired over tasks."""

    method: str
    against: str
    particles: int
    tasks: int
    reward_best: Estimate
    reward_mean: Estimate
    reward_weighted: Estimate
    raw: Mapping[str, Any] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Comparison(Result):
    """Several methods on the same tasks: the result of `cox compare`."""

    raw: Any = dataclasses.field(repr=False)
    methods: Sequence[MethodResult] = ()
    differences: Sequence[Difference] = ()

    def method(self, name: str, particles: int | None = None) -> MethodResult:
        """The first row of a method.

        Args:
            name: Such as `frontier`.
            particles: Its N, if there are several.

        Raises:
            KeyError: There is none.
        """
        for each in self.methods:
            if each.method == name and particles in (None, each.particles):
                return each
        raise KeyError(f"There is no row {name}. There are {', '.join(each.method for each in self.methods)}.")


def _estimate(value: Mapping[str, Any] | None) -> Estimate:
    found = value or {}
    mean, error = found.get("mean"), found.get("se")
    return Estimate(math.nan if mean is None else mean, math.nan if error is None else error)


def _method(raw: Mapping[str, Any]) -> MethodResult:
    known: dict[str, Any] = {}
    for field in dataclasses.fields(MethodResult):
        name = _camel(field.name)
        if name in raw and isinstance(raw[name], (str, int, float)):
            known[field.name] = raw[name]
    for name in ("reward_best", "reward_mean", "reward_weighted", "reward_selected", "soft_value"):
        known[name] = _estimate(raw.get(_camel(name)))
    solved = raw.get("solvedBest")
    return MethodResult(
        **{
            **known, "raw": raw, "solved_best": _estimate(solved) if solved else None,
            "selected_by": raw.get("rewardSelected", {}).get("by", ""),
            "failed_attempts": raw.get("failedAttempts", {}).get("count", 0),
            "per_task": tuple(_task(row) for row in raw.get("perTask", ())),
        })


def _task(raw: Mapping[str, Any]) -> TaskResult:
    names = [field.name for field in dataclasses.fields(TaskResult) if field.name != "raw"]
    known: dict[str, Any] = {name: raw.get(_camel(name)) for name in names}
    return TaskResult(**known, raw=raw)


def _difference(raw: Mapping[str, Any]) -> Difference:
    rewards = {name: _estimate(raw.get(_camel(name))) for name in ("reward_best", "reward_mean", "reward_weighted")}
    return Difference(
        method=raw["method"], against=raw["against"], particles=raw["particles"], tasks=raw["tasks"], raw=raw,
        **rewards)


def _comparison(raw: Mapping[str, Any], stopped: str | None) -> Comparison:
    return Comparison(
        raw, stopped, tuple(_method(each) for each in raw.get("methods", ())),
        tuple(_difference(each) for each in raw.get("differences", ())))


def _result(verb: str, raw: Any, stopped: str | None) -> Result:
    if verb == "steer" and isinstance(raw, dict):
        return dataclasses.replace(_method(raw), stopped=raw.get("stopped") or stopped)
    if verb == "compare" and isinstance(raw, dict):
        return _comparison(raw, raw.get("stopped") or stopped)
    return Result(raw, stopped)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


# MARK: Errors


class CoxError(Exception):
    """A command ended with another status than 0.

    The message is what `cox` said at the end.
    """

    def __init__(self, message: str, status: int, stderr: str, raw: Any = None) -> None:
        super().__init__(message)
        self.status = status
        """The exit status; the negative number of a signal."""
        self.stderr = stderr
        """All that it wrote to standard error."""
        self.raw = raw
        """The JSON that it printed all the same, such as the findings of check-environment; else None."""

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is pickled with its message alone, and could not be made again from that in another process.
        return type(self), (*self.args, self.status, self.stderr, self.raw)


class UsageError(CoxError):
    """Wrong use or a wrong configuration (status 2)."""


# MARK: Running


def cox_path() -> str:
    """The program: `COXSWAIN_COX`, the one in this package, the one beside this Python, or the one on `PATH`.

    Raises:
        FileNotFoundError: There is none.
    """
    if named := os.environ.get("COXSWAIN_COX"):
        if not os.access(named, os.X_OK):
            raise FileNotFoundError(f"COXSWAIN_COX is {named}, which is no program.")
        return named
    bundled = pathlib.Path(__file__).with_name("bin") / "cox"
    for path in (bundled, pathlib.Path(sysconfig.get_path("scripts")) / "cox"):
        if os.access(path, os.X_OK):
            return str(path)
    if found := shutil.which("cox"):
        return found
    raise FileNotFoundError(
        "There is no cox: pip install coxswain has it for Linux on x86-64. A cox that you built goes on PATH or into "
        "COXSWAIN_COX.")


Progress = bool | Callable[[str], None]


@overload
def run(
    verb: Literal["steer"], *arguments: str, config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    command: Sequence[str] | None = None, progress: Progress = True, cwd: str | os.PathLike[str] | None = None,
    variables: Mapping[str, str] | None = None, **flags: Any,
) -> MethodResult: ...


@overload
def run(
    verb: Literal["compare"], *arguments: str, config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    command: Sequence[str] | None = None, progress: Progress = True, cwd: str | os.PathLike[str] | None = None,
    variables: Mapping[str, str] | None = None, **flags: Any,
) -> Comparison: ...


@overload
def run(
    verb: str, *arguments: str, config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    command: Sequence[str] | None = None, progress: Progress = True, cwd: str | os.PathLike[str] | None = None,
    variables: Mapping[str, str] | None = None, **flags: Any,
) -> Result: ...


def run(
    verb: str, *arguments: str, config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    command: Sequence[str] | None = None, progress: Progress = True, cwd: str | os.PathLike[str] | None = None,
    variables: Mapping[str, str] | None = None, **flags: Any,
) -> Result:
    """Runs a command of `cox` and returns its result.

    The options of the command line become named arguments: `--limit-calls 100` is `limit_calls=100`. True is an option
    without a value; None and False leave an option out (for `--no-verifier` write `no_verifier=True`). A list is joined
    by commas, and a range of tasks is `range(0, 40)`. `resample` and `action` may be lists, too, and are given several
    times.

    A limit that stops the run is no error: the result says so in `stopped`. Ctrl-C stops `cox` in order, and is raised
    then.

    Args:
        verb: Such as `collect`, `train`, `plan`, `steer` or `compare`.
        arguments: What the verb takes without an option, such as `last` of `show`.
        config: The file of the configuration, or the configuration itself.
        command: The program of an agent: what stands after `--`.
        progress: Whether to show the progress, or what to call with each piece of it.
        cwd: The folder to run in.
        variables: Environment variables in addition to those of this process.
        flags: The options.

    Raises:
        UsageError: Wrong use or a wrong configuration.
        CoxError: The command failed.
        FileNotFoundError: There is no `cox`.
    """
    with _configuration(config) as file:
        line = [cox_path(), verb, *arguments]
        if file is not None:
            line += ["--config", file]
        line += [*_options(flags), "--json", "-"]
        if command is not None:
            line += ["--", *command]
        status, output, errors = _finish(line, _shown(progress), cwd, {**os.environ, **(variables or {})})
    try:
        raw = json.loads(output) if output.strip() else None
    except ValueError:
        raw = None
    said = _last_words(errors)
    if status == 3:
        return _result(verb, raw if raw is not None else {}, said)
    if status == 0 and raw is not None:
        return _result(verb, raw, None)
    if status == 0:
        # Some verbs print no JSON; their text is the result.
        return Result(output)
    error = UsageError if status == 2 else CoxError
    raise error(said or f"cox {verb} ended with status {status}.", status, errors, raw)


@contextlib.contextmanager
def _configuration(config: str | os.PathLike[str] | Mapping[str, Any] | None) -> Iterator[str | None]:
    """The path of a configuration. JSON is YAML."""
    if not isinstance(config, Mapping):
        yield None if config is None else os.path.abspath(config)
        return
    with tempfile.TemporaryDirectory(prefix="coxswain-") as folder:
        path = pathlib.Path(folder) / "configuration.yaml"
        path.write_text(json.dumps(config, indent=2, default=os.fspath))
        yield str(path)


_REPEATED = ("resample", "action")


def _options(flags: Mapping[str, Any]) -> list[str]:
    """Named arguments as options of the command line."""
    line: list[str] = []
    for name, value in flags.items():
        if name == "json":
            raise TypeError("run() has the JSON as its result; json= is not possible.")
        flag = f"--{name.replace('_', '-')}"
        if value is None or value is False:
            continue
        if value is True:
            line.append(flag)
        elif isinstance(value, range) and value.step == 1:
            line.append(f"{flag}={value.start}..<{value.stop}")
        elif isinstance(value, (list, tuple, range)) and name in _REPEATED:
            line += [f"{flag}={each}" for each in value]
        elif isinstance(value, (list, tuple, set, range)):
            line.append(f"{flag}={','.join(str(each) for each in value)}")
        else:
            # With a sign of equality a value may begin with a hyphen.
            line.append(f"{flag}={os.fspath(value) if isinstance(value, os.PathLike) else value}")
    return line


def _finish(
    line: Sequence[str], shown: Callable[[str], None], cwd: str | os.PathLike[str] | None, variables: Mapping[str, str]
) -> tuple[int, str, str]:
    """Runs a program to its end: its status, its output, and what it wrote to standard error."""
    process = subprocess.Popen(
        line, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # Ctrl-C in a terminal would otherwise reach it twice, and a second one ends it at once.
        start_new_session=True)
    assert process.stdout and process.stderr
    outputs: list[bytes] = []
    errors: list[str] = []
    readers = [
        threading.Thread(target=_read_all, args=(process.stdout, outputs), daemon=True),
        threading.Thread(target=_follow, args=(process.stderr, errors, shown), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        _wait(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for reader in readers:
            reader.join(timeout=10)
    return process.returncode, b"".join(outputs).decode("utf-8", "replace"), "".join(errors)


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Waits for the end. An interrupt goes to the program, which stores what it has; then it is raised here."""
    try:
        process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        try:
            process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=10)
        raise


def _read_all(stream: IO[bytes], into: list[bytes]) -> None:
    with stream:
        into.append(stream.read())


def _follow(stream: IO[bytes], into: list[str], shown: Callable[[str], None]) -> None:
    """Passes on what arrives, as soon as it does."""
    # A letter of several bytes may arrive in two pieces.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with stream:
        while data := os.read(stream.fileno(), 65536):
            text = decoder.decode(data)
            into.append(text)
            try:
                shown(text)
            except Exception as error:
                # What shows the progress must not stop what makes it.
                print(f"coxswain: the progress cannot be shown: {error}", file=sys.__stderr__)


def _last_words(errors: str) -> str | None:
    """The last message of `cox` without its name, or else its last line."""
    lines = [line.rstrip() for line in errors.replace("\r", "\n").splitlines() if line.strip()]
    for number in reversed(range(len(lines))):
        for beginning in ("cox: ", "Error: "):
            if lines[number].startswith(beginning):
                return "\n".join([lines[number][len(beginning):], *lines[number + 1:]])
    return lines[-1] if lines else None


# MARK: Progress


def _shown(progress: Progress) -> Callable[[str], None]:
    if callable(progress):
        return progress
    if not progress:
        return lambda _: None
    return _Notebook() if _is_notebook() else _terminal


def _terminal(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _is_notebook() -> bool:
    shell = sys.modules.get("IPython")
    found = shell.get_ipython() if shell is not None and hasattr(shell, "get_ipython") else None
    return type(found).__name__ == "ZMQInteractiveShell"


class _Notebook:
    """The progress in a cell: the last line of each bar, and all messages."""

    def __init__(self) -> None:
        # By name: the package does not depend on IPython, and this runs where it is there.
        display = importlib.import_module("IPython.display").display
        self.lines: list[str] = []
        self.rest = ""
        self.handle: Any = display(self._page(), display_id=True)

    def __call__(self, text: str) -> None:
        *whole, self.rest = (self.rest + text.replace("\r", "\n")).split("\n")
        for line in whole:
            # The beginning of a bar's line names its stage; a new line of the same stage replaces it.
            if self.lines and _is_bar(line) and line.split("░")[0].split("█")[0] == _stage(self.lines[-1]):
                self.lines[-1] = line
            elif line.strip():
                self.lines.append(line)
        if self.handle is not None:
            self.handle.update(self._page())

    def _page(self) -> Any:
        return _Text("\n".join(self.lines[-40:]))


def _is_bar(line: str) -> bool:
    return "░" in line or "█" in line


def _stage(line: str) -> str | None:
    return line.split("░")[0].split("█")[0] if _is_bar(line) else None


class _Text:
    """A text that notebooks show as it is."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text
