"""What PyPI's regex, jsonschema and lark say about texts, for the tests to compare with.

    python reference.py CASES.json VERDICTS.json

A case is {"kind": "regex" | "schema" | "grammar", "constraint": …, "texts": […]}. Its verdict is {"members": [bool]}, for
regex also {"viable": [bool]}: whether a text can be continued to a member; for schema also {"plain": [bool]}: whether a text
is written as `json.dumps` writes it, with its keys in the schema's order.
"""

import decimal
import json
import re
import sys

import jsonschema
import lark
import regex


def judge_regex(case):
    pattern = regex.compile(case["constraint"], regex.ASCII | regex.VERSION0)
    return {
        "members": [pattern.fullmatch(text) is not None for text in case["texts"]],
        "viable": [pattern.fullmatch(text, partial=True) is not None for text in case["texts"]],
    }


def judge_schema(case):
    schema = json.loads(case["constraint"])
    validator = jsonschema.Draft202012Validator(schema)
    # The schemas of the tests name each key once, in the same order everywhere.
    order = {key: place for place, key in enumerate(re.findall(r'"(\w+)":', case["constraint"]))}

    def pairs(members):
        places = [order.get(key, len(order)) for key, _ in members]
        if places != sorted(places) or len({key for key, _ in members}) != len(members):
            raise ValueError("keys out of order")
        return dict(members)

    def refuse(word):
        raise ValueError(word)

    def exact(text):
        try:
            return decimal.Decimal(text)
        except decimal.InvalidOperation:  # The exponent has too many digits.
            return float(text)

    def fraction(text):
        if float(text).is_integer() or "e" in text.lower():
            raise ValueError("not the plainest way to write a number")
        return float(text)

    def is_member(text):
        try:
            return validator.is_valid(json.loads(text, parse_float=exact, parse_constant=refuse))
        except ValueError:
            return False

    def is_plain(text):
        try:
            value = json.loads(text, object_pairs_hook=pairs, parse_constant=refuse, parse_float=fraction)
        except ValueError:
            return False
        return text == json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    return {
        "members": [is_member(text) for text in case["texts"]],
        "plain": [is_plain(text) for text in case["texts"]],
    }


def judge_grammar(case):
    parser = lark.Lark(case["constraint"], parser="earley", lexer="dynamic", start="root")

    def is_member(text):
        try:
            parser.parse(text)
        except lark.exceptions.LarkError:
            return False
        return True

    return {"members": [is_member(text) for text in case["texts"]]}


def main():
    judges = {"regex": judge_regex, "schema": judge_schema, "grammar": judge_grammar}
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump([judges[case["kind"]](case) for case in cases], file)


if __name__ == "__main__":
    main()
