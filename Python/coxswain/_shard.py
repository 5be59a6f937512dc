"""What a node does for `coxswain.ray`: one shard of a command, in a folder that outlives the worker.

Nothing here needs Ray.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping

from .command import CoxError, cox_path

BLOCK = 1 << 16
"""Stores are sent home in blocks of this many bytes, and only those that have changed."""


@dataclasses.dataclass(frozen=True)
class Order:
    """One start of one shard."""

    run: str
    """Names the folder on the node."""
    number: int
    """The shard's number, from 1."""
    count: int
    start: int
    """Which start of the shard in this run it is, from 1."""
    verb: str
    options: tuple[str, ...]
    program: tuple[str, ...]
    """What stands after `--`."""
    variables: Mapping[str, str]
    version: str
    """What `cox --version` says where the results are merged."""

    @property
    def name(self) -> str:
        return f"{self.number}/{self.count}"


@dataclasses.dataclass(frozen=True)
class Totals:
    """What a store holds."""

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    output_tokens: int = 0
    attempts: int = 0
    tasks: int = 0
    """Tasks with finished attempts, each counted once for each run."""

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))

    def __sub__(self, other: Totals) -> Totals:
        return Totals(*(a - b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


@dataclasses.dataclass(frozen=True)
class Change:
    """The blocks in which a file differs from its last version."""

    size: int
    blocks: Mapping[int, bytes]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a shard ended."""

    status: int
    output: str
    """Its JSON."""
    errors: str
    """The end of what it wrote to standard error."""
    stopped: bool
    """Whether it was asked to stop."""


Report = Callable[[Totals, Change | None, bool], bool]
"""Takes what a store holds and how it has changed, and whether to wait until it is on the disk at home; says whether to
go on."""


def work(order: Order, files: Mapping[str, bytes], home: bytes | None, report: Report) -> Outcome:
    """Runs one shard to its end, and reports its store while it runs.

    Args:
        order: What to run.
        files: What the working folder has at the start.
        home: The store as it has arrived at home, or with which all shards begin; None for none.
        report: Sends the store home.
    """
    program = cox_path()
    version = version_of(program)
    if version != order.version:
        raise CoxError(
            f"This node has another cox: {version}, not {order.version}. Install the same version everywhere.", 1, "")
    with _folder(order) as folder:
        store = folder / "store.sqlite"
        _await_release(store)
        _prepare(store, home, program)
        place = folder / "files"
        for name, data in files.items():
            write(place / name, data, executable=data.startswith(b"#!"))
        place.mkdir(exist_ok=True)
        sender = _Sender(store, home, report)
        # Home knows where the shard is before anything is asked.
        sender.send(settle=True)
        outputs = [folder / "output.json", folder / "errors.txt"]
        with outputs[0].open("wb") as output, outputs[1].open("wb") as errors:
            # Files, not pipes: a cox whose worker was killed still writes to them.
            process = subprocess.Popen(
                [*_guard(), program, order.verb, *order.options, f"--shard={order.name}", f"--store={store}",
                 "--json=-", "--quiet", *(["--", *order.program] if order.program else [])],
                cwd=place, env={**os.environ, **order.variables}, stdin=subprocess.DEVNULL, stdout=output,
                stderr=errors, start_new_session=True)
            stopped = _supervise(process, sender)
        said = outputs[1].read_bytes()[-20_000:].decode("utf-8", "replace")
        outcome = Outcome(process.returncode, outputs[0].read_text("utf-8", "replace"), said, stopped)
        # Everything is on the disk at home.
        shutil.rmtree(folder)
    return outcome


def version_of(program: str) -> str:
    """What `cox --version` says."""
    return subprocess.run([program, "--version"], capture_output=True, text=True, timeout=120).stdout.strip()


def write(path: pathlib.Path, data: bytes | bytearray, executable: bool = False) -> None:
    """Writes a file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(data)
    if executable:
        beside.chmod(0o755)
    os.replace(beside, path)


def patch(path: pathlib.Path, change: Change) -> None:
    """Brings a file to its next version, as a whole or not at all."""
    content = bytearray(path.read_bytes() if path.exists() else b"")
    content.extend(bytes(max(0, change.size - len(content))))
    for number, block in change.blocks.items():
        content[number * BLOCK:number * BLOCK + len(block)] = block
    del content[change.size:]
    write(path, content)


def snapshot(store: pathlib.Path, copy: pathlib.Path) -> None:
    """Copies a store as it is at one moment, with everything that was stored by then."""
    copy.unlink(missing_ok=True)
    source = sqlite3.connect(f"file:{urllib.parse.quote(str(store))}?mode=ro", uri=True, timeout=60)
    with contextlib.closing(source), contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def totals(path: pathlib.Path) -> Totals:
    """What a store holds that no process writes to."""
    with contextlib.closing(sqlite3.connect(f"file:{urllib.parse.quote(str(path))}?immutable=1", uri=True)) as store:
        if not store.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'call'").fetchone()[0]:
            return Totals()
        # The runs without a policy hold the answers of critics, which no limit counts.
        calls = store.execute("""
            SELECT COUNT(*), TOTAL(inputTokens), TOTAL(cachedInputTokens), TOTAL(cacheWriteTokens), TOTAL(outputTokens)
            FROM run JOIN call ON call.run = run.id WHERE run.policy != '' AND NOT call.isRefusal""").fetchone()
        attempts, tasks = store.execute("""
            SELECT TOTAL(n), COUNT(*) FROM
            (SELECT COUNT(*) AS n FROM trajectory WHERE standing = 'final' GROUP BY run, task)""").fetchone()
    return Totals(*(int(each) for each in (*calls, attempts, tasks)))


# MARK: - The folder on the node


@contextlib.contextmanager
def _folder(order: Order) -> Iterator[pathlib.Path]:
    """The folder of a shard on this node. It stays until the run is over, so that a second worker finds the store."""
    root = folders()
    folder = root / order.run / f"{order.number}-of-{order.count}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        # Ray may start a second worker before the first one is quite dead.
        _await_lock(lock.fileno(), f"another worker has {folder}")
        yield folder


def folders() -> pathlib.Path:
    """The folder for all shards on this node: `COXSWAIN_SHARDS`, or one in the folder for temporary files."""
    named = os.environ.get("COXSWAIN_SHARDS")
    root = pathlib.Path(named or f"{tempfile.gettempdir()}/coxswain-shards-{os.getuid()}")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if root.stat().st_uid != os.getuid():
        raise CoxError(f"{root} belongs to another user. Name a folder in COXSWAIN_SHARDS.", 1, "")
    return root


def _await_lock(file: int, meanwhile: str, patience: float = 1_800) -> None:
    end = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise CoxError(f"Waited for {patience / 60:.0f} minutes, and {meanwhile}.", 1, "") from None
            time.sleep(0.1)


def _await_release(store: pathlib.Path) -> None:
    """Waits for the cox of a worker that was killed. It finishes its calls in flight, and stores them."""
    lock = store.with_name(store.name + "-lock")
    if lock.exists():
        with lock.open("r+") as file:
            _await_lock(file.fileno(), f"a cox runs on {store}")


def _prepare(store: pathlib.Path, home: bytes | None, program: str) -> None:
    """Puts what has arrived at home into the store of this node."""
    if home is None:
        return
    if store.exists():
        # Both may have what the other lacks, if the shard was elsewhere for a while.
        arrived = store.with_name("home.sqlite")
        write(arrived, home)
        merged = subprocess.run(
            [program, "merge", f"--store={store}", str(arrived), "--quiet"], capture_output=True, text=True)
        arrived.unlink()
        if merged.returncode == 0:
            return
        # Another node has asked again for what this one had not sent. What is at home counts.
        for each in store.parent.glob(store.name + "*"):
            each.unlink()
    write(store, home)


# MARK: - The process


_GUARD = """
import ctypes, os, signal, sys
prctl = ctypes.CDLL(None).prctl
prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]): sys.exit(143)
own = os.getpid()
child = os.fork()
if child == 0:
    prctl(1, signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if os.getppid() != own: os._exit(143)
    os.execv(sys.argv[2], sys.argv[2:])
def end(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.kill(child, signal.SIGTERM)
signal.signal(signal.SIGTERM, end)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
if status >= 0: sys.exit(status)
if -status != signal.SIGKILL: signal.signal(-status, signal.SIG_DFL)
os.kill(own, -status)
"""


def _guard() -> list[str]:
    """What starts cox, so that it gets SIGINT when this process dies: it then finishes and stores its calls in flight.

    A process stands between, because Ray kills the children of a worker by SIGKILL when it ends the worker. It passes
    SIGTERM on, once. A second signal of the same kind would end cox at once; Ray first asks a worker to end and then
    kills it, so that the death of the worker is another kind.
    """
    return [sys.executable, "-I", "-S", "-c", _GUARD, str(os.getpid())] if sys.platform == "linux" else []


def _supervise(process: subprocess.Popen[bytes], sender: _Sender) -> bool:
    """Waits for the end; says whether this shard was asked to stop."""
    stopped = False
    pause = 1.0
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(pause)
                break
            start = time.monotonic()
            if not sender.send() and not stopped:
                process.send_signal(signal.SIGTERM)
                stopped = True
            # Sending takes a twentieth of the time, however large the store grows.
            pause = min(max(1.0, 20 * (time.monotonic() - start)), 60)
        sender.send(settle=True)
    finally:
        if process.poll() is None:
            # The task was cancelled, or nobody is at home.
            process.send_signal(signal.SIGTERM)
            process.wait()
    return stopped


class _Sender:
    """Sends a store home while cox writes to it."""

    def __init__(self, store: pathlib.Path, home: bytes | None, report: Report) -> None:
        self.store = store
        self.copy = store.with_name("copy.sqlite")
        self.report = report
        self.sent = [_digest(home[start:start + BLOCK]) for start in range(0, len(home), BLOCK)] if home else []

    def send(self, settle: bool = False) -> bool:
        """Sends what has changed; returns whether to go on."""
        if not self.store.exists():
            return self.report(Totals(), None, settle)
        snapshot(self.store, self.copy)
        digests: list[bytes] = []
        blocks: dict[int, bytes] = {}
        with self.copy.open("rb") as file:
            while block := file.read(BLOCK):
                digests.append(_digest(block))
                number = len(digests) - 1
                if number >= len(self.sent) or self.sent[number] != digests[number]:
                    blocks[number] = block
        change = Change(self.copy.stat().st_size, blocks) if blocks or len(digests) != len(self.sent) else None
        go_on = self.report(totals(self.copy), change, settle)
        self.sent = digests
        return go_on


def _digest(block: bytes) -> bytes:
    return hashlib.blake2b(block, digest_size=16).digest()
