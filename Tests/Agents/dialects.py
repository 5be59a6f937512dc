"""The APIs of the scripted provider: reading a request into one form of conversation, and writing answers.

`read(body)` gives a Conversation, `whole(body, conversation, answers)` the JSON of the answers, `parts(body, whole)`
the same as the events of a stream.
"""
import ast
import hashlib
import json
import time
import uuid
from dataclasses import dataclass, field


class BadRequest(Exception):
    """A request that the API does not allow."""


@dataclass
class Answer:
    """What the model says: text, then tool calls as (name, arguments)."""
    text: str = ""
    calls: list = field(default_factory=list)

    @property
    def tokens(self):
        return tokens(self.text) + sum(tokens(name) + tokens(json.dumps(arguments)) for name, arguments in self.calls)


@dataclass
class Conversation:
    """Events: ("system" | "user" | "assistant", text), ("call", name, arguments) and ("result", call's name, text)."""
    events: list
    tools: list = field(default_factory=list)
    samples: int = 1
    grammar: str = ""

    @property
    def digest(self):
        """The same for conversations that differ in ids alone."""
        text = json.dumps([self.events, sorted(self.tools), self.grammar], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def tokens(self):
        return sum(tokens(str(part)) for event in self.events for part in event[1:])

    def texts(self, kind):
        return [event[-1] for event in self.events if event[0] == kind]


def tokens(text):
    return -(-len(text) // 4)


def new_id(prefix):
    return prefix + uuid.uuid4().hex


def words(content):
    """The text of a content that is a string or a list of parts."""
    if isinstance(content, list):
        return "".join(part if isinstance(part, str) else part.get("text") or "" for part in content)
    return content or ""


def arguments(text):
    try:
        return json.loads(text or "{}")
    except ValueError:
        return {"": text}


def split(text, size=12):
    """A text in the pieces of a stream."""
    return [text[place:place + size] for place in range(0, len(text), size)]


def written(role, text):
    """The events in a text of smolagents, which writes calls and their results as text; None for any other."""
    kind, _, rest = text.partition("\n")
    if role == "assistant" and kind == "Calling tools:":
        calls = [call["function"] for call in ast.literal_eval(rest)]
        return [("call", call["name"], call["arguments"]) for call in calls]
    if role == "user" and kind == "Observation:":
        return [("result", "", line) for line in rest.splitlines()]
    return None


def named(events):
    """The events with the names of the calls that results without a name answer."""
    waiting, whole = [], []
    for event in events:
        if event[0] == "call":
            waiting.append(event[1])
        elif event[0] == "result" and not event[1]:
            event = ("result", waiting.pop(0) if waiting else "", event[2])
        whole.append(event)
    return whole


class Chat:
    """POST /chat/completions"""

    def read(self, body):
        events, names = [], {}
        if not body.get("messages"):
            raise BadRequest("messages is empty")
        for message in body["messages"]:
            role, text = message["role"], words(message.get("content"))
            if role == "tool":
                if message["tool_call_id"] not in names:
                    raise BadRequest(f"tool_call_id {message['tool_call_id']} answers no call")
                events.append(("result", names[message["tool_call_id"]], text))
                continue
            if text:
                events += written(role, text) or [("system" if role == "developer" else role, text)]
            for call in message.get("tool_calls") or []:
                names[call["id"]] = call["function"]["name"]
                events.append(("call", call["function"]["name"], arguments(call["function"]["arguments"])))
        tools = [tool["function"]["name"] for tool in body.get("tools") or []]
        return Conversation(named(events), tools, body.get("n") or 1, body.get("grammar") or "")

    def whole(self, body, conversation, answers):
        choices = []
        for index, answer in enumerate(answers):
            message = {"role": "assistant", "content": answer.text or None, "refusal": None}
            if answer.calls:
                message["tool_calls"] = [
                    {"id": new_id("call_"), "type": "function", "function": {"name": name, "arguments": text}}
                    for name, text in ((name, json.dumps(given)) for name, given in answer.calls)
                ]
            reason = "tool_calls" if answer.calls else "stop"
            choices.append({"index": index, "message": message, "logprobs": None, "finish_reason": reason})
        output = sum(answer.tokens for answer in answers)
        return {
            "id": new_id("chatcmpl-"), "object": "chat.completion", "created": int(time.time()),
            "model": body.get("model", "scripted"), "choices": choices, "usage": openai_usage(conversation, output),
        }

    def parts(self, body, whole):
        usage, wants_usage = whole.pop("usage"), (body.get("stream_options") or {}).get("include_usage")
        frame = whole | {"object": "chat.completion.chunk"}

        def chunk(index, delta, reason=None):
            return None, frame | {"choices": [{"index": index, "delta": delta, "finish_reason": reason}]}

        for choice in whole["choices"]:
            index, message = choice["index"], choice["message"]
            yield chunk(index, {"role": "assistant", "content": ""})
            for piece in split(message["content"] or ""):
                yield chunk(index, {"content": piece})
            for place, call in enumerate(message.get("tool_calls") or []):
                name, given = call["function"]["name"], call["function"]["arguments"]
                head = call | {"index": place, "function": {"name": name, "arguments": ""}}
                yield chunk(index, {"tool_calls": [head]})
                for piece in split(given):
                    yield chunk(index, {"tool_calls": [{"index": place, "function": {"arguments": piece}}]})
            yield chunk(index, {}, choice["finish_reason"])
        if wants_usage:
            yield None, frame | {"choices": [], "usage": usage}
        yield None, "[DONE]"


class Completions:
    """POST /completions"""

    def read(self, body):
        prompt = body["prompt"]
        if isinstance(prompt, list):
            if len(prompt) != 1 or not isinstance(prompt[0], str):
                raise BadRequest("prompt has to be one text")
            prompt = prompt[0]
        return Conversation([("user", prompt)], [], body.get("n") or 1, body.get("grammar") or "")

    def whole(self, body, conversation, answers):
        choices = [
            {"index": index, "text": answer.text, "logprobs": None, "finish_reason": "stop"}
            for index, answer in enumerate(answers)
        ]
        output = sum(answer.tokens for answer in answers)
        return {
            "id": new_id("cmpl-"), "object": "text_completion", "created": int(time.time()),
            "model": body.get("model", "scripted"), "choices": choices, "usage": openai_usage(conversation, output),
        }

    def parts(self, body, whole):
        usage, wants_usage = whole.pop("usage"), (body.get("stream_options") or {}).get("include_usage")
        for choice in whole["choices"]:
            for piece in split(choice["text"], 4):
                yield None, whole | {"choices": [choice | {"text": piece, "finish_reason": None}]}
            yield None, whole | {"choices": [choice | {"text": ""}]}
        if wants_usage:
            yield None, whole | {"choices": [], "usage": usage}
        yield None, "[DONE]"


def openai_usage(conversation, output):
    count = conversation.tokens
    return {
        "prompt_tokens": count, "completion_tokens": output, "total_tokens": count + output,
        "prompt_tokens_details": {"cached_tokens": count // 2},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


class Responses:
    """POST /responses"""

    def read(self, body):
        if body.get("previous_response_id"):
            raise BadRequest("previous_response_id is not kept here: send the whole input")
        events, names = [], {}
        if body.get("instructions"):
            events.append(("system", body["instructions"]))
        given = body["input"]
        for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
            kind = item.get("type", "message")
            if kind == "message":
                role = "system" if item["role"] == "developer" else item["role"]
                events.append((role, words(item["content"])))
            elif kind == "function_call":
                names[item["call_id"]] = item["name"]
                events.append(("call", item["name"], arguments(item["arguments"])))
            elif kind == "function_call_output":
                if item["call_id"] not in names:
                    raise BadRequest(f"call_id {item['call_id']} answers no call")
                events.append(("result", names[item["call_id"]], words(item["output"])))
        tools = [tool["name"] for tool in body.get("tools") or [] if tool.get("type") == "function"]
        return Conversation(events, tools)

    def whole(self, body, conversation, answers):
        answer = answers[0]
        output = []
        if answer.text:
            text = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
            output.append({
                "id": new_id("msg_"), "type": "message", "role": "assistant", "status": "completed", "content": [text]})
        for name, given in answer.calls:
            output.append({
                "id": new_id("fc_"), "type": "function_call", "status": "completed", "call_id": new_id("call_"),
                "name": name, "arguments": json.dumps(given)})
        count = conversation.tokens
        return {
            "id": new_id("resp_"), "object": "response", "created_at": int(time.time()), "status": "completed",
            "background": False, "error": None, "incomplete_details": None, "instructions": body.get("instructions"),
            "max_output_tokens": None, "model": body.get("model", "scripted"), "output": output,
            "parallel_tool_calls": True, "previous_response_id": None, "reasoning": {"effort": None, "summary": None},
            "store": False, "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto",
            "tools": body.get("tools") or [], "top_p": 1.0, "truncation": "disabled", "metadata": {},
            "usage": {
                "input_tokens": count, "input_tokens_details": {"cached_tokens": count // 2},
                "output_tokens": answer.tokens, "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": count + answer.tokens,
            },
        }

    def parts(self, body, whole):
        for number, (name, value) in enumerate(self.events(whole)):
            yield name, {"type": name, "sequence_number": number} | value

    def events(self, whole):
        begun = whole | {"status": "in_progress", "output": [], "usage": None}
        yield "response.created", {"response": begun}
        yield "response.in_progress", {"response": begun}
        for place, item in enumerate(whole["output"]):
            at = {"output_index": place}
            inside = at | {"item_id": item["id"]}
            if item["type"] == "message":
                part = item["content"][0]
                inside |= {"content_index": 0}
                yield "response.output_item.added", at | {"item": item | {"status": "in_progress", "content": []}}
                yield "response.content_part.added", inside | {"part": part | {"text": ""}}
                for piece in split(part["text"]):
                    yield "response.output_text.delta", inside | {"delta": piece, "logprobs": []}
                yield "response.output_text.done", inside | {"text": part["text"], "logprobs": []}
                yield "response.content_part.done", inside | {"part": part}
            else:
                yield "response.output_item.added", at | {"item": item | {"status": "in_progress", "arguments": ""}}
                for piece in split(item["arguments"]):
                    yield "response.function_call_arguments.delta", inside | {"delta": piece}
                done = {"arguments": item["arguments"], "name": item["name"]}
                yield "response.function_call_arguments.done", inside | done
            yield "response.output_item.done", at | {"item": item}
        yield "response.completed", {"response": whole}


class Messages:
    """POST /messages"""

    def read(self, body):
        if not isinstance(body.get("max_tokens"), int):
            raise BadRequest("max_tokens: Field required")
        events, names = [], {}
        if body.get("system"):
            events.append(("system", words(body["system"])))
        for message in body["messages"]:
            content = message["content"]
            for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
                if block["type"] == "text":
                    events.append((message["role"], block["text"]))
                elif block["type"] == "tool_use":
                    names[block["id"]] = block["name"]
                    events.append(("call", block["name"], block["input"]))
                elif block["type"] == "tool_result":
                    if block["tool_use_id"] not in names:
                        raise BadRequest(f"unexpected tool_use_id {block['tool_use_id']}")
                    events.append(("result", names[block["tool_use_id"]], words(block.get("content"))))
        return Conversation(events, [tool["name"] for tool in body.get("tools") or []])

    def whole(self, body, conversation, answers):
        answer = answers[0]
        content = [{"type": "text", "text": answer.text}] if answer.text else []
        content += [
            {"type": "tool_use", "id": new_id("toolu_"), "name": name, "input": given} for name, given in answer.calls
        ]
        return {
            "id": new_id("msg_"), "type": "message", "role": "assistant", "model": body.get("model", "scripted"),
            "content": content, "stop_reason": "tool_use" if answer.calls else "end_turn", "stop_sequence": None,
            "usage": {
                "input_tokens": conversation.tokens, "output_tokens": answer.tokens,
                "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            },
        }

    def parts(self, body, whole):
        for name, value in self.events(whole):
            yield name, {"type": name} | value

    def events(self, whole):
        begun = whole | {"content": [], "stop_reason": None, "usage": whole["usage"] | {"output_tokens": 1}}
        yield "message_start", {"message": begun}
        yield "ping", {}
        for place, block in enumerate(whole["content"]):
            at = {"index": place}
            if block["type"] == "text":
                yield "content_block_start", at | {"content_block": {"type": "text", "text": ""}}
                pieces = [{"type": "text_delta", "text": piece} for piece in split(block["text"])]
            else:
                yield "content_block_start", at | {"content_block": block | {"input": {}}}
                pieces = [
                    {"type": "input_json_delta", "partial_json": piece} for piece in split(json.dumps(block["input"]))]
            for piece in pieces:
                yield "content_block_delta", at | {"delta": piece}
            yield "content_block_stop", at
        ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
        yield "message_delta", {"delta": ended, "usage": {"output_tokens": whole["usage"]["output_tokens"]}}
        yield "message_stop", {}


DIALECTS = {
    "/chat/completions": Chat(), "/completions": Completions(), "/responses": Responses(), "/messages": Messages(),
}
