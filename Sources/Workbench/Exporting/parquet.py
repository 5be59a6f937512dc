"""Writes JSON lines of trajectories, from standard input, as Parquet with typed columns: python parquet.py FILE"""

import json
import sys

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    print(f"pyarrow cannot be imported: {error}", file=sys.stderr)
    sys.exit(3)

TEXT, WHOLE, REAL, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()
TEXTS = pa.list_(TEXT)
NAMED = pa.map_(TEXT, REAL)
MESSAGE = pa.struct({
    "role": TEXT, "content": TEXT,
    "tool_calls": pa.list_(pa.struct({
        "id": TEXT, "type": TEXT, "function": pa.struct({"name": TEXT, "arguments": TEXT})})),
    "tool_call_id": TEXT, "reasoning_content": TEXT,
})
COUNTS = {
    name: WHOLE for name in (
        "inputTokens", "cachedInputTokens", "cacheWriteTokens", "outputTokens", "reasoningTokens", "savedInputTokens",
        "estimatedTokens", "cutOffAnswers")}
CALL = pa.struct({**COUNTS, "seconds": REAL, "attempts": WHOLE, "logProbability": REAL, "isRefusal": FLAG})
STEP = pa.struct({
    "step": WHOLE, "response": TEXT, "thought": TEXT, "reasoning": TEXT, "action": TEXT, "isParsed": FLAG,
    "observation": TEXT, "choices": TEXTS, "reward": REAL, "rewards": NAMED, "isDone": FLAG, "isInvalid": FLAG,
    "value": REAL, "usage": CALL,
    "prompt": pa.struct({"kept": WHOLE, "messages": pa.list_(MESSAGE), "tools": TEXTS}),
})
SCHEMA = pa.schema({
    "id": TEXT, "run": TEXT, "verb": TEXT, "method": TEXT, "isPrior": FLAG,
    "world": pa.struct({"kind": TEXT, "rules": TEXT}), "policy": TEXT, "format": TEXT, "critic": TEXT,
    "seed": pa.uint64(), "task": TEXT, "split": TEXT, "request": TEXT, "stepLimit": WHOLE, "particle": WHOLE,
    "standing": TEXT, "reward": REAL, "rewards": NAMED, "logWeight": REAL,
    "failure": pa.struct({"kind": TEXT, "text": TEXT}), "isDone": FLAG, "opening": TEXT, "choices": TEXTS,
    "value": REAL, "messages": pa.list_(MESSAGE), "isAsSent": FLAG, "places": pa.list_(WHOLE), "tools": TEXTS,
    "steps": pa.list_(STEP),
    "usage": pa.struct({**COUNTS, "calls": WHOLE, "seconds": REAL, "cost": REAL}),
})
MOST_BYTES = 8 << 20
"""Of JSON in one row group."""


def text(value):
    """A text as it is, and another value as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def message(value):
    """A message of chat; parts of content that are no text become JSON."""
    calls = value.get("tool_calls")
    return {
        "role": text(value.get("role")), "content": text(value.get("content")),
        "tool_calls": None if calls is None else [
            {"id": text(call.get("id")), "type": text(call.get("type")), "function": {
                "name": text((call.get("function") or {}).get("name")),
                "arguments": text((call.get("function") or {}).get("arguments"))}}
            for call in calls],
        "tool_call_id": text(value.get("tool_call_id")), "reasoning_content": text(value.get("reasoning_content")),
    }


def row(line):
    value = json.loads(line)
    value["rewards"] = list(value["rewards"].items())
    value["messages"] = [message(each) for each in value["messages"]]
    value["tools"] = [text(each) for each in value["tools"]]
    for step in value["steps"]:
        step["rewards"] = list(step["rewards"].items())
        prompt = step["prompt"]
        if prompt is not None:
            prompt["messages"] = [message(each) for each in prompt["messages"]]
            prompt["tools"] = None if prompt["tools"] is None else [text(each) for each in prompt["tools"]]
    return value


def main():
    with pq.ParquetWriter(sys.argv[1], SCHEMA, compression="zstd") as writer:
        rows, size = [], 0
        for line in sys.stdin.buffer:
            rows.append(row(line))
            size += len(line)
            if size >= MOST_BYTES:
                writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
                rows, size = [], 0
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
    print("written", flush=True)


main()
