import Agents
import Dialects
import Testing

@Suite("Streams")
struct StreamTests {
  private func question(_ dialect: ModelDialect) -> ModelQuestion {
    ModelQuestion(
      dialect: dialect, body: ["model": "m", "stream": true, "stream_options": ["include_usage": true]])
  }

  private func answer(_ answer: NeutralAnswer, _ dialect: ModelDialect) -> OrderedJSON {
    answer.json(in: dialect, model: "m", id: "a1", created: 3)
  }

  /// The data of the events as JSON, without the mark of the end.
  private func data(_ events: [StreamEvent]) -> [OrderedJSON] {
    events.filter { $0.data != "[DONE]" }.map { parsed($0.data) }
  }

  @Test("Chunks of chat add up to the answer")
  func chat() throws {
    for (name, neutral) in sampleAnswers {
      let whole = answer(neutral, .chat)
      let events = question(.chat).events(of: whole)
      #expect(events.last?.data == "[DONE]")
      let chunks = data(events)
      var texts: [String: String] = [:]
      var calls: [[String]] = []
      var finish: String?
      for chunk in chunks {
        #expect(chunk["object"] == "chat.completion.chunk")
        guard let choice = chunk["choices"]?.items?.first else { continue }
        for key in ["content", "refusal", "reasoning_content"] {
          texts[key, default: ""] += choice["delta"]?[key]?.text ?? ""
        }
        for call in choice["delta"]?["tool_calls"]?.items ?? [] {
          if let id = call["id"]?.text { calls.append([id, call["function"]?["name"]?.text ?? "", ""]) }
          calls[call["index"]?.integer ?? 0][2] += call["function"]?["arguments"]?.text ?? ""
        }
        finish = choice["finish_reason"]?.text ?? finish
      }
      #expect(texts["content"] == neutral.texts.joined(), "\(name)")
      #expect(texts["refusal"] == neutral.refusal ?? "")
      #expect(texts["reasoning_content"] == neutral.reasoning.map(\.text).joined())
      #expect(calls == neutral.calls.map { [$0.id, $0.name, $0.arguments] })
      #expect(finish == whole["choices"]?.items?.first?["finish_reason"]?.text)
      #expect(chunks.last?["choices"] == [] && chunks.last?["usage"] == whole["usage"])
    }
    let silent = ModelQuestion(dialect: .chat, body: ["stream": true])
    #expect(data(silent.events(of: answer(sampleAnswers[0].answer, .chat))).allSatisfy { $0["usage"] == nil })
  }

  @Test("Chunks of text add up to the answer, for every choice")
  func text() {
    let whole = parsed(
      #"""
      {"id":"c","object":"text_completion","created":1,"model":"m","choices":[
      {"text":"a long text that has several words in it","index":0,"logprobs":null,"finish_reason":"stop"},
      {"text":"b","index":1,"logprobs":{"token_logprobs":[-1]},"finish_reason":"length"}],"usage":{"total_tokens":3}}
      """#)
    var texts = ["", ""]
    for chunk in data(question(.text).events(of: whole)) {
      for choice in chunk["choices"]?.items ?? [] {
        texts[choice["index"]?.integer ?? 0] += choice["text"]?.text ?? ""
      }
    }
    #expect(texts == ["a long text that has several words in it", "b"])
  }

  @Test("Events of Anthropic's API add up to the answer")
  func messages() throws {
    for (name, neutral) in sampleAnswers {
      let whole = answer(neutral, .messages)
      let events = question(.messages).events(of: whole)
      var blocks: [OrderedJSON] = []
      var (inputs, message): ([String], OrderedJSON) = ([], [:])
      for (event, data) in zip(events, data(events)) {
        #expect(event.name == data["type"]?.text)
        switch event.name {
        case "message_start": message = data["message"] ?? [:]
        case "content_block_start":
          blocks.append(data["content_block"] ?? [:])
          inputs.append("")
        case "content_block_delta":
          let place = data["index"]?.integer ?? 0
          for key in ["text", "thinking", "signature"] {
            guard let piece = data["delta"]?[key]?.text else { continue }
            blocks[place].set(key, .text((blocks[place][key]?.text ?? "") + piece))
          }
          inputs[place] += data["delta"]?["partial_json"]?.text ?? ""
        case "content_block_stop":
          let place = data["index"]?.integer ?? 0
          if !inputs[place].isEmpty { blocks[place].set("input", parsed(inputs[place])) }
        case "message_delta":
          message.set("stop_reason", data["delta"]?["stop_reason"] ?? .null)
          message.set("usage", data["usage"] ?? .null)
        default: #expect(event.name == "message_stop")
        }
      }
      message.set("content", .list(blocks))
      #expect(message == whole, "\(name)")
    }
  }

  @Test("Events of Responses add up to the answer and are numbered")
  func responses() throws {
    for (name, neutral) in sampleAnswers {
      let whole = answer(neutral, .responses)
      let events = question(.responses).events(of: whole)
      var items: [OrderedJSON] = []
      var (texts, arguments) = ("", "")
      for (place, (event, data)) in zip(events, data(events)).enumerated() {
        #expect(data["sequence_number"]?.integer == place)
        #expect(event.name == data["type"]?.text)
        switch event.name {
        case "response.output_item.done": items.append(data["item"] ?? .null)
        case "response.output_text.delta": texts += data["delta"]?.text ?? ""
        case "response.function_call_arguments.delta": arguments += data["delta"]?.text ?? ""
        default: break
        }
      }
      #expect(.list(items) == whole["output"] ?? .null, "\(name)")
      #expect(texts == neutral.texts.joined())
      #expect(arguments == neutral.calls.map(\.arguments).joined())
      #expect(parsed(events.last?.data ?? "")["response"] == whole)
      let end = neutral.finish == .length || neutral.finish == .contentFilter ? "incomplete" : "completed"
      #expect(events.last?.name == "response." + end)
    }
  }

  @Test("An event is written as server-sent events are")
  func format() {
    #expect(StreamEvent(name: "a", data: "{}").text == "event: a\ndata: {}\n\n")
    #expect(StreamEvent(data: "[DONE]").text == "data: [DONE]\n\n")
  }
}
