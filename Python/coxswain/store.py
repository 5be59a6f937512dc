"""What a store holds, as pandas frames or as plain rows. Reads alone, also while `cox` writes.

    from coxswain import Store

    store = Store()                                   # .coxswain/store.sqlite
    store.runs()
    store.trajectories("last").groupby("task").reward.max()
    print(store.trajectory(17).messages)
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import shutil
import sqlite3
import tempfile
import urllib.parse
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

__all__ = ["Step", "Store", "StoreError", "Trajectory"]

DEFAULT = ".coxswain/store.sqlite"
APPLICATION = 0x434F5857
"""The number in the header of a store: "COXW"."""
VERSION = 10
"""The version of the tables that this module was written for. Later ones only add."""
TABLES = ("runs", "tasks", "trajectories", "steps", "calls", "outcomes", "checkpoints", "weighings", "scores")

Row = dict[str, Any]


class StoreError(Exception):
    """A file that is no store or cannot be read, or a run that is not in it."""


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of a trajectory."""

    number: int
    """From 1."""
    response: str
    """What the model said."""
    action: str
    """What was done; the whole response if it held no action."""
    observation: str
    reward: float
    is_parsed: bool
    is_invalid: bool
    is_done: bool


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """One attempt at a task."""

    id: int
    run: str
    task: str
    particle: int
    standing: str
    """`final`: at the end of the run. `banked`: finished, and culled later. `culled`: culled before it had finished."""
    culled_after: int | None
    """The step after which it was culled."""
    opening: str
    """The first observation."""
    reward: float | None
    """None for a failed attempt."""
    is_done: bool
    failure: str | None
    """Why the attempt failed; None if it did not."""
    steps: list[Step]
    """A culled trajectory has only the steps that it took after it was cloned."""

    @property
    def messages(self) -> list[dict[str, str]]:
        """The trajectory as a chat: observations are the user's turns, and responses the assistant's."""
        messages = [{"role": "user", "content": self.opening}]
        for step in self.steps:
            messages.append({"role": "assistant", "content": step.response})
            messages.append({"role": "user", "content": step.observation})
        return messages


