"""Shards of a command on a Ray cluster, with one result.

    from coxswain import ray

    result = ray.run("compare", config="c.yaml", shards=16, address="auto", methods=["best-of", "amc"])

or `python -m coxswain.ray compare --shards 16 --address auto --config c.yaml --methods best-of,amc`.
Documentation/clusters.md says what happens when something fails.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import importlib
import json
import logging
import math
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, overload

from . import _shard
from . import command as _command
from ._shard import Change, Order, Outcome, Totals
from .command import Comparison, CoxError, MethodResult, Progress, Result, UsageError

__all__ = ["run"]

_VERBS = ("collect", "steer", "compare")
_LIMITS = ("calls", "tokens", "cost")

Config = str | os.PathLike[str] | Mapping[str, Any] | None


@overload
def run(
    verb: Literal["steer"], *, config: Config = None, shards: int, store: str | os.PathLike[str] = ...,
    address: str | None = None, command: Sequence[str] | None = None, files: Sequence[str] = (),
    variables: Sequence[str] = (), limit_calls: int | None = None, limit_tokens: int | None = None,
    limit_cost: float | None = None, limit_seconds: float | None = None, retries: int = 3, parallel: int | None = None,
    cpus: float = 1, options: Mapping[str, Any] | None = None, progress: Progress = True, **flags: Any,
) -> MethodResult: ...


@overload
def run(
    verb: Literal["compare"], *, config: Config = None, shards: int, store: str | os.PathLike[str] = ...,
    address: str | None = None, command: Sequence[str] | None = None, files: Sequence[str] = (),
    variables: Sequence[str] = (), limit_calls: int | None = None, limit_tokens: int | None = None,
    limit_cost: float | None = None, limit_seconds: float | None = None, retries: int = 3, parallel: int | None = None,
    cpus: float = 1, options: Mapping[str, Any] | None = None, progress: Progress = True, **flags: Any,
) -> Comparison: ...


@overload
def run(
    verb: str, *, config: Config = None, shards: int, store: str | os.PathLike[str] = ...,
    address: str | None = None, command: Sequence[str] | None = None, files: Sequence[str] = (),
    variables: Sequence[str] = (), limit_calls: int | None = None, limit_tokens: int | None = None,
    limit_cost: float | None = None, limit_seconds: float | None = None, retries: int = 3, parallel: int | None = None,
    cpus: float = 1, options: Mapping[str, Any] | None = None, progress: Progress = True, **flags: Any,
) -> Result: ...


def run(
    verb: str, *, config: Config = None, shards: int, store: str | os.PathLike[str] = ".coxswain/store.sqlite",
    address: str | None = None, command: Sequence[str] | None = None, files: Sequence[str] = (),
    variables: Sequence[str] = (), limit_calls: int | None = None, limit_tokens: int | None = None,
    limit_cost: float | None = None, limit_seconds: float | None = None, retries: int = 3, parallel: int | None = None,
    cpus: float = 1, options: Mapping[str, Any] | None = None, progress: Progress = True, **flags: Any,
) -> Result:
    """Runs a command in shards on a Ray cluster, merges their stores, and returns the result of the whole.

    Run again with the same store, it continues, and asks for no answer that has arrived.

    Args:
        verb: `collect`, `steer` or `compare`.
        config: The file of the configuration, or the configuration itself.
        shards: How many shares the tasks are divided into, at most as many as there are tasks.
        store: The store that has everything at the end.
        address: The cluster, such as `auto`; None for the one in `RAY_ADDRESS`, or else for this machine alone.
        command: The program of an agent: what stands after `--`.
        files: Files and folders below this folder that the nodes need, such as the program of a world.
        variables: Names of environment variables whose values are sent to the nodes. Set keys on the nodes instead.
        limit_calls: The most model calls of all shards together, over all starts of this command.
        limit_tokens: The same for tokens.
        limit_cost: The same for money.
        limit_seconds: The most seconds of this start.
        retries: How often a shard is started again that was lost with its worker or node.
        parallel: How many shards run at a time; None for as many as Ray finds room for.
        cpus: The processors that Ray reserves for a shard.
        options: Further options of Ray for a shard's task, such as `{"resources": {"big": 1}}`.
        progress: Whether to show live totals, or what to call with each piece of them.
        flags: The options of the command.

    Raises:
        UsageError: Wrong use or a wrong configuration.
        CoxError: A shard failed, or the merged store lacks answers.
    """
    job = _Job(
        verb=verb, config=config, shards=shards, store=pathlib.Path(store).absolute(), program=tuple(command or ()),
        files=tuple(files), variables=tuple(variables),
        given_limits={"calls": limit_calls, "tokens": limit_tokens, "cost": limit_cost, "seconds": limit_seconds},
        retries=retries, parallel=parallel, cpus=cpus, ray_options=dict(options or {}),
        flags=flags)
    with _cluster(address):
        end = _Driver(job, _command._shown(progress)).run()
    return _final(job, end, progress)


# MARK: - What is run


_INPUTS = ("critic", "plan", "tasks_from", "folder", "against")
"""Options that may name a file that a shard reads."""
_OUTPUTS = ("genealogy", "chart", "quiet", "log_level", "log_format")
"""Options that only the last command gets."""


@dataclasses.dataclass(frozen=True)
class _Job:
    verb: str
    config: Config
    shards: int
    store: pathlib.Path
    program: tuple[str, ...]
    files: tuple[str, ...]
    variables: tuple[str, ...]
    given_limits: Mapping[str, float | None]
    retries: int
    parallel: int | None
    cpus: float
    ray_options: Mapping[str, Any]
    flags: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.verb not in _VERBS:
            raise UsageError(f"{self.verb} has no shards; {', '.join(_VERBS)} have.", 2, "")
        if self.shards < 1:
            raise UsageError(f"shards is {self.shards}; it must be 1 or more.", 2, "")
        for name in ("shard", "json"):
            if name in self.flags:
                raise TypeError(f"{name}= is set by run() itself.")
        self._refuse_shared_budgets()

    def _refuse_shared_budgets(self) -> None:
        """What a task gets must not depend on the other tasks."""
        settings = self.settings.get("steering") or {}
        budget = self.flags.get("calls", settings.get("calls"))
        methods = self.flags.get("methods") or self.flags.get("method") or settings.get("method") or ""
        methods = methods.split(",") if isinstance(methods, str) else list(methods)
        why = None
        if self.verb != "collect" and (budget is not None or self.flags.get("study") == "calls"):
            why = "a budget of calls"
        if self.verb != "collect" and "frontier" in methods:
            why = "the method frontier"
        if why:
            raise UsageError(
                f"With {why}, tasks leave what they do not need to each other, so that they cannot be divided into "
                "shards. Run it without shards.", 2, "")
        if self.flags.get("study") == "cost" and "cost" in self.limits:
            raise UsageError("A study of cost has two price lists. Limit its calls or tokens, not its cost.", 2, "")

    @functools.cached_property
    def settings(self) -> Mapping[str, Any]:
        """The configuration."""
        if isinstance(self.config, Mapping):
            return self.config
        path = self.store.with_name("agent.yaml") if self.config is None else self.config
        # Ray brings it.
        yaml = importlib.import_module("yaml")
        try:
            read = yaml.safe_load(pathlib.Path(path).read_text("utf-8"))
        except (OSError, yaml.YAMLError):
            # cox says better what is wrong with it.
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def limits(self) -> Mapping[str, float]:
        """The limits of all shards together, without that of time."""
        return {name: value for name in _LIMITS if (value := self._limit(name)) is not None}

    @property
    def seconds(self) -> float | None:
        """The limit of time."""
        return self._limit("seconds")

    def _limit(self, name: str) -> float | None:
        given = self.given_limits[name]
        return (self.settings.get("limits") or {}).get(name) if given is None else given

    def price(self, of: Totals) -> float:
        """What tokens cost, by `policy.pricing`."""
        prices = (self.settings.get("policy") or {}).get("pricing") or {}
        plain = prices.get("inputPerMillion", 0)
        fresh = of.input_tokens - of.cached_tokens - of.written_tokens
        return float(
            fresh * plain + of.cached_tokens * prices.get("cachedInputPerMillion", plain)
            + of.written_tokens * prices.get("cacheWritePerMillion", plain)
            + of.output_tokens * prices.get("outputPerMillion", 0)) / 1e6

    def amount(self, limit: str, of: Totals) -> float:
        """What of a store counts towards a limit."""
        return self.price(of) if limit == "cost" else getattr(of, limit)

    # MARK: Files

    def parts(self) -> tuple[list[str], dict[str, bytes]]:
        """The options of a shard, and the files that they name."""
        options: dict[str, Any] = {}
        sent: dict[str, bytes] = {}
        for name in self.files:
            _read(name, _inside(name), sent)
        if isinstance(self.config, Mapping):
            options["config"] = ".inputs/configuration.yaml"
            sent[options["config"]] = json.dumps(self.config, default=os.fspath).encode()
        elif self.config is not None:
            # Where it stands here, since it may name files relative to itself.
            path = os.path.relpath(self.config)
            options["config"] = ".inputs/configuration.yaml" if path.startswith("..") else path
            _read(self.config, options["config"], sent)
        for name, value in self.flags.items():
            if name in _OUTPUTS:
                continue
            options[name] = value
            if name in _INPUTS and value is not None and os.path.exists(value):
                # A program is told the path of its tasks and folder as it stands.
                place = os.fspath(value) if name in ("tasks_from", "folder") else f".inputs/{pathlib.Path(value).name}"
                place = _inside(place)
                _read(value, place, sent)
                options[name] = place
                plan = pathlib.Path(str(value).replace(".critic.json", ".plan.json"))
                if name == "critic" and plan.exists():
                    _read(plan, f".inputs/{plan.name}", sent)
        # What commands find beside a store. The shard's store is in the folder above.
        beside = self.store.parent
        names = ["agent.yaml", f"{pathlib.Path(str(self.flags.get('critic'))).name}.critic"]
        for found in [*beside.glob("*.critic.json"), *beside.glob("*.plan.json"), *(beside / name for name in names)]:
            if found.exists():
                _read(found, f"../{found.name}", sent)
        return _command._options(options), sent

    @property
    def digest(self) -> str:
        """Names the command, whatever its limits are."""
        options, files = self.parts()
        digest = hashlib.sha256(json.dumps([self.verb, options, self.program]).encode())
        for name in sorted(files):
            digest.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(files[name]).digest())
        return digest.hexdigest()


def _inside(name: str | os.PathLike[str]) -> str:
    """The path below the folder of this process, which is the path below the shard's folder."""
    path = os.path.normpath(name)
    if os.path.isabs(path):
        path = os.path.relpath(path)
    if path.startswith(".."):
        raise UsageError(
            f"{os.fspath(name)} is not below this folder, and only such files are sent. Put it there, or on every "
            "node.", 2, "")
    return path


