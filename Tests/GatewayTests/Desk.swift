import Agents
import ChildProcess
import Dialects
import Foundation
import Steering
import Synchronization
import TestSupport

@testable import Gateway

/// Programs in Python's standard library, behind a gateway.
struct Bench {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-gateway-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  /// What every program has: `ask(messages, **more)` returns the message of the answer.
  static let client = """
    import json, os, sys, time, urllib.request, urllib.error

    BASE, KEY = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]

    def post(path, body, key=KEY, headers={}):
        request = urllib.request.Request(BASE + path, data=json.dumps(body).encode(), method="POST",
            headers={"Content-Type": "application/json", "Authorization": "Bearer " + key, **headers})
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return reply.status, json.loads(reply.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def ask(messages, **more):
        status, answer = post("/chat/completions", {"model": "some-model", "messages": messages, **more})
        if status != 200:
            raise SystemExit(f"{status}: {answer}")
        return answer["choices"][0]["message"]

    """

  /// The path of a program.
  func program(_ body: String, name: String = "agent.py") throws -> String {
    let path = folder.appendingPathComponent(name)
    try (Self.client + body).write(to: path, atomically: true, encoding: .utf8)
    return path.path
  }

  static let tasks = #"""
    {"id": "a", "split": "test", "input": "one"}
    {"id": "b", "split": "test", "input": "two"}
    {"id": "c", "split": "train", "input": "three"}
    """#

  func settings(
    _ body: String, match: QuestionMatch = .ids, ignore: [String] = [],
    change: (inout AgentWorld.Settings) -> Void = { _ in }
  ) throws -> AgentWorld.Settings {
    var settings = AgentWorld.Settings(
      command: ["python3", try program(body), "{task}", "{input}"], tasks: ("tasks.jsonl", Self.tasks),
      comparison: try QuestionComparison(match, ignore: ignore))
    settings.timeout = 90
    change(&settings)
    return settings
  }

  func with<T>(
    _ body: String, match: QuestionMatch = .ids, ignore: [String] = [],
    change: (inout AgentWorld.Settings) -> Void = { _ in }, _ run: (AgentWorld) async throws -> T
  ) async throws -> T {
    let world = try await AgentWorld(settings(body, match: match, ignore: ignore, change: change))
    do {
      let value = try await run(world)
      await world.close()
      return value
    } catch {
      await world.close()
      throw error
    }
  }
}

/// A chain of bits: each answer is a bit, and the reward is the share of ones.
let chainProgram = """
  task = sys.argv[1]
  messages = [{"role": "system", "content": "Answer with 0 or 1."}, {"role": "user", "content": "start " + task}]
  bits = []
  for step in range(4):
      answer = ask(messages)["content"]
      bits.append(answer.strip())
      messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": "so far " + "".join(bits)}]
  print(json.dumps({"reward": bits.count("1") / 4}))
  """

extension AgentWorld {
  /// Plays an attempt with these answers.
  func play(_ id: TaskID = "a", _ answers: [String]) async throws -> Trajectory {
    var (episode, opening) = try await begin(task(id))
    var trajectory = Trajectory(task: try task(id), opening: opening)
    do {
      for answer in answers where !trajectory.isDone {
        let action = Action.answer(answer, inFull: nil)
        let outcome = try await episode.step(action)
        trajectory.append(Step(response: answer, action: action, outcome: outcome))
      }
    } catch {
      await episode.close()
      throw error
    }
    await episode.close()
    return trajectory
  }
}