class Store:
    """A store of rollouts, opened anew for every question.

    A run is named by its id, the beginning of its id, or `last`, the one that was extended last. Every frame has the
    columns of its table, in snake_case; texts with JSON are read, and flags are bool. A column that a newer `cox` adds
    appears by itself.

    Args:
        path: The store's file.
    """

    def __init__(self, path: str | os.PathLike[str] = DEFAULT) -> None:
        self.path = pathlib.Path(path)
        with self._open():
            pass

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    # MARK: Frames

    def runs(self) -> pandas.DataFrame:
        """The runs: `run`, `verb`, `method`, `policy`, `critic`, `seed`, `settings`, `started_at`, the numbers of
        `tasks`, `trajectories` and `failed`, `reward_mean` over the attempts at the end that did not fail, and more.
        The one that was extended last comes first."""
        return self._frame("runs")

    def tasks(self) -> pandas.DataFrame:
        """The tasks: `task`, `split`, `request`, `step_limit`, and the world that they belong to."""
        return self._frame("tasks")

    def trajectories(self, run: str | None = None, task: str | None = None) -> pandas.DataFrame:
        """The attempts: `id`, `run`, `task`, `split`, `particle`, `standing`, `culled_after`, `reward`, `is_done`,
        `steps` (their number), `log_weight`, `failure`, and more. An attempt
        with a `failure` has no reward."""
        return self._frame("trajectories", run=run, task=task)

    def steps(
        self, run: str | None = None, task: str | None = None, trajectory: int | None = None
    ) -> pandas.DataFrame:
        """The steps of the attempts: `trajectory`, `run`, `task`, `particle`, `number`, `response`, `action`,
        `observation`, `reward`, and more."""
        return self._frame("steps", run=run, task=task, trajectory=trajectory)

    def calls(self, run: str | None = None, task: str | None = None) -> pandas.DataFrame:
        """Every answer that was paid for: `run`, `task`, `particle`, `step`, `response`, `input_tokens`,
        `output_tokens`, `seconds`, `answered_at`, and more."""
        return self._frame("calls", run=run, task=task)

    def checkpoints(self, run: str | None = None, task: str | None = None) -> pandas.DataFrame:
        """The checkpoints of populations: `step`, `effective_sample_size`, `log_evidence`, `is_resampled`."""
        return self._frame("checkpoints", run=run, task=task)

    def weighings(self, run: str | None = None, task: str | None = None) -> pandas.DataFrame:
        """The particles at each checkpoint: `log_weight`, `soft_value` (what the critic said) and `ancestor`."""
        return self._frame("weighings", run=run, task=task)

    def trajectory(self, id: int) -> Trajectory:
        """One attempt with its steps.

        Args:
            id: As `trajectories` has it.

        Raises:
            StoreError: There is none.
        """
        row = next(self.rows("trajectories", id=id), None)
        if row is None:
            raise StoreError(f"{self.path} has no trajectory {id}.")
        fields = [field.name for field in dataclasses.fields(Step)]
        steps = [Step(**{name: step[name] for name in fields}) for step in self.rows("steps", trajectory=id)]
        known = [field.name for field in dataclasses.fields(Trajectory) if field.name != "steps"]
        return Trajectory(steps=steps, **{name: row[name] for name in known})

    def prompt(self, run: str, task: str, particle: int, step: int) -> list[dict[str, str]] | None:
        """The prompt of a call as it was sent, as messages of a chat. Tools that were offered are a message of the role
        `tools`, and actions to which the answer was restricted one of the role `choices`, both with JSON.

        Args:
            run: Its id, the beginning of its id, or `last`.
            task: The task.
            particle: The place in the population.
            step: From 0.

        Returns:
            None for calls of an older `cox` and for the questions of an agent's own program.

        Raises:
            StoreError: There is no such call.
        """
        with self._open() as database:
            place = (self._run(database, run), task, particle, step)
            found = database.execute(
                "SELECT prompt FROM call WHERE run = ? AND task = ? AND particle = ? AND step = ?", place).fetchone()
            if found is None:
                raise StoreError(f"{self.path} has no call {'/'.join(map(str, place))}.")
            parts = database.execute(_PROMPT, [found[0]]).fetchall() if found[0] is not None else None
        if parts is None:
            return None
        return [{"role": _ROLES.get(role, role), "content": _text(text, packed)} for role, text, packed in parts]

    def _frame(self, table: str, **conditions: Any) -> pandas.DataFrame:
        try:
            import pandas
        except ImportError as error:
            raise ImportError(
                "Frames need pandas: pip install 'coxswain[pandas]'. Store.rows() has the same without it.") from error
        rows = list(self.rows(table, **conditions))
        return pandas.DataFrame(rows, columns=None if rows else self.columns(table))

    # MARK: Rows

    def rows(self, table: str, **conditions: Any) -> Iterator[Row]:
        """The rows of a table as dictionaries, without pandas.

        Args:
            table: One of `runs`, `tasks`, `trajectories`, `steps`, `calls`, `outcomes`, `checkpoints`, `weighings`,
            `scores`.
            conditions: Values of columns, such as `run="last"` or `task="order-1-20"`. None is no condition.
        """
        columns = self.columns(table)
        given = {name: value for name, value in conditions.items() if value is not None}
        for name in given:
            if name not in columns:
                raise StoreError(f"{table} has no column {name}. It has {', '.join(columns)}.")
        with self._open() as database:
            if "run" in given:
                given["run"] = self._run(database, given["run"])
            condition = " AND ".join(f'"{name}" = :{name}' for name in given)
            query = f"SELECT * FROM ({_query(table, database)}){' WHERE ' + condition if given else ''}"
            with closing(database.execute(query, given)) as found:
                names = [each[0] for each in found.description]
                for values in found:
                    yield {name: _value(name, value) for name, value in zip(names, values, strict=True)}

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""
        with self._open() as database:
            found = database.execute(f"SELECT * FROM ({_query(table, database)}) LIMIT 0")
            return [each[0] for each in found.description]

    def _run(self, database: sqlite3.Connection, name: str) -> str:
        """The whole id of a run."""
        if name == "last":
            query, values = "SELECT run FROM trajectory ORDER BY id DESC LIMIT 1", []
        else:
            # GLOB would read signs of a pattern in the name.
            query, values = "SELECT id FROM run WHERE substr(id, 1, length(?)) = ?", [name, name]
        found = [str(row[0]) for row in database.execute(query, values)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise StoreError(f"{self.path} has no run {name}.")
        raise StoreError(f"{name} is the beginning of {len(found)} runs: {', '.join(sorted(found)[:5])}.")

    # MARK: The file

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The file, opened to read. It is opened as `cox` does that only reads: nothing is written beside it."""
        path = pathlib.Path(os.path.realpath(self.path))
        if not path.is_file():
            raise StoreError(f"There is no store {self.path}. cox collect makes one.")
        with tempfile.TemporaryDirectory(prefix="coxswain-store-") as scratch:
            database = _connect(path, pathlib.Path(scratch))
            try:
                self._check(database)
                yield database
            finally:
                database.close()

    def _check(self, database: sqlite3.Connection) -> None:
        try:
            application = database.execute("PRAGMA application_id").fetchone()[0]
            version = database.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self.path} cannot be read: {error}") from error
        if application != APPLICATION:
            raise StoreError(f"{self.path} is not a store of Coxswain.")
        if version < VERSION:
            raise StoreError(
                f"{self.path} is a store of version {version}. cox collect, or any other run on it, brings it to "
                f"version {VERSION} or later.")


def _connect(path: pathlib.Path, scratch: pathlib.Path) -> sqlite3.Connection:
    """Opens a store in place if SQLite can, and otherwise a copy in `scratch`."""
    log = path.with_name(path.name + "-wal")
    # Without a log nobody writes, and SQLite need not lock; to lock, it would have to write files of its own.
    mode = "mode=ro" if log.exists() else "immutable=1"
    address = f"file:{urllib.parse.quote(str(path))}?{mode}"
    database = None
    try:
        database = sqlite3.connect(address, uri=True, timeout=10)
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return database
    except sqlite3.DatabaseError as error:
        if not isinstance(error, sqlite3.OperationalError):
            raise StoreError(f"{path} cannot be read: {error}") from error
        # A killed run has left its log in a folder that cannot be written to.
        if database is not None:
            database.close()
        copy = scratch / "store.sqlite"
        shutil.copyfile(path, copy)
        if log.exists():
            shutil.copyfile(log, scratch / "store.sqlite-wal")
        return sqlite3.connect(copy)


# MARK: Tables

_VIEWS = {
    "runs": "(SELECT MAX(id) FROM trajectory WHERE trajectory.run = runs.run) DESC",
    "trajectories": "id", "steps": "trajectory, number", "calls": "run, task, particle, step",
}
"""What `cox` makes for people, with the order of the rows."""
_FROM = {
    "tasks": ("task", "id"), "outcomes": ("outcome", "run, task, particle, step"),
    "checkpoints": ("checkpoint", "run, task, step"), "weighings": ("weighing", "run, task, step, particle"),
    "scores": ("score", "run, task, particle"),
}


def _query(table: str, database: sqlite3.Connection) -> str:
    """A table under readable names."""
    if table in _VIEWS:
        return f"SELECT * FROM {table} ORDER BY {_VIEWS[table]}"
    if table not in _FROM:
        raise StoreError(f"There is no table {table}. There are {', '.join(TABLES)}.")
    own, order = _FROM[table]
    names = [row[1] for row in database.execute(f"PRAGMA table_info({own})")]
    columns = [f'"{name}" AS "{"task" if (own, name) == ("task", "id") else _snake(name)}"' for name in names]
    return f"SELECT {', '.join(columns)} FROM {own} ORDER BY {order}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


_PROMPT = """
    WITH RECURSIVE chain(depth, parent, role, text, piece) AS (
      SELECT 0, parent, role, text, piece FROM prompt WHERE id = ?
      UNION ALL
      SELECT depth + 1, prompt.parent, prompt.role, prompt.text, prompt.piece
      FROM chain JOIN prompt ON prompt.id = chain.parent)
    SELECT chain.role, COALESCE(chain.text, piece.text), COALESCE(piece.isCompressed, 0)
    FROM chain LEFT JOIN piece ON piece.id = chain.piece ORDER BY depth DESC"""
"""The parts of a prompt: each names the one before it, and long texts stand elsewhere."""
_ROLES = {"instructions": "system", "prompt": "user", "response": "assistant"}


def _text(stored: str | bytes, packed: int) -> str:
    if isinstance(stored, str):
        return stored
    # The length as 8 bytes comes first.
    return (zlib.decompress(stored[8:]) if packed else stored).decode()


_JSON = ("choices", "settings", "question", "figures")


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _JSON or name.startswith("rewards"):
        return json.loads(value)
    if name.startswith("is_"):
        return bool(value)
    if name == "seed":
        # Stored as the same 64 bits with a sign.
        return value % (1 << 64)
    return value