def _read(path: str | os.PathLike[str], name: str, into: dict[str, bytes]) -> None:
    """Reads a file, or the files of a folder."""
    if os.path.isdir(path):
        for folder, _, names in os.walk(path):
            for each in names:
                whole = os.path.join(folder, each)
                _read(whole, os.path.join(name, os.path.relpath(whole, path)), into)
        return
    try:
        into[name] = pathlib.Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"A file for the nodes cannot be read: {error}.", 2, "") from None


# MARK: - On the cluster


@contextlib.contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    ray = _ray()
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    given: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": logging.ERROR}
    if address is None and not os.environ.get("RAY_ADDRESS"):
        given["include_dashboard"] = False
    ray.init(**given)
    try:
        yield
    finally:
        ray.shutdown()


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise UsageError("Ray is not installed: pip install 'coxswain[ray]', here and on every node.", 2, "") from None


@dataclasses.dataclass(frozen=True)
class _Letter:
    shard: int
    start: int
    node: str
    totals: Totals
    change: Change | None


class _Mailbox:
    """What shards have sent, until the driver has it on its disk. An actor."""

    def __init__(self) -> None:
        self.letters: list[_Letter] = []
        self.handled = 0
        self.stopping = False

    def put(self, letter: _Letter) -> tuple[int, bool]:
        """Takes a letter; returns its number, from 1, and whether to go on."""
        self.letters.append(letter)
        return self.handled + len(self.letters), not self.stopping

    def has_handled(self, number: int) -> bool:
        return number <= self.handled

    def take(self, handled: int) -> list[_Letter]:
        """The letters after those that are handled. A driver that was interrupted gets the same ones again."""
        self.letters = self.letters[handled - self.handled:]
        self.handled = handled
        return list(self.letters)

    def stop(self) -> None:
        self.stopping = True


