import Agents
import Dialects
import Testing

@Suite("What is new in a question")
struct NewsTests {
  private let system: OrderedJSON = ["role": "system", "content": "Be kind."]
  private let task: OrderedJSON = ["role": "user", "content": "Find it."]
  private let call = parsed(
    #"""
    {"role":"assistant","content":"","tool_calls":[{"id":"c1","function":{"name":"search","arguments":"{}"}},
    {"id":"c2","function":{"name":"read","arguments":"{}"}}]}
    """#)
  private func result(_ id: String, _ text: String) -> OrderedJSON {
    ["role": "tool", "tool_call_id": .text(id), "content": .text(text)]
  }
  private func chat(_ messages: OrderedJSON...) -> ModelQuestion {
    ModelQuestion(dialect: .chat, body: ["messages": .list(messages)])
  }

  @Test("Turns of chat")
  func chat() {
    let first = chat(system, task)
    #expect(first.news(after: nil) == "Find it.")
    #expect(chat(system, task, call, result("c1", "Here.")).news(after: first) == "Here.")
    let both = chat(system, task, call, result("c1", "Here."), result("c2", "There."))
    #expect(both.news(after: first) == "tool search:\nHere.\ntool read:\nThere.")
    #expect(both.news(after: chat(system, task, call, result("c1", "Here."))) == "There.")
    // The history was shortened.
    let summary: OrderedJSON = ["role": "user", "content": "Summary."]
    #expect(chat(system, summary).news(after: both) == "Summary.")
    #expect(chat(system, summary, call, result("c1", "New.")).news(after: both) == "New.")
    #expect(first.news(after: first) == "")
  }

  @Test("Turns of Anthropic's API, whose marks of caching move")
  func messages() {
    let first = ModelQuestion(
      dialect: .messages,
      body: parsed(
        #"""
        {"system":"Be kind.","messages":[{"role":"user","content":[
        {"type":"text","text":"Find it.","cache_control":{"type":"ephemeral"}},
        {"type":"image","source":{"type":"url","url":"u"},"cache_control":{"type":"ephemeral"}}]}]}
        """#))
    #expect(first.news(after: nil) == "Find it.\n[image]")
    let second = ModelQuestion(
      dialect: .messages,
      body: parsed(
        #"""
        {"system":"Be kind.","messages":[{"role":"user","content":[
        {"type":"text","text":"Find it."},{"type":"image","source":{"type":"url","url":"u"}}]},
        {"role":"assistant","content":[{"type":"text","text":"I look."},
        {"type":"tool_use","id":"t1","name":"a","input":{}},{"type":"tool_use","id":"t2","name":"b","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"one"},
        {"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"two"}]},
        {"type":"text","text":"Go on."}]}]}
        """#))
    #expect(second.news(after: first) == "tool a:\none\ntool b:\ntwo\nGo on.")
  }

  @Test("Items of Responses")
  func responses() {
    let first = ModelQuestion(dialect: .responses, body: parsed(#"{"instructions":"Be kind.","input":"Find it."}"#))
    #expect(first.news(after: nil) == "Find it.")
    let second = ModelQuestion(
      dialect: .responses,
      body: parsed(
        #"""
        {"instructions":"Be kind.","input":[{"role":"user","content":"Find it."},
        {"type":"reasoning","id":"r","summary":[]},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"c","output":"Here."}]}
        """#))
    #expect(second.news(after: first) == "Here.")
  }

  @Test("Prompts of plain text")
  func text() {
    func ask(_ prompt: String) -> ModelQuestion { ModelQuestion(dialect: .text, body: ["prompt": .text(prompt)]) }
    #expect(ask("Q: 1\nA:").news(after: nil) == "Q: 1\nA:")
    #expect(ask("Q: 1\nA: yes\nQ: 2\nA:").news(after: ask("Q: 1\nA:"), answer: " yes ") == "\nQ: 2\nA:")
    #expect(ask("Other").news(after: ask("Q: 1\nA:")) == "Other")
  }
}
