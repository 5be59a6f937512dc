"""A warehouse clerk on chat completions, with the openai package."""
import json

from openai import OpenAI

from warehouse import INSTRUCTIONS, TURNS, add, look_up, options, score, task


def tool(name, description, **parameters):
    schema = {"type": "object", "properties": parameters, "required": list(parameters), "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


TOOLS = [
    tool("look_up", "The price of one crate of an item.", item={"type": "string"}),
    tool("add", "The sum of two amounts.", a={"type": "integer"}, b={"type": "integer"}),
]
FUNCTIONS = {"look_up": look_up, "add": add}


def ask(client, model, messages):
    """One answer as a message."""
    answer = client.chat.completions.create(model=model, messages=messages, tools=TOOLS, temperature=1)
    return answer.choices[0].message.to_dict()


def ask_streaming(client, model, messages):
    """The same, put together from the parts of a stream."""
    text, calls = "", {}
    for part in client.chat.completions.create(
        model=model, messages=messages, tools=TOOLS, temperature=1, stream=True
    ):
        if not part.choices:
            continue
        text += part.choices[0].delta.content or ""
        for piece in part.choices[0].delta.tool_calls or []:
            empty = {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
            call = calls.setdefault(piece.index, empty)
            call["id"] += piece.id or ""
            call["function"]["name"] += piece.function.name or ""
            call["function"]["arguments"] += piece.function.arguments or ""
    return {"role": "assistant", "content": text or None} | ({"tool_calls": list(calls.values())} if calls else {})


def run(call):
    """The result of a tool call as text; a failure is told to the model."""
    try:
        return str(FUNCTIONS[call["name"]](**json.loads(call["arguments"])))
    except (KeyError, TypeError, ValueError) as error:
        return f"Failed: {error}"


def main():
    parser = options(__doc__)
    parser.add_argument("--stream", action="store_true", help="ask for streams")
    choice = parser.parse_args()
    line, client = task(choice.task), OpenAI()
    messages = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": line["input"]}]
    for _ in range(TURNS):
        message = (ask_streaming if choice.stream else ask)(client, choice.model, messages)
        messages.append(message)
        if not message.get("tool_calls"):
            break
        for call in message["tool_calls"]:
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": run(call["function"])})
    score(line, None if message.get("tool_calls") else message["content"])


if __name__ == "__main__":
    main()
