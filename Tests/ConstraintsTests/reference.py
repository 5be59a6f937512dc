"""What PyPI's regex, jsonschema and lark say about texts, for the tests to compare with.

    python reference.py CASES.json VERDICTS.json

A case is {"kind": "regex" | "schema" | "grammar", "constraint": …, "texts": […]}. Its verdict is {"members": [bool]}, for
regex also {"viable": [bool]}: whether a text can be continued to a member.
"""

import json
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


def pairs(members):
    keys = [key for key, _ in members]
    if len(set(keys)) != len(keys):
        raise ValueError("a key occurs twice")
    return dict(members)


def refuse(word):
    raise ValueError(word)


def judge_schema(case):
    schema = json.loads(case["constraint"])
    validator = jsonschema.Draft202012Validator(schema)

    def is_member(text):
        try:
            value = json.loads(text, object_pairs_hook=pairs, parse_constant=refuse)
        except ValueError:
            return False
        return validator.is_valid(value)

    return {"members": [is_member(text) for text in case["texts"]]}


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
