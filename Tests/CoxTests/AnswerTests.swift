import Foundation
import TestSupport
import TestTraits
import Testing

/// The chosen answers in the output of `cox steer` and `cox compare`.
@Suite("The chosen answer on the command line", .alone)
struct AnswerCommandTests {
  private static func rows(_ json: [String: Any]) -> [[String: Any]] { json["perTask"] as? [[String: Any]] ?? [] }

  @Test("steer prints the last action of the best attempt, and has the conversation in its JSON; so has a resumed run")
  func steps() async throws {
    let cox = try Command()
    defer { cox.clean() }
    try await TestServer.with(OrderServer.answer) { server in
      var text = OrderServer.configuration(server.url, tasks: 3)
      text = text.replacing("answer: sample", with: "answer: search")
      let file = try cox.write(text, to: "c.yaml")
      let arguments = ["steer", "--config", file, "--method", "best-of", "--quiet", "--json", "-"]
      let stopped = try await cox.run(arguments: arguments + ["--limit-calls", "20"])
      #expect(stopped.status == 3)
      let whole = try await cox.run(arguments: arguments)
      let rows = Self.rows(whole.json)
      #expect(rows.count == 3, "\(whole.errors)")
      for row in rows {
        #expect(row["selectedBy"] as? String == "verifier" && row["answerKind"] as? String == "action")
        #expect(row["answerReward"] as? Double == row["rewardBest"] as? Double)
        let messages = try #require(row["messages"] as? [[String: Any]])
        #expect(messages.first?["role"] as? String == "system" && messages.last?["role"] as? String == "assistant")
        let answer = try #require(row["answer"] as? String)
        #expect((messages.last?["content"] as? String)?.contains(answer) == true)
      }
      let asked = server.requests.count
      let again = try await cox.run(arguments: arguments)
      #expect(server.requests.count == asked)
      #expect((Self.rows(again.json) as NSArray) == (rows as NSArray))
      let shown = try await cox.run("steer", "--config", file, "--method", "best-of", "--quiet")
      #expect(shown.output.contains("order-1-0: last action, chosen by the verifier, reward "))
      // Without a verifier, and without a critic, nothing can choose.
      let blind = try await cox.run(arguments: arguments + ["--no-verifier"])
      #expect(Self.rows(blind.json).allSatisfy { $0["selectedBy"] as? String == "chance" })
      let guided = try await cox.run(
        "steer", "--config", file, "--method", "amc", "--resample", "steps:2", "--critic", "constant", "--no-verifier",
        "--quiet", "--json", "-")
      #expect(Self.rows(guided.json).allSatisfy { $0["selectedBy"] as? String == "critic" }, "\(guided.errors)")
      // Of a comparison the JSON stays small.
      let compared = try await cox.run(
        "compare", "--config", file, "--methods", "single,best-of", "--quiet", "--json", "-")
      let methods = try #require(compared.json["methods"] as? [[String: Any]])
      #expect(methods.flatMap(Self.rows).allSatisfy { $0["answer"] is String && $0["messages"] == nil })
      let detailed = try await cox.run(
        "compare", "--config", file, "--methods", "single,best-of", "--answers", "--quiet", "--json", "-")
      let all = try #require(detailed.json["methods"] as? [[String: Any]])
      #expect(all.flatMap(Self.rows).allSatisfy { ($0["messages"] as? [Any])?.isEmpty == false })
    }
  }

  @Test("A task in which every attempt failed has null and the reason")
  func failures() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      let text = String(decoding: request.body, as: UTF8.self)
      // The first order.
      guard !text.contains("I want five tiny blue nylon dress, so") else {
        return .answer(400, #"{"error":{"message":"flagged","code":"content_filter"}}"#)
      }
      return OrderServer.answer(request)
    }
    try await TestServer.with(reply) { server in
      let file = try cox.write(OrderServer.configuration(server.url, tasks: 2), to: "c.yaml")
      let result = try await cox.run(
        "steer", "--config", file, "--method", "best-of", "--particles", "2", "--quiet", "--json", "-")
      let rows = Self.rows(result.json)
      let (lost, found) = (rows.filter { $0["answer"] is NSNull }, rows.filter { $0["answer"] is String })
      #expect(!lost.isEmpty && !found.isEmpty, "\(rows.count): \(result.errors)")
      for row in lost {
        #expect(row["selectedBy"] is NSNull && row["messages"] == nil && row["rewardBest"] == nil)
        #expect((row["noAnswer"] as? String)?.contains("Every attempt failed.") == true)
      }
      let shown = try await cox.run(
        "steer", "--config", file, "--method", "best-of", "--particles", "2", "--quiet")
      #expect(shown.output.contains(": no answer\n  Every attempt failed."))
    }
  }

  @Test("Of an agent's own program it is the text of the model's last answer; a terminal gets no control characters")
  func agent() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let program = """
      import json, os, urllib.request
      messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": json.loads(os.environ["COX_TASK"])["input"]}]
      for step in range(2):
          request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions",
              data=json.dumps({"model": "m", "messages": messages}).encode(),
              headers={"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
          message = json.loads(urllib.request.urlopen(request).read())["choices"][0]["message"]
          messages += [message, {"role": "user", "content": "go on"}]
      print(json.dumps({"reward": len(message["content"]) % 7 / 7}))
      """
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      .answer(
        200,
        #"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Answer \#(request.number)\u001b[31m, final"}}]}"#
      )
    }
    try await TestServer.with(reply) { server in
      _ = try cox.write(program, to: "a.py")
      _ = try cox.write(#"{"id": "t", "split": "test", "input": "What is it?"}"#, to: "tasks.jsonl")
      let arguments = [
        "--method", "best-of", "--particles", "2", "--tasks-from", "tasks.jsonl", "--url", server.url, "--model", "m",
        "--quiet", "--", "python3", "a.py",
      ]
      let result = try await cox.run(arguments: ["steer", "--json", "-"] + arguments)
      let row = try #require(Self.rows(result.json).first, "\(result.errors)")
      let answer = try #require(row["answer"] as? String)
      #expect(answer.hasSuffix("\u{1B}[31m, final") && row["answerKind"] as? String == "message")
      let messages = try #require(row["messages"] as? [[String: Any]])
      #expect(messages.map { $0["role"] as? String } == ["system", "user", "assistant", "user", "assistant"])
      #expect(messages[1]["content"] as? String == "What is it?" && messages[4]["content"] as? String == answer)
      #expect(!result.output.unicodeScalars.contains("\u{1B}"))
      let shown = try await cox.run(arguments: ["steer"] + arguments)
      #expect(shown.output.contains("t: answer, chosen by the verifier") && shown.output.contains("␛[31m, final"))
      #expect(!shown.output.unicodeScalars.contains("\u{1B}"))
    }
  }
}