def _task(order: Order, files: Mapping[str, bytes], home: bytes | None, mailbox: Any) -> Outcome:
    """A shard as a Ray task."""
    ray = _ray()
    node = ray.get_runtime_context().get_node_id()

    def report(totals: Totals, change: Change | None, settle: bool) -> bool:
        number, go_on = ray.get(mailbox.put.remote(_Letter(order.number, order.start, node, totals, change)))
        while settle and not ray.get(mailbox.has_handled.remote(number)):
            time.sleep(0.05)
        return bool(go_on)

    return _shard.work(order, files, home, report)


# MARK: - The driver


@dataclasses.dataclass
class _Shard:
    """What the driver knows about a shard."""

    number: int
    store: pathlib.Path
    node: str | None = None
    totals: Totals = Totals()
    """What its store holds, with what it began with."""
    counted: dict[str, float] = dataclasses.field(default_factory=dict)
    """What cox has counted towards the limits, stored answers included."""
    granted: dict[str, float] = dataclasses.field(default_factory=dict)
    """How much more the running start may use."""
    began: Totals = Totals()
    """What its store held when the running start began."""
    starts: int = 0
    losses: int = 0
    failed_attempts: int = 0


@dataclasses.dataclass(frozen=True)
class _End:
    """How the shards ended."""

    stopped: str | None
    """Which limit left shards unfinished."""
    failed_attempts: int


