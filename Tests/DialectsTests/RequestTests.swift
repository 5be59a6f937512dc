import Agents
import Dialects
import Testing

@Suite("Questions in other dialects")
struct RequestTests {
  static let chat = parsed(
    #"""
    {"model":"m","stream":true,"messages":[{"role":"system","content":"Be kind."},
    {"role":"user","content":[{"type":"text","text":"What is this?"},
    {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}]},
    {"role":"assistant","content":null,"tool_calls":[
    {"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"z\":1,\"a\":[2.0]}"}},
    {"id":"call_2","type":"function","function":{"name":"look","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"call_1","content":"a cat"},
    {"role":"tool","tool_call_id":"call_2","content":"a dog"},
    {"role":"user","content":"And now?"}],
    "tools":[{"type":"function","function":{"name":"look","description":"Looks.",
    "parameters":{"type":"object","properties":{"z":{"type":"integer"},"a":{"type":"array"}}},"strict":true}}],
    "tool_choice":"required","parallel_tool_calls":false,"temperature":0.70,"max_tokens":100,"user":"u","n":1,
    "response_format":{"type":"json_schema","json_schema":{"name":"reply","schema":{"type":"object"},"strict":true}}}
    """#)

  @Test("Chat becomes Messages")
  func chatToMessages() throws {
    let body = try NeutralRequest(ModelQuestion(dialect: .chat, body: Self.chat)).body(in: .messages)
    let expected = parsed(
      #"""
      {"max_tokens":100,"system":[{"type":"text","text":"Be kind."}],"messages":[
      {"role":"user","content":[{"type":"text","text":"What is this?"},
      {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},
      {"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"look","input":{"z":1,"a":[2.0]}},
      {"type":"tool_use","id":"call_2","name":"look","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"a cat"},
      {"type":"tool_result","tool_use_id":"call_2","content":"a dog"},{"type":"text","text":"And now?"}]}],
      "tools":[{"name":"look","description":"Looks.",
      "input_schema":{"type":"object","properties":{"z":{"type":"integer"},"a":{"type":"array"}}},"strict":true}],
      "tool_choice":{"type":"any","disable_parallel_tool_use":true},
      "output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}},"temperature":0.70}
      """#)
    #expect(body == expected)
  }

  @Test("Chat becomes Responses")
  func chatToResponses() throws {
    let body = try NeutralRequest(ModelQuestion(dialect: .chat, body: Self.chat)).body(in: .responses)
    let expected = parsed(
      #"""
      {"input":[{"role":"user","content":[{"type":"input_text","text":"What is this?"},
      {"type":"input_image","detail":"low","image_url":"data:image/png;base64,AAAA"}]},
      {"type":"function_call","call_id":"call_1","name":"look","arguments":"{\"z\":1,\"a\":[2.0]}"},
      {"type":"function_call","call_id":"call_2","name":"look","arguments":"{}"},
      {"type":"function_call_output","call_id":"call_1","output":"a cat"},
      {"type":"function_call_output","call_id":"call_2","output":"a dog"},
      {"role":"user","content":"And now?"}],"instructions":"Be kind.",
      "tools":[{"type":"function","name":"look","description":"Looks.",
      "parameters":{"type":"object","properties":{"z":{"type":"integer"},"a":{"type":"array"}}},"strict":true}],
      "tool_choice":"required","parallel_tool_calls":false,"max_output_tokens":100,"temperature":0.70,
      "text":{"format":{"type":"json_schema","name":"reply","schema":{"type":"object"},"strict":true}},"store":false}
      """#)
    #expect(body == expected)
  }

  @Test(
    "A question comes back from another dialect as the same neutral request",
    arguments: [ModelDialect.responses, .messages]
  )
  func back(dialect: ModelDialect) throws {
    let question = ModelQuestion(dialect: .chat, body: Self.chat)
    let request = try NeutralRequest(question)
    let there = ModelQuestion(dialect: dialect, body: try request.body(in: dialect))
    let back = try NeutralRequest(there)
    #expect(back.instructions == request.instructions)
    #expect(back.tools == request.tools)
    #expect(back.toolChoice == request.toolChoice)
    #expect(back.parallelToolCalls == request.parallelToolCalls)
    #expect(back.maxTokens == request.maxTokens)
    #expect(back.temperature == request.temperature)
    #expect(back.turns.count == request.turns.count)
    #expect(try JSONValue(back.body(in: .messages)) == JSONValue(request.body(in: .messages)))
  }

  @Test("Thoughts with signatures survive in every dialect", arguments: [ModelDialect.chat, .responses, .messages])
  func thoughts(dialect: ModelDialect) throws {
    let body = parsed(
      #"""
      {"model":"m","max_tokens":5,"messages":[{"role":"user","content":"Hi"},
      {"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"s1"},
      {"type":"redacted_thinking","data":"xx"},{"type":"text","text":"Look."},
      {"type":"tool_use","id":"t1","name":"look","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"ok","is_error":false}]}]}
      """#)
    let request = try NeutralRequest(ModelQuestion(dialect: .messages, body: body))
    let there = ModelQuestion(dialect: dialect, body: try request.body(in: dialect))
    let back = try NeutralRequest(there)
    #expect(back.turns == request.turns)
  }

  @Test(
    "What another dialect lacks is refused by name",
    arguments: [
      (ModelDialect.chat, #"{"messages":[],"n":2}"#, ModelDialect.messages, "`n` = 2"),
      (.chat, #"{"messages":[],"logit_bias":{"5":1}}"#, .messages, "`logit_bias`"),
      (.chat, #"{"messages":[],"frequency_penalty":0.5}"#, .responses, "`frequency_penalty` = 0.5"),
      (.chat, #"{"messages":[],"modalities":["text","audio"]}"#, .responses, "`modalities`"),
      (.chat, #"{"messages":[],"web_search_options":{}}"#, .responses, "`web_search_options`"),
      (.chat, #"{"messages":[],"stop":["x"]}"#, .responses, "stop sequences, which responses does not have"),
      (.chat, #"{"messages":[],"response_format":{"type":"json_object"}}"#, .messages, "json_object"),
      (.chat, #"{"messages":[],"logprobs":true}"#, .messages, "log-probabilities"),
      (.chat, #"{"messages":[{"role":"user","content":"x","name":"Ann"}]}"#, .messages, "`name`"),
      (
        .chat,
        #"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"A","format":"wav"}}]}]}"#,
        .messages,
        "The agent asks in the dialect chat with audio input, which messages does not have."
      ),
      (.responses, #"{"input":"x","tools":[{"type":"web_search"}]}"#, .chat, "the tool web_search"),
      (.responses, #"{"input":"x","conversation":"c"}"#, .chat, "`conversation`"),
      (.responses, #"{"input":"x","background":true}"#, .chat, "`background` = true"),
      (.responses, #"{"input":"x","prompt":{"id":"p"}}"#, .chat, "`prompt`"),
      (.responses, #"{"input":"x","previous_response_id":"r"}"#, .chat, "`previous_response_id`"),
      (
        .messages, #"{"messages":[],"tools":[{"name":"f","input_schema":{},"input_examples":[{}]}]}"#, .chat,
        "`input_examples` in a tool"
      ),
      (.messages, #"{"messages":[],"top_k":5}"#, .chat, "top_k"),
      (.messages, #"{"messages":[],"thinking":{"type":"enabled","budget_tokens":5}}"#, .chat, "thinking"),
      (.messages, #"{"messages":[{"role":"assistant","content":"I"}]}"#, .chat, "continued"),
      (.text, #"{"prompt":"x"}"#, .chat, "plain text"),
      (.chat, #"{"messages":[]}"#, .text, "text does not have"),
    ])
  func refused(source: ModelDialect, json: String, target: ModelDialect, text: String) {
    let error = #expect(throws: UntranslatableError.self) {
      _ = try NeutralRequest(ModelQuestion(dialect: source, body: parsed(json))).body(in: target)
    }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }

  @Test("Messages becomes chat and Responses")
  func messages() throws {
    let question = ModelQuestion(
      dialect: .messages,
      body: parsed(
        #"""
        {"model":"m","max_tokens":9,"system":"Be kind.","stop_sequences":["END"],"metadata":{"user_id":"u"},
        "messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"},
        {"role":"user","content":[{"type":"text","text":"Go","cache_control":{"type":"ephemeral"}}]}],
        "tool_choice":{"type":"tool","name":"f"},"tools":[{"name":"f","input_schema":{"type":"object"}}]}
        """#))
    let body = try NeutralRequest(question).body(in: .chat)
    #expect(
      body
        == parsed(
          #"""
          {"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hi"},
          {"role":"assistant","content":"Hello"},{"role":"user","content":"Go"}],
          "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
          "tool_choice":{"type":"function","function":{"name":"f"}},"stop":["END"],"max_completion_tokens":9}
          """#))
  }

  @Test("Anthropic's API gets a limit of length and ids that it accepts")
  func defaults() throws {
    let body = parsed(
      #"""
      {"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":[
      {"id":"functions.f:0","type":"function","function":{"name":"f","arguments":""}}]},
      {"role":"tool","tool_call_id":"functions.f:0","content":"1"}]}
      """#)
    let written = try NeutralRequest(ModelQuestion(dialect: .chat, body: body)).body(in: .messages)
    #expect(written["max_tokens"]?.integer == NeutralRequest.defaultMaxTokens)
    #expect(written["messages"]?.items?[1]["content"]?.items?[0]["id"] == "functions_f_0")
    #expect(written["messages"]?.items?[2]["content"]?.items?[0]["tool_use_id"] == "functions_f_0")
  }

  @Test("A continued response is expanded to its whole history")
  func expanded() {
    let question = ModelQuestion(
      dialect: .responses,
      body: parsed(#"{"model":"m","previous_response_id":"r1","input":"Next","instructions":"New"}"#))
    let whole = question.expanded(
      previous: (
        parsed(#"{"model":"m","input":"First","instructions":"Old"}"#),
        parsed(#"{"id":"r1","output":[{"type":"message","id":"m1","role":"assistant","status":null,"content":[]}]}"#)
      ))
    #expect(
      whole.body
        == parsed(
          #"""
          {"model":"m","input":[{"role":"user","content":"First"},
          {"type":"message","id":"m1","role":"assistant","content":[]},{"role":"user","content":"Next"}],
          "instructions":"New"}
          """#))
  }
}
