import Agents
import Dialects
import Foundation
import TestSupport
import Testing
import Workbench

@testable import Serving

@Suite("Requests to a served world")
struct TaskRequestTests {
  private static func read(_ json: String, _ dialect: ModelDialect = .chat) throws -> TaskRequest {
    try TaskRequest(Array(json.utf8), in: dialect)
  }

  static let sound = [
    #"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"do this"}],"temperature":0.5}"#,
    #"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],"stream":true,"stream_options":{"include_usage":true}}"#,
    #"{"messages":[{"role":"user","content":"x"}],"metadata":{"task":"order-1-2","split":"test"},"seed":7,"n":1}"#,
    #"{"input":"do this","metadata":{"description":"that"}}"#,
    #"{"input":[{"role":"user","content":[{"type":"input_text","text":"a"}]}],"metadata":null,"tools":[]}"#,
  ]

  @Test("A task is named by the metadata, or described by it or by the last message of the user")
  func wishes() throws {
    #expect(try Self.read(Self.sound[0]).wish == .described("do this"))
    let parts = try Self.read(Self.sound[1])
    #expect(parts.wish == .described("a\nb") && parts.question.isStreaming && parts.seed == nil)
    let named = try Self.read(Self.sound[2])
    #expect(named.wish == .named("order-1-2", split: .test) && named.seed == 7)
    #expect(try Self.read(Self.sound[3], .responses).wish == .described("that"))
    #expect(try Self.read(Self.sound[4], .responses).wish == .described("a"))
    let number = #"{"messages":[],"metadata":{"task":3}}"#
    #expect(try Self.read(number).wish == .named("3", split: nil))
    let split = #"{"messages":[],"metadata":{"split":"train"}}"#
    #expect(try Self.read(split).wish == .named(nil, split: .train))
    // The last message of the user counts, whatever the model is said to have answered.
    let turns =
      #"{"messages":[{"role":"user","content":"one"},{"role":"assistant","content":"two"},{"role":"user","content":" three\n"}]}"#
    #expect(try Self.read(turns).wish == .described("three"))
    let speaker = #"{"messages":[{"role":"system","name":"s","content":"x"},{"role":"user","name":"u","content":"y"}]}"#
    #expect(try Self.read(speaker).wish == .described("y"))
  }

  @Test(
    "What cannot be is refused by name",
    arguments: [
      (#"{"messages":[{"role":"user","content":"x"}],"n":0}"#, "n"),
      (#"{"messages":[{"role":"user","content":"x"}],"n":"two"}"#, "n"),
      (#"{"messages":[{"role":"user","content":"x"}],"seed":1.5}"#, "seed"),
      (#"{"messages":[{"role":"user","content":"x"}],"metadata":[]}"#, "metadata"),
      (#"{"messages":[{"role":"user","content":"x"}],"metadata":{"task":["a"]}}"#, "metadata.task"),
      (#"{"messages":[{"role":"user","content":"x"}],"metadata":{"split":"dev"}}"#, "metadata.split"),
      (#"{"messages":[{"role":"user","content":"  "}]}"#, "messages"),
      (#"{"messages":[{"role":"assistant","content":"x"}]}"#, "messages"),
      (#"{}"#, "messages"),
      (#"{"messages":[{"role":"user","content":"x"}],"tool_choice":"required"}"#, "tool_choice"),
    ])
  func refused(json: String, param: String) {
    let error = #expect(throws: ServingError.self) { try Self.read(json) }
    #expect(error?.kind == .badRequest && error?.param == param && error?.message.isEmpty == false)
  }

  @Test("Any bytes give a request or an error in OpenAI's form")
  func fuzz() async throws {
    for await data in Fuzz(
      "TaskRequest", Self.sound, count: 3_000,
      words: ["metadata", "task", "split", "messages", "null", "user", "content", "\\u0000", "1e999", "[[[["])
    {
      for dialect in [ModelDialect.chat, .responses] {
        do throws(ServingError) {
          let request = try TaskRequest(Array(data), in: dialect)
          if case .described(let text) = request.wish { #expect(!text.isEmpty) }
        } catch {
          #expect(error.kind == .badRequest)
          #expect(OrderedJSON(parsing: error.json.json)?["error"]?["message"]?.text == error.message)
        }
      }
    }
  }

  @Test("A message that quotes at length is cut")
  func long() {
    let error = ServingError(.failed, String(repeating: "x", count: 100_000))
    #expect(error.message.count < 5_000 && error.json.json.utf8.count < 6_000)
  }
}
