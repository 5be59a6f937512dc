import Agents
import Foundation
import TestSupport
import Testing

@testable import AgentGym

@Suite("Damaged answers of AgentGym's servers are failures")
struct WireFuzzTests {
  @Test("Every dialect, every route", .timeLimit(.minutes(10)))
  func bodies() {
    let seeds = [
      #"{"id":0,"observation":"You are in a room.","done":false,"reward":0.25}"#, "7",
      #"{"task_name":"boil","var_num":1,"task_description":"Boil water.","observation":"A room.","reward":0,"score":-100,"deleted":false,"done":true}"#,
      #"["Instruction: find shoes",null]"#, #"{"state":"a page","reward":0.5,"done":true,"info":null}"#, "true",
      #"{"error":"no environment 3"}"#,
      #"{"detail":[{"type":"missing","loc":["body","game"],"msg":"Field required"}]}"#,
      #"{"observation":"x","available_actions":["a","b"],"admissible_commands":[["c"]],"reward":NaN,"done":0}"#,
    ]
    var read = 0
    for (number, data) in Fuzz("AgentGym", seeds, count: 2_000, words: ["\"done\":", "\"reward\":"]).enumerated() {
      for dialect in Dialect.builtIn {
        let status = [200, 200, 200, 404, 422, 500, 503][number % 7]
        guard let answer = try? GymWire.read(data, status: status, to: dialect.step) else { continue }
        _ = try? dialect.created(answer)
        _ = try? dialect.opening(answer)
        if let outcome = try? dialect.outcome(answer) {
          #expect(outcome.amount.isFinite)
          read += 1
        }
      }
    }
    #expect(read > 0)
  }

  @Test("Dialects that a configuration changes", .timeLimit(.minutes(10)))
  func overrides() {
    let seeds = [
      #"{"step":"POST /step2","reward":"info.score","createdID":"id","lostPhrases":["gone"],"observation":"0"}"#,
      #"{"create":{"method":"POST","path":"/create","fields":{"a":1}},"reset":"GET /reset","choices":"available_actions","unit":0.01}"#,
    ]
    for data in Fuzz("DialectOverrides", seeds, count: 1_000, words: ["\"GET /x\"", "\"step\":", "\"reset\":"]) {
      guard let fields = JSONValue(parsing: String(decoding: data, as: UTF8.self))?.fields else { continue }
      for dialect in Dialect.builtIn { _ = try? Dialect(basedOn: dialect, overrides: fields) }
    }
  }
}
