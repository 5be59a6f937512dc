"""A warehouse clerk on Anthropic's Messages API, with the anthropic package."""
from anthropic import Anthropic

from warehouse import INSTRUCTIONS, TURNS, add, look_up, options, score, task

TOOLS = [
    {
        "name": "look_up", "description": "The price of one crate of an item.",
        "input_schema": {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]},
    },
    {
        "name": "add", "description": "The sum of two amounts.",
        "input_schema": {
            "type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
]
FUNCTIONS = {"look_up": look_up, "add": add}


def run(block):
    """A tool's result; a failure is told to the model."""
    try:
        content, failed = str(FUNCTIONS[block.name](**block.input)), False
    except (KeyError, TypeError, ValueError) as error:
        content, failed = f"Failed: {error}", True
    return {"type": "tool_result", "tool_use_id": block.id, "content": content, "is_error": failed}


def main():
    parser = options(__doc__)
    parser.set_defaults(model="claude-sonnet-5")
    parser.add_argument("--stream", action="store_true", help="ask for streams")
    choice = parser.parse_args()
    line, client = task(choice.task), Anthropic()
    messages = [{"role": "user", "content": line["input"]}]
    for _ in range(TURNS):
        request = {
            "model": choice.model, "max_tokens": 1024, "system": INSTRUCTIONS, "messages": messages, "tools": TOOLS,
        }
        if choice.stream:
            with client.messages.stream(**request) as stream:
                answer = stream.get_final_message()
        else:
            answer = client.messages.create(**request)
        messages.append({"role": "assistant", "content": answer.content})
        if answer.stop_reason != "tool_use":
            break
        results = [run(block) for block in answer.content if block.type == "tool_use"]
        messages.append({"role": "user", "content": results})
    finished = answer.stop_reason != "tool_use"
    score(line, "".join(block.text for block in answer.content if block.type == "text") if finished else None)


if __name__ == "__main__":
    main()
