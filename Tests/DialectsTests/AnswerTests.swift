import Agents
import Dialects
import Testing

/// Answers of every kind.
let sampleAnswers: [(name: String, answer: NeutralAnswer)] = {
  let usage = Usage(inputTokens: 100, cachedInputTokens: 20, outputTokens: 30, reasoningTokens: 10)
  let call = AnswerPart.call(
    CalledTool(id: "call_abc", name: "search", arguments: #"{"query":"café \"x\"\n","deep":{"n":[1,2.50]}}"#))
  let other = AnswerPart.call(CalledTool(id: "call_def", name: "now", arguments: "{}"))
  let words = "The quick brown fox jumps over the lazy dog, and then — 👩‍👩‍👧 — it sleeps.\r\nEnd."
  return [
    ("text", NeutralAnswer(parts: [.text(words)], finish: .stop, usage: usage)),
    ("cut", NeutralAnswer(parts: [.text(words)], finish: .length, usage: usage)),
    ("calls", NeutralAnswer(parts: [.text("Let me look."), call, other], finish: .toolCalls, usage: usage)),
    ("call", NeutralAnswer(parts: [call], finish: .toolCalls, usage: usage)),
    (
      "thoughts",
      NeutralAnswer(
        parts: [.reasoning(Reasoning("I should look it up somewhere first.", signature: "c2ln")), .text("So."), call],
        finish: .toolCalls, usage: usage)
    ),
    ("empty", NeutralAnswer(parts: [.text("")], finish: .stop, usage: usage)),
    (
      "logprobs",
      NeutralAnswer(
        parts: [.text("Yes, indeed it is.")], finish: .stop, usage: usage,
        logProbabilities: [
          ["token": "Yes", "logprob": -0.25, "bytes": [89, 101, 115], "top_logprobs": []],
          ["token": ", indeed it is.", "logprob": -0.5, "bytes": [44], "top_logprobs": []],
        ], logProbability: -0.75)
    ),
    ("refusal", NeutralAnswer(parts: [.refusal("I can't help with that.")], finish: .contentFilter, usage: usage)),
  ]
}()

@Suite("Answers in other dialects")
struct AnswerTests {
  @Test("An answer is read back from every dialect", arguments: [ModelDialect.chat, .responses, .messages])
  func roundTrip(dialect: ModelDialect) throws {
    for (name, answer) in sampleAnswers where name != "empty" {
      let json = answer.json(in: dialect, model: "gpt-x", id: "a1", created: 7)
      var back = try NeutralAnswer(json, dialect)
      if dialect == .messages {
        // Anthropic's API has neither.
        back.usage?.reasoningTokens = 10
        (back.logProbabilities, back.logProbability) = (answer.logProbabilities, answer.logProbability)
      }
      // Chat has them under a key.
      back.logProbabilities = back.logProbabilities?["content"] ?? back.logProbabilities
      #expect(back == answer, "\(name) in \(dialect)")
      #expect(json["model"] == "gpt-x")
    }
  }

  @Test("An answer in the question's dialect changes in model and missing usage alone")
  func verbatim() throws {
    let question = ModelQuestion(
      dialect: .chat, body: ["model": "asked", "messages": [["role": "user", "content": "Hi there"]]])
    let own = parsed(
      #"{"id":"x","extra":1.50,"model":"served","choices":[{"message":{"content":"Yo"},"logprobs":{"content":[]}}]}"#)
    let answer = try question.answer(own, inDialect: .chat)
    var expected = own
    expected.set("model", "asked")
    var without = answer
    #expect((without.remove("usage")?["completion_tokens"]?.integer ?? 0) >= 1)
    #expect(without == expected)
    let reported = parsed(#"{"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#)
    #expect(try question.answer(reported, inDialect: .chat)["usage"] == reported["usage"])
  }

  @Test("A translated answer keeps the ids of calls and has usage")
  func translated() throws {
    let question = ModelQuestion(
      dialect: .responses,
      body: parsed(#"{"model":"asked","input":"Hi","instructions":"Be kind.","temperature":0.5}"#))
    let own = parsed(
      #"""
      {"id":"msg_1","type":"message","content":[{"type":"text","text":"Hm"},
      {"type":"tool_use","id":"toolu_1","name":"f","input":{"b":1,"a":2}}],"stop_reason":"tool_use"}
      """#)
    let answer = try question.answer(own, inDialect: .messages, created: 5)
    #expect(answer["output"]?.items?.last?["call_id"] == "toolu_1")
    #expect(answer["output"]?.items?.last?["arguments"] == #"{"b":1,"a":2}"#)
    #expect(answer["model"] == "asked")
    #expect(answer["created_at"] == 5)
    #expect(answer["instructions"] == "Be kind.")
    #expect((answer["usage"]?["output_tokens"]?.integer ?? 0) > 0)
    #expect(throws: UnreadableAnswerError.self) { try question.answer(["x": 1], inDialect: .chat) }
  }

  @Test("Unusual answers of chat are read")
  func tolerant() throws {
    let json = parsed(
      #"""
      {"choices":[{"message":{"role":"assistant","content":[{"type":"text","text":"<think>a</think>b"}],
      "tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]},"finish_reason":"stop",
      "logprobs":{"content":[{"token":"b","logprob":-0.5},{"token":"c","logprob":-1}]}}]}
      """#)
    let answer = try NeutralAnswer(json, .chat)
    #expect(answer.reasoning.map(\.text) == ["a"])
    #expect(answer.texts == ["b"])
    #expect(answer.calls.first?.arguments == #"{"x":1}"#)
    #expect(answer.calls.first?.id.hasPrefix("call_") == true)
    #expect(answer.finish == .toolCalls)
    #expect(answer.usage == nil)
    #expect(answer.logProbability == -1.5)
  }

  @Test(
    "A reader sees texts and calls in one form in every dialect", arguments: [ModelDialect.chat, .responses, .messages])
  func readable(dialect: ModelDialect) {
    let texts = sampleAnswers.map {
      Readable.answer($0.answer.json(in: dialect, model: "m", id: "a", created: 0), dialect)
    }
    let call = #"<tool_call>{"name":"search","arguments":{"deep":{"n":[1,2.50]},"query":"café \"x\"\n"}}</tool_call>"#
    let other = #"<tool_call>{"name":"now","arguments":{}}</tool_call>"#
    #expect(texts[2] == "Let me look.\n" + call + "\n" + other)
    #expect(texts[4] == "So.\n" + call)
    #expect(texts[5] == "")
    #expect(texts[6] == "Yes, indeed it is.")
    #expect(texts[7] == "I can't help with that.")
  }
}
