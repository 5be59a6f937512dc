"""Checks requests against the types of PyPI's openai and anthropic, which are made from the services' own descriptions.

type_models.py FILE   each line {"kind": "chat" | "responses" | "messages", "body": {…}}; ends with 1 and says why where one is wrong
"""

import json
import sys

import anthropic.types
import openai.types.chat.completion_create_params as chat
import openai.types.responses.response_create_params as responses
import pydantic

TYPES = {
    "chat": chat.CompletionCreateParamsNonStreaming,
    "responses": responses.ResponseCreateParamsNonStreaming,
    "messages": anthropic.types.message_create_params.MessageCreateParamsNonStreaming,
}
ADAPTERS = {
    kind: pydantic.TypeAdapter(pydantic.with_config(pydantic.ConfigDict(extra="forbid"))(type_))
    for kind, type_ in TYPES.items()
}


def drained(value):
    """Iterables are read only when they are iterated."""
    if isinstance(value, dict):
        return {key: drained(item) for key, item in value.items()}
    if hasattr(value, "__next__") or isinstance(value, list):
        return [drained(item) for item in value]
    return value


failures = 0
for line in open(sys.argv[1], encoding="utf-8"):
    case = json.loads(line)
    try:
        if case["kind"] == "messages":
            # Removed from the package in version 2, since newer models reject them. Older models accept them.
            for name in ("temperature", "top_p"):
                case["body"].pop(name, None)
        if case["kind"] == "responses":
            # Completes the answers of the model with fields that only the server sets.
            for item in case["body"]["input"]:
                if item.get("type") == "message" and item.get("role") == "assistant" and "id" not in item:
                    item.update(id="msg_1", status="completed")
                    for part in item["content"]:
                        part.setdefault("annotations", [])
        read = drained(ADAPTERS[case["kind"]].validate_python(case["body"]))
        # Members of a union silently drop unknown fields. The comparison shows that nothing was dropped.
        if read != case["body"]:
            raise ValueError(f"read as {json.dumps(read)}")
    except (pydantic.ValidationError, ValueError) as error:
        failures += 1
        print(case["kind"], json.dumps(case["body"]), str(error)[:1000], sep="\n", file=sys.stderr)
sys.exit(1 if failures else 0)
