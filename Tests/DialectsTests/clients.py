"""Official clients against what this module writes.

  clients.py capture FOLDER   stores the bodies that real clients send
  clients.py check FOLDER     lets real clients read the answers and streams that the test `clients` wrote there

The model's name is the name of the sample. A difference raises.
"""

import json
import pathlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic
import openai

mode, folder = sys.argv[1], pathlib.Path(sys.argv[2])
DIALECTS = {"/chat/completions": "chat", "/responses": "responses", "/messages": "messages", "/completions": "text"}
asked = []


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        dialect = DIALECTS[self.path.removeprefix("/v1")]
        asked.append((dialect, body))
        kind = "sse" if body.get("stream") else "json"
        path = folder / f"{body['model']}.{dialect}.{kind}"
        data = path.read_bytes() if mode == "check" else canned(dialect, body)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if kind == "sse" else "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def canned(dialect, body):
    """A call of the first tool at first, then a text."""
    items = body.get("messages") or body.get("input") or []
    tools = body.get("tools")
    calls = tools and not any("tool_result" in json.dumps(i) or "function_call_output" in json.dumps(i) or i.get("role") == "tool" for i in items if isinstance(i, dict))
    name = tools and (tools[0].get("name") or tools[0]["function"]["name"])
    number = len(asked)
    if dialect == "chat":
        message = {"role": "assistant", "content": "Done."}
        if calls:
            message = {"role": "assistant", "content": None, "tool_calls": [
                {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": '{"city":"Rome"}'}}]}
        answer = {"id": f"c{number}", "object": "chat.completion", "created": 1, "model": body["model"],
                  "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
                  "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    elif dialect == "responses":
        output = [{"type": "message", "id": f"m{number}", "role": "assistant", "status": "completed",
                   "content": [{"type": "output_text", "text": "Done.", "annotations": []}]}]
        if calls:
            output = [{"type": "function_call", "id": f"fc{number}", "call_id": f"call_{number}", "name": name,
                       "arguments": '{"city":"Rome"}', "status": "completed"}]
        answer = {"id": f"r{number}", "object": "response", "created_at": 1, "model": body["model"], "output": output,
                  "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "status": "completed",
                  "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2,
                            "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}}
    elif dialect == "messages":
        content = [{"type": "text", "text": "Done."}]
        if calls:
            content = [{"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {"city": "Rome"}}]
        answer = {"id": f"m{number}", "type": "message", "role": "assistant", "model": body["model"], "content": content,
                  "stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None,
                  "usage": {"input_tokens": 1, "output_tokens": 1}}
    else:
        answer = {"id": f"t{number}", "object": "text_completion", "created": 1, "model": body["model"],
                  "choices": [{"index": 0, "text": "Done.", "finish_reason": "stop", "logprobs": None}]}
    return json.dumps(answer).encode()


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
open_ai = openai.OpenAI(base_url=base + "/v1", api_key="x", max_retries=0)
claude = anthropic.Anthropic(base_url=base, api_key="x", max_retries=0)


def same(what, got, expected):
    if got != expected:
        raise AssertionError(f"{what}: {got!r} instead of {expected!r}")


def parts_of_chat(message):
    calls = [[c.id, c.function.name, c.function.arguments] for c in message.tool_calls or []]
    return {"text": message.content or "", "refusal": message.refusal or "", "calls": calls,
            "reasoning": getattr(message, "reasoning_content", None) or ""}


def parts_of_response(response):
    parts = {"text": "", "refusal": "", "calls": [], "reasoning": ""}
    for item in response.output:
        if item.type == "message":
            for part in item.content:
                if part.type == "refusal":
                    parts["refusal"] += part.refusal
                else:
                    parts["text"] += part.text
        elif item.type == "reasoning":
            parts["reasoning"] += "".join(p.text for p in item.content or item.summary)
        else:
            parts["calls"].append([item.call_id, item.name, item.arguments])
    return parts


def parts_of_message(message):
    parts = {"text": "", "refusal": "", "calls": [], "reasoning": ""}
    for block in message.content:
        if block.type == "text":
            parts["refusal" if message.stop_reason == "refusal" else "text"] += block.text
        elif block.type == "thinking":
            parts["reasoning"] += block.thinking
        elif block.type == "tool_use":
            parts["calls"].append([block.id, block.name, block.input])
    return parts


def check(name, expected):
    user = [{"role": "user", "content": "Hi"}]
    counts = (expected.pop("input"), expected.pop("output"))
    claudes = dict(expected, calls=[[i, n, json.loads(a)] for i, n, a in expected["calls"]])
    # OpenAI's client gives parsed arguments strict types, so every object is validated, too.
    whole = open_ai.chat.completions.create(model=name, messages=user)
    type(whole).model_validate(whole.model_dump(warnings="error"), strict=True)
    same(name, parts_of_chat(whole.choices[0].message), expected)
    same(name, (whole.usage.prompt_tokens, whole.usage.completion_tokens), counts)

    if name == "logprobs":
        same(name, [t.logprob for t in whole.choices[0].logprobs.content], [-0.25, -0.5])

    texts, calls, usage, finish = {"content": "", "refusal": "", "reasoning_content": ""}, [], None, None
    for chunk in open_ai.chat.completions.create(
        model=name, messages=user, stream=True, stream_options={"include_usage": True}
    ):
        type(chunk).model_validate(chunk.model_dump(warnings="error"))
        usage = chunk.usage or usage
        for choice in chunk.choices:
            for key in texts:
                texts[key] += getattr(choice.delta, key, None) or ""
            for call in choice.delta.tool_calls or []:
                if call.id:
                    calls.append([call.id, call.function.name, ""])
                calls[call.index][2] += call.function.arguments or ""
            finish = choice.finish_reason or finish
    same(name, {"text": texts["content"], "refusal": texts["refusal"], "reasoning": texts["reasoning_content"],
                "calls": calls}, expected)
    same(name, usage.prompt_tokens, counts[0])
    same(name, finish, whole.choices[0].finish_reason)
    if finish not in ("length", "content_filter"):
        with open_ai.chat.completions.stream(
            model=name, messages=user, stream_options={"include_usage": True}) as stream:
            for _ in stream:
                pass
            same(name, parts_of_chat(stream.get_final_completion().choices[0].message) | {"reasoning": ""},
                 expected | {"reasoning": ""})
            if name == "logprobs":
                same(name, stream.get_final_completion().choices[0].logprobs, whole.choices[0].logprobs)

    whole = open_ai.responses.create(model=name, input="Hi")
    type(whole).model_validate(whole.model_dump(warnings="error"))
    same(name, parts_of_response(whole), expected)
    same(name, (whole.usage.input_tokens, whole.usage.output_tokens), counts)
    if name == "logprobs":
        same(name, [t.logprob for t in whole.output[0].content[0].logprobs], [-0.25, -0.5])
    events = list(open_ai.responses.create(model=name, input="Hi", stream=True))
    for event in events:
        type(event).model_validate(event.model_dump(warnings="error"))
    same(name, parts_of_response(events[-1].response), expected)
    same(name, [e.sequence_number for e in events], list(range(len(events))))
    with open_ai.responses.stream(model=name, input="Hi") as stream:
        for _ in stream:
            pass
        if whole.status == "completed":
            same(name, parts_of_response(stream.get_final_response()), expected)

    whole = claude.messages.create(model=name, messages=user, max_tokens=5)
    type(whole).model_validate(whole.model_dump(warnings="error"))
    same(name, parts_of_message(whole), claudes)
    same(name, (whole.usage.input_tokens + whole.usage.cache_read_input_tokens, whole.usage.output_tokens), counts)
    for event in claude.messages.create(model=name, messages=user, max_tokens=5, stream=True):
        type(event).model_validate(event.model_dump(warnings="error"))
    with claude.messages.stream(model=name, messages=user, max_tokens=5) as stream:
        for _ in stream:
            pass
        final = stream.get_final_message()
        same(name, parts_of_message(final), claudes)
        same(name, final.usage.output_tokens, counts[1])

    if not expected["calls"]:
        whole = open_ai.completions.create(model=name, prompt="Hi")
        same(name, whole.choices[0].text, expected["text"])
        chunks = list(open_ai.completions.create(model=name, prompt="Hi", stream=True))
        same(name, "".join(c.choices[0].text for c in chunks if c.choices), expected["text"])


def store(name, first=0):
    folder.mkdir(exist_ok=True)
    for place, (dialect, body) in enumerate(asked[first:]):
        (folder / f"{name}-{place + 1}.{dialect}.json").write_text(json.dumps(body, ensure_ascii=False) + "\n")
    asked.clear()


def requests():
    """Translated questions have the types of the official clients' parameters."""
    import pydantic
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
    from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

    types = {"chat": CompletionCreateParamsNonStreaming, "responses": ResponseCreateParamsNonStreaming,
             "messages": MessageCreateParamsNonStreaming}
    adapters = {name: pydantic.TypeAdapter(kind) for name, kind in types.items()}
    paths = sorted(folder.glob("*.request"))
    for path in paths:
        body = json.loads(path.read_text())
        dialect = path.name.split(".")[-2]
        # Anthropic's client no longer names the settings of sampling.
        unknown = set(body) - set(types[dialect].__annotations__) - {"temperature", "top_p", "top_k"}
        same(path.name, unknown, set())
        read = adapters[dialect].validate_python(body)
        # Nothing is left out when the lazy lists are read.
        adapters[dialect].dump_json(read, warnings="error")
    print(len(paths), "requests ok")


def frameworks(name, text):
    """Frameworks read a streamed text, if they are installed."""
    import asyncio
    import os

    try:
        from langchain_anthropic import ChatAnthropic
        from langchain_openai import ChatOpenAI

        common = {"model": name, "base_url": base + "/v1", "api_key": "x", "stream_usage": True}
        for model in (ChatOpenAI(**common), ChatOpenAI(**common, use_responses_api=True),
                      ChatAnthropic(model=name, base_url=base, api_key="x")):
            whole = None
            for chunk in model.stream("Hi"):
                whole = chunk if whole is None else whole + chunk
            content = whole.content
            same("langchain", content if isinstance(content, str) else "".join(c.get("text", "") for c in content), text)
            same("langchain", whole.usage_metadata["output_tokens"], 30)
    except ImportError as error:
        print(error)
    try:
        from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, set_tracing_disabled

        set_tracing_disabled(True)
        client = openai.AsyncOpenAI(base_url=base + "/v1", api_key="x")

        async def run(kind):
            result = Runner.run_streamed(Agent(name="A", model=kind(name, client)), "Hi")
            async for _ in result.stream_events():
                pass
            same("openai-agents", result.final_output, text)

        for kind in (OpenAIResponsesModel, OpenAIChatCompletionsModel):
            asyncio.run(run(kind))
    except ImportError as error:
        print(error)
    try:
        from pydantic_ai import Agent as Typed

        os.environ |= {"OPENAI_BASE_URL": base + "/v1", "OPENAI_API_KEY": "x", "ANTHROPIC_BASE_URL": base,
                       "ANTHROPIC_API_KEY": "x"}

        async def stream(kind):
            async with Typed(f"{kind}:{name}").run_stream("Hi") as result:
                same("pydantic-ai", await result.get_output(), text)

        for kind in ("openai-chat", "openai", "anthropic"):
            same("pydantic-ai", Typed(f"{kind}:{name}").run_sync("Hi").output, text)
            asyncio.run(stream(kind))
    except ImportError as error:
        print(error)
    print("frameworks ok")


if mode == "check":
    for name, expected in json.loads((folder / "expected.json").read_text()).items():
        check(name, expected)
        print(name, "ok")
    requests()
    frameworks("text", json.loads((folder / "expected.json").read_text())["text"]["text"])
    sys.exit()

# --- capture ---
weather = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
image = "data:image/png;base64,iVBORw0KGgo="
tool = {"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": weather}}
history = [{"role": "system", "content": "Be brief."},
           {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": image}}]}]
first = open_ai.chat.completions.create(model="gpt-x", messages=history, tools=[tool], temperature=0.2, seed=5, max_tokens=50)
history += [first.choices[0].message, {"role": "tool", "tool_call_id": first.choices[0].message.tool_calls[0].id, "content": "Sun"}]
open_ai.chat.completions.create(model="gpt-x", messages=history, tools=[tool], tool_choice="auto")
store("openai-chat")
items = [{"role": "user", "content": [{"type": "input_text", "text": "Look"}, {"type": "input_image", "image_url": image, "detail": "auto"}]}]
flat = {"type": "function", "name": "weather", "description": "The weather.", "parameters": weather, "strict": False}
first = open_ai.responses.create(model="gpt-x", instructions="Be brief.", input=items, tools=[flat], reasoning={"effort": "low"})
items += first.output + [{"type": "function_call_output", "call_id": first.output[0].call_id, "output": "Sun"}]
open_ai.responses.create(model="gpt-x", instructions="Be brief.", input=items, tools=[flat])
store("openai-responses")
turns = [{"role": "user", "content": [{"type": "text", "text": "Look", "cache_control": {"type": "ephemeral"}},
         {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}]}]
named = {"name": "weather", "description": "The weather.", "input_schema": weather}
first = claude.messages.create(model="claude-x", max_tokens=50, system="Be brief.", messages=turns, tools=[named])
turns += [{"role": "assistant", "content": first.content},
          {"role": "user", "content": [{"type": "tool_result", "tool_use_id": first.content[0].id, "content": "Sun"}]}]
claude.messages.create(model="claude-x", max_tokens=50, system="Be brief.", messages=turns, tools=[named], tool_choice={"type": "any"})
store("anthropic")
open_ai.completions.create(model="gpt-x", prompt="Once", max_tokens=5)
store("openai-text")

try:
    from agents import Agent, Runner, OpenAIChatCompletionsModel, OpenAIResponsesModel, function_tool, set_tracing_disabled
    set_tracing_disabled(True)

    @function_tool
    def forecast(city: str) -> str:
        """The weather of a city."""
        return "Sun in " + city

    client = openai.AsyncOpenAI(base_url=base + "/v1", api_key="x")
    for kind in (OpenAIResponsesModel, OpenAIChatCompletionsModel):
        agent = Agent(name="A", instructions="Be brief.", tools=[forecast], model=kind("gpt-x", client))
        Runner.run_sync(agent, "Weather in Rome?")
        store("agents-" + kind.__name__)
except ImportError as error:
    print(error)

try:
    from langgraph.prebuilt import create_react_agent
    from langchain_openai import ChatOpenAI
    from langchain_anthropic import ChatAnthropic

    def report(city: str) -> str:
        """The weather of a city."""
        return "Sun in " + city

    for name, model in (
        ("langgraph-openai", ChatOpenAI(model="gpt-x", base_url=base + "/v1", api_key="x")),
        ("langgraph-responses", ChatOpenAI(model="gpt-x", base_url=base + "/v1", api_key="x", use_responses_api=True)),
        ("langgraph-anthropic", ChatAnthropic(model="claude-x", base_url=base, api_key="x")),
    ):
        create_react_agent(model, [report], prompt="Be brief.").invoke({"messages": [("user", "Weather in Rome?")]})
        store(name)
except ImportError as error:
    print(error)

try:
    import os
    os.environ |= {"OPENAI_BASE_URL": base + "/v1", "OPENAI_API_KEY": "x", "ANTHROPIC_BASE_URL": base, "ANTHROPIC_API_KEY": "x"}
    from pydantic_ai import Agent as Typed

    for name in ("openai-chat:gpt-x", "openai:gpt-x", "anthropic:claude-x"):
        agent = Typed(name, instructions="Be brief.")

        @agent.tool_plain
        def outlook(city: str) -> str:
            """The weather of a city."""
            return "Sun in " + city

        agent.run_sync("Weather in Rome?")
        store("pydantic-" + name.split(":")[0])
except ImportError as error:
    print(error)
