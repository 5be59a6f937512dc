import Agents
import Foundation
import HTTP
import RolloutStore

/// The parts of a log of inspect_ai, version 2.
enum InspectLog {
  /// The scorer that stands for the world's reward.
  static let scorer = "reward"

  /// SQLite's time as ISO 8601 in UTC.
  static func time(_ stored: String) -> String {
    let isTime = stored.count == 19 && stored.allSatisfy { $0.isNumber || "-: ".contains($0) }
    return (isTime ? stored.replacing(" ", with: "T") : "1970-01-01T00:00:00") + "+00:00"
  }

  /// The place of a sample in an `.eval` file. It may not name another folder.
  static func fileName(_ task: String, epoch: Int) -> String {
    "samples/\(task.replacing("/", with: "_").replacing("\\", with: "_"))_epoch_\(epoch).json"
  }

  static func spec(of run: StoredRun, _ createdAt: String, epochs: Int = 1) -> OrderedJSON {
    let record = run.record
    return [
      "eval_id": .text(record.id), "run_id": .text(record.id), "created": .text(createdAt),
      "task": .text(record.environment.kind), "task_id": .text(record.environment.kind), "task_version": 0,
      "task_args": [:], "solver": .text(record.method), "tags": ["coxswain", .text(record.verb)],
      "dataset": ["name": .text(record.environment.kind), "samples": .integer(run.tasks)],
      "model": .text(record.policy), "model_args": [:],
      "config": ["epochs": .integer(epochs), "epochs_reducer": ["mean"]],
      "packages": ["coxswain": .text(ProductVersion.number)],
      "scorers": [["name": .text(scorer)]],
      "metadata": [
        "coxswain": [
          "run": .text(record.id), "verb": .text(record.verb), "method": .text(record.method),
          "isPrior": .flag(record.isPrior),
          "world": ["kind": .text(record.environment.kind), "rules": .text(record.environment.rules)],
          "policy": .text(record.policy), "format": .text(record.format.rawValue),
          "critic": .text(ifGiven: record.critic), "seed": .text(String(record.seed)),
        ]
      ],
    ]
  }

  static func plan(_ run: StoredRun) -> OrderedJSON {
    ["name": "plan", "steps": [["solver": .text(run.record.method), "params": [:]]], "config": [:]]
  }

  static func results(total: Int, completed: Int, _ rewards: Moments) -> OrderedJSON {
    var metrics: OrderedJSON = [:]
    if rewards.count > 0 { metrics.set("mean", ["name": "mean", "value": .number(rewards.mean)]) }
    if let error = rewards.standardError { metrics.set("stderr", ["name": "stderr", "value": .number(error)]) }
    return [
      "total_samples": .integer(total), "completed_samples": .integer(completed),
      "scores": [
        [
          "name": .text(scorer), "scorer": .text(scorer), "reducer": "mean", "scored_samples": .integer(rewards.count),
          "metrics": metrics,
        ]
      ],
    ]
  }

  static func sample(_ exported: ExportedTrajectory, epoch: Int, at time: String) -> OrderedJSON {
    let (record, trajectory) = (exported.record, exported.trajectory)
    let said = exported.messages.map(message)
    var messages = said
    if let last = trajectory.last {
      messages.append([
        "role": "user", "content": .text(last.outcome.observation.text),
        // The model was not shown it.
        "metadata": ["coxswain": "after the last answer"],
      ])
    }
    let first = (exported.places.first ?? nil) ?? 0
    let asked = exported.prompts[0]?.messages ?? Array(exported.messages[..<first])
    let usage = exported.usage.inspected(cost: exported.pricing?.cost(of: exported.usage))
    let log = events(exported, of: said, at: time)
    var sample: OrderedJSON = [
      "id": .text(exported.task.rawValue), "epoch": .integer(epoch),
      "input": asked.isEmpty ? .text(trajectory.request) : .list(asked.map(message)),
      "target": "", "messages": .list(messages),
      "output": output(exported, usage: usage), "scores": scores(exported),
      "metadata": ["coxswain": metadata(exported)],
      "store": [:], "events": .list(log.events),
      "events_data": ["messages": .list(log.pool.messages), "calls": []],
      "model_usage": .object([.init(exported.run.policy, usage)]),
      "total_time": .number(exported.seconds), "working_time": .number(exported.seconds),
      "uuid": .text(exported.id), "attachments": [:],
    ]
    if let failure = record.failure {
      sample.set("error", ["message": .text(failure.message), "traceback": "", "traceback_ansi": ""])
    }
    if !trajectory.isDone, record.failure == nil {
      sample.set("limit", ["type": "turn", "limit": .integer(trajectory.task.stepLimit)])
    }
    return sample
  }

  /// What `inspect view` lists of a sample.
  static func summary(of sample: OrderedJSON, _ exported: ExportedTrajectory) -> OrderedJSON {
    var summary: OrderedJSON = [:]
    for key in ["id", "epoch", "target", "scores", "model_usage", "total_time", "working_time", "uuid"] {
      summary.set(key, sample[key] ?? .null)
    }
    summary.set("input", .text(exported.trajectory.request.clipped(to: 500)))
    summary.set("error", .text(ifGiven: exported.record.failure?.message))
    summary.set("limit", .text(ifGiven: sample["limit"]?["type"]?.text))
    summary.set("completed", true)
    summary.set("message_count", .integer(sample["messages"]?.items?.count ?? 0))
    return summary
  }

  private static func scores(_ exported: ExportedTrajectory) -> OrderedJSON {
    guard let reward = exported.reward else { return [:] }
    var scores: OrderedJSON = [:]
    let answer = exported.trajectory.last?.action.text ?? ""
    scores.set(scorer, ["value": .number(reward), "answer": .text(answer)])
    for (name, value) in exported.rewards.sorted(by: { $0.key < $1.key }) where name != scorer {
      scores.set(name, ["value": .number(value)])
    }
    return scores
  }

  private static func output(_ exported: ExportedTrajectory, usage: OrderedJSON) -> OrderedJSON {
    guard let last = exported.messages.last, last["role"]?.text == "assistant" else {
      return ["model": .text(exported.run.policy), "choices": []]
    }
    return [
      "model": .text(exported.run.policy),
      "choices": [["message": message(last), "stop_reason": last["tool_calls"] == nil ? "stop" : "tool_calls"]],
      "usage": usage, "completion": .text(last["content"]?.text ?? ""),
    ]
  }

  /// What a log has no place for, and `cox import` reads.
  private static func metadata(_ exported: ExportedTrajectory) -> OrderedJSON {
    let record = exported.record
    return [
      "id": .text(exported.id), "particle": .integer(record.particle), "standing": .text(record.standing.rawValue),
      "split": .text(ifGiven: exported.split?.rawValue), "request": .text(exported.trajectory.task.request),
      "stepLimit": .integer(exported.trajectory.task.stepLimit), "isDone": .flag(exported.trajectory.isDone),
      "logWeight": .number(ifGiven: record.logWeight), "opening": .text(exported.trajectory.opening.text),
      "choices": .texts(ifGiven: exported.trajectory.opening.choices),
      "failure": record.failure.map { ["kind": .text($0.kind.rawValue), "text": .text($0.message)] } ?? .null,
      "places": .list(exported.places.map { $0.map(OrderedJSON.integer) ?? .null }),
    ]
  }
}