class _Driver:
    """Starts shards, keeps what they send home, and merges it."""

    def __init__(self, job: _Job, shown: Any) -> None:
        self.job = job
        self.ray = _ray()
        self.meter = _Meter(job, shown)
        self.home = job.store.with_name(job.store.name + ".shards")
        self.shards = [
            _Shard(number, self.home / f"{number}-of-{job.shards}.sqlite") for number in range(1, job.shards + 1)]
        self.start = Totals()
        self.earlier = dict.fromkeys(_LIMITS, 0.0)
        self.handled = 0
        """How many letters are on the disk."""
        self.running: dict[Any, _Shard] = {}
        self.waiting = list(self.shards)
        self.done: list[_Shard] = []
        self.limited: list[_Shard] = []
        self.failure: Exception | None = None
        self.began = time.monotonic()

    def run(self) -> _End:
        """Runs all shards to their ends and merges their stores."""
        self.program = _command.cox_path()
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CoxError(
                    f"Another process runs shards for {self.job.store}. Wait for its end, or give another store.", 1, ""
                ) from None
            self._begin()
            merger = _Merger(self.program, self.job.store)
            try:
                self._loop(merger)
            except BaseException:
                self._stop_all()
                raise
            finally:
                self.meter.end()
                merger.close()
                self._save()
                # What unfinished shards have sent is kept in the store, too.
                self._merge_leftovers()
            if self.failure:
                raise self.failure
            if not self.limited:
                shutil.rmtree(self.home)
        return _End(
            self._reached() if self.limited else None, sum(shard.failed_attempts for shard in self.shards))

    # MARK: Beginning

    def _begin(self) -> None:
        """Continues what an earlier process left."""
        self._merge_leftovers()
        state: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            state = json.loads((self.home / "state.json").read_text())
        self.options, files = self.job.parts()
        self.digest = self.job.digest
        same = state.get("command") == self.digest
        self.run_id = state["run"] if same and state["shards"] == self.job.shards else uuid.uuid4().hex
        if same:
            self.earlier |= state["used"]
            for shard in self.shards:
                shard.node = state["nodes"].get(str(shard.number)) if state["shards"] == self.job.shards else None
        ray = self.ray
        here = ray.get_runtime_context().get_node_id()
        self.mailbox = ray.remote(_Mailbox).options(num_cpus=0, scheduling_strategy=self._on(here, soft=False)).remote()
        self.task = ray.remote(_task)
        self.files = ray.put(files)
        self.content: Any = None
        if self.job.store.exists():
            copy = self.home / "start.sqlite"
            _shard.snapshot(self.job.store, copy)
            self.start = _shard.totals(copy)
            self.content = ray.put(copy.read_bytes())
            copy.unlink()
        for shard in self.shards:
            shard.totals = self.start
        self.version = _shard.version_of(self.program)
        self._save()

    def _on(self, node: str, soft: bool) -> Any:
        strategies = importlib.import_module("ray.util.scheduling_strategies")
        return strategies.NodeAffinitySchedulingStrategy(node, soft=soft)

    def _merge_leftovers(self) -> None:
        left = sorted(self.home.glob("*-of-*.sqlite"))
        if left:
            _merge(self.program, self.job.store, left)
            for each in left:
                each.unlink()

    def _save(self) -> None:
        used = {limit: self._used(limit) for limit in _LIMITS}
        _shard.write(self.home / "state.json", json.dumps({
            "run": self.run_id, "command": self.digest, "shards": self.job.shards, "used": used,
            "nodes": {shard.number: shard.node for shard in self.shards if shard.node}}).encode())

    # MARK: Running

    def _loop(self, merger: _Merger) -> None:
        saved = time.monotonic()
        while self.running or (self.waiting and not self.failure):
            self._launch()
            if not self.running:
                # The limits leave nothing for those that wait.
                self.limited += self.waiting
                self.waiting = []
                break
            ready, _ = self.ray.wait(list(self.running), timeout=0.2)
            self._collect_letters()
            for task in ready:
                self._finish(task, merger)
            if merger.failure:
                self._fail(merger.failure)
            if self._is_out_of_time():
                self.ray.get(self.mailbox.stop.remote())
            self.meter.show(self)
            if time.monotonic() - saved > 5:
                self._save()
                saved = time.monotonic()

    def _launch(self) -> None:
        while self.waiting and not self.failure and not self._is_out_of_time():
            if self.job.limits and len(self.running) >= self._room():
                # With limits the later shards wait, because they get what the earlier ones leave.
                return
            if self.job.parallel is not None and len(self.running) >= self.job.parallel:
                return
            grant = self._grant()
            if grant is None:
                return
            shard = self.waiting.pop(0)
            shard.granted, shard.began = grant, shard.totals
            self._submit(shard)

    def _room(self) -> int:
        room = self.ray.cluster_resources().get("CPU", 1) / self.job.cpus if self.job.cpus else math.inf
        return max(1, int(min(room, self.job.shards)))

    def _grant(self) -> dict[str, float] | None:
        """An even share of what is left for a shard that waits; None if that is nothing."""
        grant: dict[str, float] = {}
        for limit in self.job.limits:
            left = self._left(limit)
            share = left / len(self.waiting)
            # A small share for a shard that has had one is not worth its start, while others may return more.
            small = bool(self.waiting[0].counted) and share < self.job.limits[limit] / (4 * self.job.shards)
            if left <= 1e-9 * self.job.limits[limit] or (small and self.running):
                return None
            grant[limit] = share if limit == "cost" else min(max(1, int(share)), int(left))
            if grant[limit] <= 0:
                return None
        return grant

    def _used(self, limit: str) -> float:
        """What all starts of this command have used."""
        start = self.job.amount(limit, self.start)
        return self.earlier[limit] + sum(self.job.amount(limit, shard.totals) - start for shard in self.shards)

    def _left(self, limit: str) -> float:
        """What is neither used nor granted."""
        open_grants = sum(
            max(0, shard.granted[limit] - self.job.amount(limit, shard.totals - shard.began))
            for shard in self.running.values())
        return self.job.limits[limit] - self._used(limit) - open_grants

    def _submit(self, shard: _Shard) -> None:
        limits = [
            # cox counts stored answers, too.
            f"--limit-{limit}={shard.counted.get(limit, 0) + self._unused(shard, limit):.10g}"
            for limit in shard.granted]
        if self.job.seconds is not None:
            limits.append(f"--limit-seconds={max(0.001, self.job.seconds - (time.monotonic() - self.began)):.3f}")
        shard.starts += 1
        order = Order(
            run=self.run_id, number=shard.number, count=self.job.shards, start=shard.starts, verb=self.job.verb,
            options=(*self.options, *limits), program=self.job.program,
            variables={name: os.environ[name] for name in self.job.variables if name in os.environ},
            version=self.version)
        home = self.ray.put(shard.store.read_bytes()) if shard.store.exists() else self.content
        # Ray's own retry would start with the same store as the first time. _finish starts it with what has arrived.
        options: dict[str, Any] = {
            "num_cpus": self.job.cpus, "max_retries": 0, "retry_exceptions": False,
            "name": f"cox {self.job.verb} --shard {order.name}"}
        if shard.node:
            # What a killed worker did not send is still in its folder on that node.
            options["scheduling_strategy"] = self._on(shard.node, soft=True)
        task = self.task.options(**{**options, **self.job.ray_options}).remote(order, self.files, home, self.mailbox)
        self.running[task] = shard

    def _unused(self, shard: _Shard, limit: str) -> float:
        return max(0, shard.granted[limit] - self.job.amount(limit, shard.totals - shard.began))

    def _collect_letters(self) -> None:
        while letters := self.ray.get(self.mailbox.take.remote(self.handled)):
            for letter in letters:
                self._handle(letter)
                self.handled += 1

    def _handle(self, letter: _Letter) -> None:
        shard = self.shards[letter.shard - 1]
        if letter.start != shard.starts:
            # A dead worker's last words. What it changed is relative to what only that worker had sent.
            return
        if shard.node != letter.node:
            # At once, because a driver that is killed must find its shards again.
            shard.node = letter.node
            self._save()
        if letter.change:
            if not shard.store.exists() and self.content is not None:
                _shard.write(shard.store, self.ray.get(self.content))
            _shard.patch(shard.store, letter.change)
            shard.totals = letter.totals

    def _finish(self, task: Any, merger: _Merger) -> None:
        shard = self.running[task]
        errors = self.ray.exceptions
        outcome: Outcome | None = None
        lost: Exception | None = None
        try:
            outcome = self.ray.get(task)
        except errors.RayTaskError as error:
            self._fail(error.cause if isinstance(error.cause, CoxError) else error)
        except errors.RayError as error:
            lost = error
        # What it sent last came before its end.
        self._collect_letters()
        del self.running[task]
        if outcome is not None and outcome.status < 0:
            lost = CoxError(f"cox was ended by signal {-outcome.status}", outcome.status, outcome.errors)
        if lost is not None:
            self._lose(shard, lost)
        elif outcome is not None:
            self._judge(shard, outcome, merger)

    def _lose(self, shard: _Shard, lost: Exception) -> None:
        """A worker or its node died."""
        shard.losses += 1
        if shard.losses <= self.job.retries:
            self.meter.note(f"shard {shard.number}/{self.job.shards} was lost and starts again: {_first_line(lost)}")
            self._submit(shard)
            return
        self._fail(CoxError(
            f"Shard {shard.number}/{self.job.shards} was lost {shard.losses} times, the last time because: "
            f"{_first_line(lost)}. What had arrived is in {self.job.store}; the same command continues.", 1, str(lost)))

    def _judge(self, shard: _Shard, outcome: Outcome, merger: _Merger) -> None:
        """A shard came to an end of its own."""
        try:
            result = json.loads(outcome.output)
        except ValueError:
            result = {}
        shard.failed_attempts = sum(
            each.get("failedAttempts", {}).get("count", 0) for each in result.get("methods", [result]))
        if outcome.stopped or outcome.status == 3:
            self._limit(shard, result)
        elif outcome.status == 0 or (outcome.status == 1 and result and not result.get("stopped")):
            # Where all attempts of a shard failed, the last command says whether that is too many of the whole.
            self.done.append(shard)
            if shard.store.exists():
                merger.add(shard.store)
        else:
            said = _command._last_words(outcome.errors) or f"cox ended with status {outcome.status}."
            kind = UsageError if outcome.status == 2 else CoxError
            self._fail(kind(f"Shard {shard.number}/{self.job.shards}: {said}", outcome.status, outcome.errors, result))

    def _limit(self, shard: _Shard, result: Mapping[str, Any]) -> None:
        """A limit has stopped a shard. It goes on if there is something left for it."""
        counted = result.get("total") or result
        before = dict(shard.counted)
        shard.counted = {
            "calls": counted.get("policyCalls", 0), "cost": counted.get("cost", 0),
            "tokens": counted.get("inputTokens", 0) + counted.get("outputTokens", 0)}
        unused = {limit: self._unused(shard, limit) for limit in shard.granted}
        if self._is_out_of_time() or not self.job.limits:
            self.limited.append(shard)
        elif unused and all(amount > 0 for amount in unused.values()) and any(
                shard.counted[limit] > before.get(limit, 0) for limit in unused):
            # Answers that were stored before have filled its limit.
            self._submit(shard)
        else:
            self.waiting.append(shard)

    def _fail(self, error: Exception) -> None:
        """Stops everything in order. The first failure counts; the others often follow from it."""
        if self.failure is None:
            self.failure = error
            self.ray.get(self.mailbox.stop.remote())

    def _stop_all(self) -> None:
        """After an interrupt: lets calls in flight end, and keeps their answers."""
        with contextlib.suppress(Exception):
            self.meter.note("stopping; calls in flight are finished and stored")
            self.ray.get(self.mailbox.stop.remote())
            while self.running:
                ready, _ = self.ray.wait(list(self.running), timeout=0.2)
                for task in ready:
                    del self.running[task]
                self._collect_letters()

    def _is_out_of_time(self) -> bool:
        return self.job.seconds is not None and time.monotonic() - self.began >= self.job.seconds

    def _reached(self) -> str:
        named = ", ".join(
            f"limit_{limit} of {self.job.limits[limit]:g}" for limit in self.job.limits if self._left(limit) < 1)
        return (
            f"Reached {named or 'the limits'} with {len(self.done)} of {self.job.shards} shards finished. Raise it and "
            "run the same command again to continue.") if not self._is_out_of_time() else (
            f"Reached limit_seconds, {self.job.seconds:g} s, with {len(self.done)} of {self.job.shards} shards "
            "finished. Run the same command again to continue.")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


