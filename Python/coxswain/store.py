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
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

__all__ = ["Step", "Store", "StoreError", "Trajectory"]

DEFAULT = ".coxswain/store.sqlite"
APPLICATION = 0x434F5857
"""The number in the header of a store: "COXW"."""
VERSION = 8
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

_EXTRA = {
    "runs": """
        (SELECT COUNT(DISTINCT task) FROM trajectory WHERE run = r.id AND standing IN ('final', 'banked')) AS tasks,
        (SELECT COUNT(*) FROM trajectory WHERE run = r.id AND standing IN ('final', 'banked')) AS trajectories,
        (SELECT COUNT(failure) FROM trajectory WHERE run = r.id AND standing IN ('final', 'banked')) AS failed,
        (SELECT AVG(reward) FROM trajectory WHERE run = r.id AND standing = 'final' AND failure IS NULL) AS reward_mean,
        (SELECT COUNT(*) FROM call WHERE run = r.id) AS calls""",
    "trajectories": """
        (SELECT split FROM task JOIN run ON run.environmentKind = task.environmentKind
          AND run.environmentRules = task.environmentRules WHERE run.id = t.run AND task.id = t.task) AS split,
        CASE WHEN t.standing LIKE 'culled %' THEN CAST(substr(t.standing, 8) AS INTEGER) END AS culled_after,
        (SELECT COUNT(*) FROM step WHERE trajectory = t.id) AS steps""",
}
_FROM = {
    "runs": ("run", "run AS r", "(SELECT MAX(id) FROM trajectory WHERE run = r.id) DESC"),
    "tasks": ("task", "task AS t", "id"),
    "trajectories": ("trajectory", "trajectory AS t", "id"),
    "steps": ("step", "step AS s JOIN trajectory AS t ON t.id = s.trajectory", "trajectory, number"),
    "calls": ("call", "call AS c", "run, task, particle, step"),
    "outcomes": ("outcome", "outcome AS o", "run, task, particle, step"),
    "checkpoints": ("checkpoint", "checkpoint AS c", "run, task, step"),
    "weighings": ("weighing", "weighing AS w", "run, task, step, particle"),
    "scores": ("score", "score AS s", "run, task, particle"),
}
_RENAMED = {("run", "id"): "run", ("task", "id"): "task"}


def _query(table: str, database: sqlite3.Connection) -> str:
    """A table under readable names."""
    if table not in _FROM:
        raise StoreError(f"There is no table {table}. There are {', '.join(TABLES)}.")
    own, source, order = _FROM[table]
    letter = source.split(" AS ")[1][0]
    names = [row[1] for row in database.execute(f"PRAGMA table_info({own})")]
    columns = [f'{_expression(letter, name)} AS "{_RENAMED.get((own, name)) or _snake(name)}"' for name in names]
    if table == "steps":
        columns[1:1] = ["t.run AS run", "t.task AS task", "t.particle AS particle"]
    extra = f",{_EXTRA[table]}" if table in _EXTRA else ""
    return f"SELECT {', '.join(columns)}{extra} FROM {source} ORDER BY {order}"


def _expression(letter: str, name: str) -> str:
    # A failed attempt has no reward, not even what is stored for it.
    if (letter, name) == ("t", "reward"):
        return "CASE WHEN t.failure IS NULL THEN t.reward END"
    # "culled 4" says two things; the step has a column of its own.
    if name == "standing":
        return "CASE WHEN standing LIKE 'culled %' THEN 'culled' ELSE standing END"
    return f'{letter}."{name}"'


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


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
