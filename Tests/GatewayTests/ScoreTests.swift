import Agents
import Foundation
import Testing

@testable import Gateway

@Suite("Scores of agents' programs")
struct ScoreTests {
  let bench: Bench

  init() throws { bench = try Bench() }

  private static let one = """
    answer = ask([{"role": "user", "content": "go"}])["content"]

    """

  /// The outcome of the last step, or the error.
  private func end(
    _ body: String, answers: [String] = ["yes"], change: (inout AgentWorld.Settings) -> Void = { _ in }
  ) async throws -> Result<Trajectory, WorldError> {
    try await bench.with(body, change: change) { world in
      do { return .success(try await world.play("a", answers)) } catch let error as WorldError {
        return .failure(error)
      }
    }
  }

  private func message(_ result: Result<Trajectory, WorldError>) -> (kind: WorldError.Kind, text: String)? {
    if case .failure(let error) = result { (error.kind, error.message) } else { nil }
  }

  @Test("The last JSON line with a reward counts; other output, binary or not, is left alone")
  func lastLine() async throws {
    let body =
      Self.one + """
        print("thinking", json.dumps({"reward": 9}))
        sys.stdout.buffer.write(bytes(range(256)) * 40 + b"\\n")
        print("{not json}")
        print(json.dumps({"reward": 0.25}))
        print(json.dumps({"reward": 0.5, "why": "ok"}))
        sys.stdout.write("no line feed at the end")
        """
    #expect(try await end(body).get().reward == 0.5)
    // A score without a line feed counts, too; a truth value is 1 or 0.
    #expect(try await end(Self.one + #"sys.stdout.write('{"reward": true}')"#).get().reward == 1)
  }

  @Test("Partial rewards are paid when they are printed; the last line states the whole")
  func partial() async throws {
    let body = """
      ask([{"role": "user", "content": "one"}])
      print(json.dumps({"reward": 0.25, "partial": True}))
      ask([{"role": "user", "content": "two"}])
      print(json.dumps({"reward": 0.25, "partial": True}))
      print(json.dumps({"reward": 0.75}))
      """
    let trajectory = try await end(body, answers: ["a", "b"]).get()
    #expect(trajectory.steps.map(\.outcome.reward) == [0.25, 0.5])
  }

  @Test("A program that crashes, or gives no score or none that is a number, has failed, with its last words")
  func failures() async throws {
    let crash = message(try await end(Self.one + "raise ValueError('no such drawer')"))
    #expect(crash?.kind == .unavailable)
    #expect(crash?.text.contains("no such drawer") == true && crash?.text.contains("status 1") == true)
    let silent = message(try await end(Self.one + "print('done')"))
    #expect(silent?.kind == .unavailable && silent?.text.contains("printed no score") == true)
    let notNumber = message(try await end(Self.one + "print(json.dumps({'reward': float('nan')}))"))
    #expect(notNumber?.kind == .badReward && notNumber?.text.contains("NaN") == true)
    // What a program had printed or written before it crashed is no score.
    let late = message(try await end(Self.one + "print(json.dumps({'reward': 1}), flush=True); sys.exit(3)"))
    #expect(late?.kind == .unavailable && late?.text.contains("status 3") == true)
    let killed = message(try await end(Self.one + "os.kill(os.getpid(), 9)"))
    #expect(killed?.text.contains("signal 9") == true)
    let asksNothing = message(try await end("print(json.dumps({'reward': 1}))"))
    #expect(asksNothing?.text.contains("asked no model") == true)
    let hangs = message(try await end(Self.one + "time.sleep(60)") { $0.timeout = 1 })
    #expect(hangs?.text.contains("neither asked nor ended within 1.0 s") == true)
  }

  @Test("Scores from the exit status, from a file, and from a command in the attempt's folder")
  func otherScores() async throws {
    #expect(try await end(Self.one + "sys.exit(0)") { $0.score = .exit }.get().reward == 1)
    #expect(try await end(Self.one + "sys.exit(3)") { $0.score = .exit }.get().reward == 0)
    let writes = Self.one + #"open("result.json", "w").write('{"reward": 0.3}')"#
    #expect(try await end(writes) { $0.score = .file("result.json") }.get().reward == 0.3)
    let missing = message(try await end(Self.one) { $0.score = .file("result.json") })
    #expect(missing?.kind == .unavailable && missing?.text.contains("result.json") == true)

    let grades = bench.folder.appendingPathComponent("grade.py").path
    try #"""
    import json, os, sys
    print(json.dumps({"reward": 0.4 if open("result.json").read() and json.loads(os.environ["COX_TASK"])["input"] == "one" else 0}))
    """#.write(toFile: grades, atomically: true, encoding: .utf8)
    #expect(try await end(writes) { $0.score = .command(["python3", grades]) }.get().reward == 0.4)
    #expect(try await end(writes) { $0.score = .command(["false"]) }.get().reward == 0)
    #expect(try await end(writes) { $0.score = .command(["true"]) }.get().reward == 1)
    // Neither passed nor failed: the grader itself is at fault, and the reward is not 0.
    let broken = message(
      try await end(writes) { $0.score = .command(["sh", "-c", "echo no such fixture >&2; exit 4"]) })
    #expect(broken?.kind == .unavailable && broken?.text.contains("no such fixture") == true)
    let gone = try? await end(writes) { $0.score = .command(["python3", "no_such_grader.py"]) }
    #expect(gone == nil)
    let behind = message(
      try await end(writes) {
        $0.score = .command(["sh", "-c", "sleep 86417 & exit 0"])
        $0.timeout = 20
      })
    #expect(behind == nil)
    let crashed = message(try await end(Self.one + "sys.exit(2)") { $0.score = .command(["true"]) })
    #expect(crashed?.kind == .unavailable)
  }

  @Test("Past the allowed calls the program is refused; what it says then is its score, or it has failed")
  func tooManyCalls() async throws {
    let greedy = """
      for number in range(5):
          status, answer = post("/chat/completions", {"model": "m", "messages": [{"role": "user", "content": str(number)}]})
          if status != 200:
              print(json.dumps({"reward": number / 10}))
              sys.exit(0)
      """
    let trajectory = try await end(greedy, answers: ["a", "b", "c"]) { $0.calls = 2 }.get()
    #expect(trajectory.count == 2 && trajectory.isDone && trajectory.reward == 0.2)
    let loud = """
      for number in range(5):
          ask([{"role": "user", "content": str(number)}])
      """
    // One that asks on, whatever it is told, is not waited for.
    let stubborn = """
      for number in range(5):
          status, answer = post("/chat/completions", {"model": "m", "messages": [{"role": "user", "content": str(number)}]})
      print(json.dumps({"reward": 0.4}))
      """
    #expect(try await end(stubborn, answers: ["a", "b", "c"]) { $0.calls = 2 }.get().reward == 0.4)
    let failed = message(try await end(loud, answers: ["a", "b", "c"]) { $0.calls = 2 })
    #expect(failed?.text.contains("429") == true)
  }
}