# MARK: - Merging


def _merge(program: str, store: pathlib.Path, shards: Sequence[pathlib.Path]) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [program, "merge", f"--store={store}", *map(str, shards), "--quiet", "--json=-"], capture_output=True,
        text=True, start_new_session=True)
    if done.returncode:
        raise CoxError(
            f"Shards cannot be merged: {_command._last_words(done.stderr)}", done.returncode, done.stderr)


class _Merger:
    """Merges stores one after the other while shards run."""

    def __init__(self, program: str, store: pathlib.Path) -> None:
        self.failure: CoxError | None = None
        self.stores: queue.Queue[pathlib.Path | None] = queue.Queue()

        def work() -> None:
            while (shard := self.stores.get()) is not None:
                try:
                    _merge(program, store, [shard])
                    shard.unlink()
                except CoxError as error:
                    self.failure = error

        self.thread = threading.Thread(target=work, daemon=True)
        self.thread.start()

    def add(self, shard: pathlib.Path) -> None:
        self.stores.put(shard)

    def close(self) -> None:
        """Waits until everything is merged."""
        self.stores.put(None)
        self.thread.join()


def _final(job: _Job, end: _End, progress: Progress) -> Result:
    """The result of the whole, from the merged store."""
    given: dict[str, Any] = {
        **job.flags, "config": job.config, "command": job.program or None, "store": job.store, "progress": progress}
    # Everything is stored, so that it asks for nothing. If it would, the limit says so.
    result = _command.run(job.verb, limit_calls=0, **given)
    if result.stopped is None:
        return result
    if end.stopped:
        return dataclasses.replace(result, stopped=end.stopped)
    if end.failed_attempts:
        # A command tries failed attempts again, on one machine as well.
        given |= {f"limit_{name}": value for name, value in job.limits.items()}
        again: Result = _command.run(job.verb, **given)
        return again
    raise CoxError(
        f"All shards are finished and merged into {job.store}, but the command without shards would ask for further "
        "answers: its tasks depend on each other. Nothing was asked. Run it without shards to go on.", 3, "",
        result.raw)


