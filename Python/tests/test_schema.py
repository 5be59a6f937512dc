"""Type hints to JSON Schema, and JSON values to types."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Optional, TypedDict, Union

import pytest

from coxswain.schema import Docstring, Mismatch, Signature, convert, schema


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Part:
    """A part.

    Args:
        name: Its name.
    """

    name: str
    counts: list[int] = field(default_factory=list)
    level: Level = Level.LOW


class Plan(TypedDict):
    title: str
    parts: list[Part]


@dataclass
class Tree:
    children: list[Tree]


PART = {
    "type": "object", "additionalProperties": False, "required": ["name"],
    "properties": {
        "name": {"type": "string", "description": "Its name."},
        "counts": {"type": "array", "items": {"type": "integer"}},
        "level": {"type": "integer", "enum": [1, 2], "default": 1},
    },
}


@pytest.mark.parametrize("hint, expected", [
    (str, {"type": "string"}), (int, {"type": "integer"}), (float, {"type": "number"}), (bool, {"type": "boolean"}),
    (None, {"type": "null"}), (Any, {}), (list, {"type": "array"}), (dict, {"type": "object"}),
    (Sequence[str], {"type": "array", "items": {"type": "string"}}),
    (set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
    (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
    (tuple[int, str], {
        "type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2}),
    (dict[str, list[int]],
     {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}}),
    (Optional[int], {"type": ["integer", "null"]}),
    (int | None, {"type": ["integer", "null"]}),
    (Union[int, str], {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    (Literal["a", 1], {"enum": ["a", 1]}), (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
    (Level, {"type": "integer", "enum": [1, 2]}),
    (Annotated[int, "How many."], {"type": "integer", "description": "How many."}),
    (Part, PART), (Optional[Part], {"anyOf": [PART, {"type": "null"}]}),
    (Plan, {
        "type": "object", "additionalProperties": False, "required": ["title", "parts"],
        "properties": {"title": {"type": "string"}, "parts": {"type": "array", "items": PART}}}),
])
def test_schemas(hint: Any, expected: Any) -> None:
    assert schema(hint) == expected


@pytest.mark.parametrize("hint, said", [
    (bytes, "bytes has no JSON Schema"), (dict[int, str], "only texts as keys"), (Tree, "contains itself"),
    (list[complex], "complex has no"),
])
def test_types_without_a_schema(hint: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        schema(hint)


@pytest.mark.parametrize("hint, value, expected", [
    (int, 3.0, 3), (float, 3, 3.0), (Level, 2, Level.HIGH), (Optional[int], None, None), (Union[float, int], 3, 3),
    (Union[int, str], "3", "3"), (tuple[int, str], [1, "a"], (1, "a")), (set[int], [1, 1], {1}), (Any, [None], [None]),
    (dict[str, Level], {"a": 1}, {"a": Level.LOW}), (Part, {"name": "x", "counts": [1]}, Part("x", [1])),
    (Plan, {"title": "t", "parts": [{"name": "x", "level": 2}]},
     {"title": "t", "parts": [Part("x", [], Level.HIGH)]}),
])
def test_values(hint: Any, value: Any, expected: Any) -> None:
    found = convert(value, hint)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize("hint, value, said", [
    (int, 3.5, "must be a whole number, not 3.5"), (int, True, "not true"), (float, "1", 'not "1"'),
    (bool, 1, "must be true or false"), (str, None, "must be a text, not null"), (Level, 3, "one of 1, 2, not 3"),
    (Literal[1, 2], True, "one of 1, 2"), (list[int], [1, "x"], r"x\[1\] must be a whole number"),
    (tuple[int, int], [1], "a list of 2"), (Part, {"counts": []}, "x.name is missing"),
    (Part, {"name": "a", "counts": [1.5]}, r"x.counts\[0\] must be"),
    (Part, {"name": "a", "size": 1}, "x.size is not known. The names are: name, counts, level"),
    (Plan, {"title": "t", "parts": [{}]}, r"x.parts\[0\].name is missing"),
    (dict[str, int], {"k": "v"}, "x.k must be a whole number"), (Union[int, str], [1], "Or: "),
])
def test_values_that_do_not_fit(hint: Any, value: Any, said: str) -> None:
    with pytest.raises(Mismatch, match=said):
        convert(value, hint, "x")


def test_docstrings() -> None:
    google = Docstring("""Does it.

        More of it.

        Args:
            first (int, optional): The one,
                on two lines.
            second: The other: with a colon.

        Returns:
            first: not a parameter.
        """)
    assert google.summary == "Does it.\n\nMore of it."
    assert google.parameters == {"first": "The one, on two lines.", "second": "The other: with a colon."}
    fields = Docstring(":param int first: The one,\n    on two lines.\n:returns: it\n:param second: The other.")
    assert fields.parameters == {"first": "The one, on two lines.", "second": "The other."} and fields.summary == ""


def test_signatures() -> None:
    def add(first: int, second: int = 2) -> int:
        """Adds."""
        return first + second

    signature = Signature(add)
    assert signature.arguments({"first": 1.0}) == {"first": 1}
    assert signature.tool["function"]["description"] == "Adds."

    def untyped(x):  # type: ignore[no-untyped-def]
        pass

    def many(*x: int) -> None:
        pass

    for function, said in ((untyped, "needs a type hint"), (many, "by name")):
        with pytest.raises(TypeError, match=said):
            Signature(function)
