"""JSON Schema from type hints and docstrings, and back: arguments that a model wrote become Python values.

Only what models are good at is supported: texts, numbers, flags, literals, enumerations, lists, tuples, sets,
dictionaries with text keys, unions, dataclasses and TypedDicts, nested as they may be. Anything else is a `TypeError`
where the tool is described, not where it is first called.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import inspect
import json
import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["Mismatch", "Schema", "Signature", "convert", "schema"]

Schema = dict[str, Any]
"""A JSON Schema as a dictionary."""


class Mismatch(ValueError):
    """A value that does not fit its type. The message is written for the model that sent the value."""


# MARK: Types to schemas


def schema(hint: Any, place: str = "the value") -> Schema:
    """The JSON Schema of a type.

    Args:
        hint: A type, as a type hint has it; no text.
        place: What has the type, for the message of an error.

    Raises:
        TypeError: The type has no JSON form, or refers to itself.
    """
    return _schema(hint, place, ())


def _schema(hint: Any, place: str, outer: tuple[Any, ...]) -> Schema:
    hint, description = _bare(hint)
    found = _undescribed(hint, place, outer)
    return {**found, "description": description} if description else found


def _undescribed(hint: Any, place: str, outer: tuple[Any, ...]) -> Schema:
    if hint in (Any, object, inspect.Parameter.empty):
        return {}
    if hint is None or hint is type(None):
        return {"type": "null"}
    if hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return _choices(list(arguments))
    if origin in _UNIONS:
        return _union([_schema(each, place, outer) for each in arguments])
    kind = origin or hint
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _choices([member.value for member in kind])
    if kind in _LISTS:
        item = _schema(arguments[0], place, outer) if arguments else {}
        unique = {"uniqueItems": True} if kind in _SETS else {}
        return {"type": "array", **({"items": item} if item else {}), **unique}
    if kind is tuple:
        return _tuple(arguments, place, outer)
    if kind in _DICTIONARIES:
        if arguments and _bare(arguments[0])[0] not in (str, Any):
            raise TypeError(f"{place}: JSON has only texts as keys, not {_name(arguments[0])}.")
        values = _schema(arguments[1], place, outer) if arguments else {}
        return {"type": "object", **({"additionalProperties": values} if values else {})}
    fields = _fields(hint)
    if fields is None:
        raise TypeError(f"{place}: {_name(hint)} has no JSON Schema. Use {_SUPPORTED}.")
    if hint in outer:
        raise TypeError(f"{place}: {_name(hint)} contains itself, which a tool's schema cannot describe.")
    return _object(fields, f"{place}, {_name(hint)}", (*outer, hint))


_SIMPLE: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_UNIONS: tuple[Any, ...] = (typing.Union, types.UnionType)
_SETS: tuple[Any, ...] = (set, frozenset, collections.abc.Set)
_LISTS: tuple[Any, ...] = (list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection, *_SETS)
_DICTIONARIES: tuple[Any, ...] = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_SUPPORTED = "str, int, float, bool, Literal, Enum, list, dict, Optional, a dataclass or a TypedDict"


def _choices(values: list[Any]) -> Schema:
    """Texts, numbers and flags among which is chosen, with their type where all have the same."""
    names = {_SIMPLE.get(type(value)) for value in values}
    name = names.pop() if len(names) == 1 else None
    return {**({"type": name} if name else {}), "enum": values}


def _union(parts: list[Schema]) -> Schema:
    # The short form is the one that every provider's strict mode accepts.
    if len(parts) == 2 and {"type": "null"} in parts:
        other = parts[0] if parts[1] == {"type": "null"} else parts[1]
        if set(other) <= {"type", "description"} and isinstance(other.get("type"), str):
            return {**other, "type": [other["type"], "null"]}
    return {"anyOf": parts}


def _tuple(arguments: tuple[Any, ...], place: str, outer: tuple[Any, ...]) -> Schema:
    if not arguments:
        return {"type": "array"}
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"type": "array", "items": _schema(arguments[0], place, outer)}
    items = [_schema(each, place, outer) for each in arguments]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _object(fields: Sequence[_Field], place: str, outer: tuple[Any, ...]) -> Schema:
    properties: dict[str, Schema] = {}
    for field in fields:
        found = _schema(field.hint, f"{place}.{field.name}", outer)
        if field.description:
            found = {**found, "description": field.description}
        if field.default is not _REQUIRED and _is_plain(field.default):
            found = {**found, "default": _plain(field.default)}
        properties[field.name] = found
    required = [field.name for field in fields if field.default is _REQUIRED]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value


def _is_plain(value: Any) -> bool:
    value = _plain(value)
    return isinstance(value, (str, int, bool)) or (isinstance(value, float) and math.isfinite(value))


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)


def _bare(hint: Any) -> tuple[Any, str | None]:
    """A hint without Annotated, Required and NotRequired, and the text that Annotated adds to it."""
    description = None
    while True:
        origin = typing.get_origin(hint)
        if origin is typing.Annotated:
            texts = [each for each in hint.__metadata__ if isinstance(each, str)]
            description = description or (texts[0] if texts else None)
            hint = hint.__origin__
        elif _is_marker(origin):
            hint = typing.get_args(hint)[0]
        else:
            return hint, description


def _is_marker(origin: Any) -> bool:
    # By name: Python 3.10 has them in typing_extensions alone.
    return getattr(origin, "_name", None) in ("Required", "NotRequired", "ReadOnly")


# MARK: Fields of classes and functions

_REQUIRED: Any = object()


@dataclasses.dataclass(frozen=True)
class _Field:
    name: str
    hint: Any
    default: Any
    description: str | None


def _fields(hint: Any) -> list[_Field] | None:
    """The fields of a dataclass or a TypedDict; None for other types."""
    if not isinstance(hint, type):
        return None
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint, include_extras=True)
        said = Docstring(hint.__doc__ or "").parameters
        return [
            _Field(field.name, hints[field.name], _default(field), said.get(field.name))
            for field in dataclasses.fields(hint) if field.init
        ]
    if typing.is_typeddict(hint):
        required: frozenset[str] = vars(hint)["__required_keys__"]
        said = Docstring(hint.__doc__ or "").parameters
        return [
            _Field(name, each, _REQUIRED if _is_required(name, each, required) else None, said.get(name))
            for name, each in typing.get_type_hints(hint, include_extras=True).items()
        ]
    return None


def _is_required(name: str, hint: Any, required: frozenset[str]) -> bool:
    # With postponed annotations Python 3.10 does not see NotRequired when it makes the class.
    while typing.get_origin(hint) is typing.Annotated:
        hint = hint.__origin__
    marker = getattr(typing.get_origin(hint), "_name", None)
    return marker == "Required" or (name in required and marker != "NotRequired")


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return _REQUIRED if field.default_factory is dataclasses.MISSING else None


class Signature:
    """The parameters of a function that a model may call.

    Args:
        function: The function. All its parameters need type hints.
        method: Whether the first parameter is the object, which the model does not give.
    """

    def __init__(self, function: Callable[..., Any], method: bool = False) -> None:
        self.name = function.__name__
        said = Docstring(inspect.getdoc(function) or "")
        self.description = said.summary
        hints = typing.get_type_hints(function, include_extras=True)
        parameters = list(inspect.signature(function).parameters.values())[1 if method else 0:]
        self.fields: list[_Field] = []
        for parameter in parameters:
            place = f"{self.name}({parameter.name})"
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise TypeError(f"{place}: a tool's parameters are given by name; * and / are not possible.")
            if parameter.name not in hints:
                raise TypeError(f"{place}: the parameter of a tool needs a type hint.")
            default = _REQUIRED if parameter.default is parameter.empty else parameter.default
            self.fields.append(
                _Field(parameter.name, hints[parameter.name], default, said.parameters.get(parameter.name)))
        self.parameters = _object(self.fields, self.name, ())

    @property
    def tool(self) -> dict[str, Any]:
        """The tool in the form of OpenAI's chat API."""
        function = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": function}

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments for the function.

        Raises:
            Mismatch: They do not fit; says which and why.
        """
        return _converted_fields(self.fields, given, "")


# MARK: Values


def convert(value: Any, hint: Any, path: str = "") -> Any:
    """A JSON value as a value of a type: members of enumerations, dataclasses and tuples are made.

    Raises:
        Mismatch: The value does not fit the type. `path` names its place in the message.
    """
    hint, _ = _bare(hint)
    if hint in (Any, object, inspect.Parameter.empty):
        return value
    if hint is None or hint is type(None):
        return _expect(value is None, None, value, path, "null")
    if hint is bool:
        return _expect(isinstance(value, bool), value, value, path, "true or false")
    if hint is int:
        # Some models write 3.0 for 3.
        whole = isinstance(value, float) and value.is_integer()
        fits = (isinstance(value, int) or whole) and not isinstance(value, bool)
        return _expect(fits, int(value) if fits else None, value, path, "a whole number")
    if hint is float:
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        return _expect(fits, float(value) if fits else None, value, path, "a number")
    if hint is str:
        return _expect(isinstance(value, str), value, value, path, "a text")
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return _chosen(value, {each: each for each in arguments}, path)
    if origin in _UNIONS:
        return _one_of(value, arguments, path)
    kind = origin or hint
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _chosen(value, {member.value: member for member in kind}, path)
    if kind in _LISTS or kind is tuple:
        return _list(value, kind, arguments, path)
    if kind in _DICTIONARIES:
        _expect(isinstance(value, Mapping), None, value, path, "an object")
        inner = arguments[1] if arguments else Any
        return {key: convert(each, inner, _below(path, key)) for key, each in value.items()}
    fields = _fields(hint)
    if fields is None:
        raise TypeError(f"{path}: {_name(hint)} has no JSON Schema. Use {_SUPPORTED}.")
    _expect(isinstance(value, Mapping), None, value, path, "an object")
    given = _converted_fields(fields, value, path)
    return hint(**given)


def _converted_fields(fields: Sequence[_Field], given: Mapping[str, Any], path: str) -> dict[str, Any]:
    names = [field.name for field in fields]
    found: dict[str, Any] = {}
    for name in given:
        if name not in names:
            known = ", ".join(names) or "none"
            raise Mismatch(f"{_below(path, name)} is not known. The names are: {known}.")
    for field in fields:
        place = _below(path, field.name)
        if field.name in given:
            found[field.name] = convert(given[field.name], field.hint, place)
        elif field.default is _REQUIRED:
            raise Mismatch(f"{place} is missing.")
    return found


def _list(value: Any, kind: Any, arguments: tuple[Any, ...], path: str) -> Any:
    _expect(isinstance(value, list), None, value, path, "a list")
    if kind is tuple and arguments and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        count = len(arguments)
        _expect(len(value) == count, None, value, path, f"a list of {count}")
        pairs = enumerate(zip(value, arguments, strict=True))
        return tuple(convert(each, hint, f"{path}[{number}]") for number, (each, hint) in pairs)
    inner = arguments[0] if arguments else Any
    items = [convert(each, inner, f"{path}[{number}]") for number, each in enumerate(value)]
    if kind is tuple:
        return tuple(items)
    if kind in _SETS:
        return frozenset(items) if kind is frozenset else set(items)
    return items


def _one_of(value: Any, hints: tuple[Any, ...], path: str) -> Any:
    if value is None and type(None) in hints:
        return None
    # 3 for `float | int` stays whole: the exact types come first. That it might be null says nothing of a wrong value.
    exact = [hint for hint in hints if type(value) is _bare(hint)[0]]
    said = []
    for hint in [*exact, *(hint for hint in hints if hint is not type(None))]:
        try:
            return convert(value, hint, path)
        except Mismatch as mismatch:
            said.append(str(mismatch))
    raise Mismatch(" Or: ".join(dict.fromkeys(said)))


def _chosen(value: Any, choices: Mapping[Any, Any], path: str) -> Any:
    for choice, member in choices.items():
        # True equals 1 in Python, but not in JSON.
        if choice == value and isinstance(choice, bool) == isinstance(value, bool):
            return member
    raise Mismatch(f"{path or 'The value'} must be one of {', '.join(_shown(each) for each in choices)}, "
                   f"not {_shown(value)}.")


def _expect(fits: bool, converted: Any, value: Any, path: str, what: str) -> Any:
    if not fits:
        raise Mismatch(f"{path or 'The value'} must be {what}, not {_shown(value)}.")
    return converted


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "…"


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


# MARK: Docstrings


class Docstring:
    """What a docstring says: the text before its sections, and what it says of each parameter.

    Read are a section "Args:" with lines `name: text` or `name (type): text`, as Google has it, and lines `:param name:
    text`.
    """

    _SECTIONS = re.compile(r"^(Args|Arguments|Parameters|Attributes|Returns?|Yields?|Raises|Examples?|Notes?):\s*$")
    _DESCRIBED = ("Args", "Arguments", "Parameters", "Attributes")
    _PARAMETER = re.compile(r"^(\w+)\s*(?:\([^)]*\))?:\s*(.*)$")
    _FIELD = re.compile(r"^:(?:param|parameter|arg)\s+(?:[^:]*\s)?(\w+):\s*(.*)$")

    def __init__(self, text: str) -> None:
        summary: list[str] = []
        self.parameters: dict[str, str] = {}
        section, depth, name = "", 0, ""
        for line in inspect.cleandoc(text).splitlines():
            words, indent = line.strip(), len(line) - len(line.lstrip())
            if (head := self._SECTIONS.match(line)):
                section, depth, name = head.group(1), 0, ""
            elif (field := self._FIELD.match(words)):
                section, name = "fields", field.group(1)
                self.parameters[name] = field.group(2).strip()
            elif words.startswith(":") and section in ("", "fields"):
                section, name = "fields", ""
            elif not section:
                summary.append(line)
            elif section in self._DESCRIBED and words:
                depth = depth or indent
                begin = self._PARAMETER.match(words) if indent <= depth else None
                if begin:
                    name = begin.group(1)
                    self.parameters[name] = begin.group(2).strip()
                elif name:
                    self.parameters[name] = f"{self.parameters[name]} {words}".strip()
            elif section == "fields" and name and words:
                self.parameters[name] = f"{self.parameters[name]} {words}".strip()
        self.summary = "\n".join(summary).strip()