# MARK: - Progress


class _Meter:
    """Live totals, as one line."""

    def __init__(self, job: _Job, shown: Any) -> None:
        self.job = job
        self.shown = shown
        self.redraws = shown is not _command._terminal or sys.stderr.isatty()
        self.last = -math.inf
        self.line = ""
        self.drawn = False

    def show(self, driver: _Driver) -> None:
        """Draws the totals, often enough."""
        new = [shard.totals - driver.start for shard in driver.shards]
        total = sum(new, Totals())
        width = 20 * len(driver.done) // self.job.shards
        parts = [
            f"shards {'█' * width}{'░' * (20 - width)} {len(driver.done)}/{self.job.shards}",
            f"{total.tasks} tasks", f"{total.attempts} attempts", f"{total.calls} calls"]
        if price := self.job.price(total):
            parts.append(f"cost {price:.2f}")
        if running := len({shard.node for shard in driver.running.values() if shard.node}):
            parts.append(f"{len(driver.running)} running on {running} {'node' if running == 1 else 'nodes'}")
        self.line = "  ".join(parts)
        if time.monotonic() - self.last >= (0.5 if self.redraws else 10):
            self._draw()

    def _draw(self) -> None:
        self.last = time.monotonic()
        self.drawn = True
        self.shown(f"\r\x1b[K{self.line}" if self.shown is _command._terminal and self.redraws else f"{self.line}\n")

    def note(self, text: str) -> None:
        """Shows a message of its own."""
        self.shown(f"{chr(10) if self.drawn and self.redraws else ''}{text}\n")

    def end(self) -> None:
        """Draws the last totals."""
        if self.line:
            self._draw()
            if self.shown is _command._terminal and self.redraws:
                self.shown("\n")


# MARK: - The command line


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m coxswain.ray VERB --shards N …`: other options go to `cox`."""
    line = list(sys.argv[1:] if arguments is None else arguments)
    line, program = (line[:line.index("--")], line[line.index("--") + 1:]) if "--" in line else (line, [])
    parser = argparse.ArgumentParser(
        prog="python -m coxswain.ray", allow_abbrev=False,
        description="Runs cox collect, steer or compare in shards on a Ray cluster. Other options are those of cox.")
    parser.add_argument("verb", choices=_VERBS)
    parser.add_argument("--shards", type=int, required=True, help="how many shares the tasks are divided into")
    parser.add_argument("--address", help="the cluster, such as auto; default: RAY_ADDRESS, or this machine alone")
    parser.add_argument("--config", help="the configuration")
    parser.add_argument("--store", default=".coxswain/store.sqlite", help="the store that has everything at the end")
    parser.add_argument("--send", action="append", default=[], metavar="FILE", help="a file or folder for the nodes")
    parser.add_argument(
        "--variable", action="append", default=[], metavar="NAME", help="an environment variable to send")
    parser.add_argument("--retries", type=int, default=3, help="starts of a shard that was lost")
    parser.add_argument("--parallel", type=int, help="shards at a time")
    parser.add_argument("--cpus", type=float, default=1, help="processors for a shard")
    parser.add_argument("--limit-calls", type=int, help="model calls of all shards together")
    parser.add_argument("--limit-tokens", type=int, help="tokens of all shards together")
    parser.add_argument("--limit-cost", type=float, help="money of all shards together")
    parser.add_argument("--limit-seconds", type=float, help="seconds of this start")
    parser.add_argument("--json", default="-", metavar="FILE", help="where the result goes; default: standard output")
    known, others = parser.parse_known_args(line)
    try:
        result = run(
            known.verb, config=known.config, shards=known.shards, store=known.store, address=known.address,
            command=program or None, files=known.send, variables=known.variable, limit_calls=known.limit_calls,
            limit_tokens=known.limit_tokens, limit_cost=known.limit_cost, limit_seconds=known.limit_seconds,
            retries=known.retries, parallel=known.parallel, cpus=known.cpus, progress="--quiet" not in others,
            **_flags(others))
    except CoxError as error:
        print(f"coxswain: {error}", file=sys.stderr)
        return error.status if error.status in (2, 3) else 1
    except KeyboardInterrupt:
        return 1
    text = json.dumps(result.raw, indent=2, ensure_ascii=False) + "\n"
    if known.json == "-":
        sys.stdout.write(text)
    else:
        pathlib.Path(known.json).write_text(text, "utf-8")
    if result.stopped:
        print(f"coxswain: {result.stopped}", file=sys.stderr)
        return 3
    return 0


def _flags(line: Sequence[str]) -> dict[str, Any]:
    """Options of `cox` as named arguments."""
    flags: dict[str, Any] = {}
    rest = list(line)
    while rest:
        name, sign, value = rest.pop(0).partition("=")
        if not name.startswith("--"):
            raise UsageError(f"{name} is no option.", 2, "")
        key = name[2:].replace("-", "_")
        given: Any = value if sign else (rest.pop(0) if rest and not rest[0].startswith("--") else True)
        if key in _command._REPEATED:
            flags[key] = [*flags.get(key, []), given]
        else:
            flags[key] = given
    return flags


if __name__ == "__main__":
    # Workers import this module under its name, so that it must run under its name here, too.
    sys.exit(importlib.import_module("coxswain.ray").main())
