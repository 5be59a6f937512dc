import Agents
import RolloutStore

/// The form of an export.
package enum ExportFormat: String, CaseIterable, Sendable, Encodable {
  /// One trajectory a line, as JSON.
  case jsonl
  /// The same as typed columns.
  case parquet
  /// Examples for the trainers of TRL, as JSON lines.
  case trl
  /// A log of inspect_ai.
  case inspect
  /// AgentGym's trajectories.
  case agentgym
  /// A recording of a policy.
  case cassette

  /// The end of a file's name, without a point.
  var ending: String {
    switch self {
    case .jsonl, .trl, .cassette: "jsonl"
    case .parquet: "parquet"
    case .inspect: "eval"
    case .agentgym: "json"
    }
  }
}

/// The trainer of TRL that examples are for.
package enum TrainerForm: String, CaseIterable, Sendable, Encodable {
  /// Supervised fine-tuning: whole conversations.
  case sft
  /// Preference pairs: attempts at one task that share their beginning and part at a step.
  case dpo
  /// Single attempts that are desirable or not.
  case kto
}

/// Which trajectories are exported.
package struct ExportSelection: Sendable {
  /// Runs by the beginning of their ids, or `last`; empty for all.
  package var runs: [String] = []
  /// nil for all splits and for tasks without one.
  package var split: Split?
  /// Ids of tasks with commas, or places in the configured world's split (`0..<40`); nil for all.
  package var tasks: String?
  package var standings: Set<Standing> = [.final, .banked]
  /// Whether failed attempts are exported, too.
  package var failed = false

  /// When a trajectory left its population.
  package enum Standing: String, CaseIterable, Sendable {
    case final, banked, culled

    init(_ standing: TrajectoryRecord.Standing) {
      switch standing {
      case .final: self = .final
      case .banked: self = .banked
      case .culled: self = .culled
      }
    }
  }

  package init() {}

  /// - Parameter standings: names with commas, or `all`.
  package static func standings(_ text: String) throws -> Set<Standing> {
    if text == "all" { return Set(Standing.allCases) }
    let names = text.split(separator: ",").map { String($0.trimmed) }
    guard !names.isEmpty else { throw ConfigurationError("--standing names none of final, banked, culled and all.") }
    return Set(
      try names.map { name in
        guard let standing = Standing(rawValue: name) else {
          throw ConfigurationError("--standing \(name.clipped(to: 40)): write final, banked, culled or all.")
        }
        return standing
      })
  }
}

/// What is exported, and how.
package struct ExportRequest: Sendable {
  package var format = ExportFormat.jsonl
  package var selection = ExportSelection()
  /// A file, a folder, or `-` for standard output.
  package var out = "-"
  /// Whether existing files are replaced.
  package var force = false
  package var trainer = TrainerForm.sft
  /// For preference pairs: the next message alone, in place of the rest of the attempt.
  package var nextMessageOnly = false
  /// For `sft` the least reward, and for `kto` the least reward of a desirable attempt, in reward units.
  package var threshold: Double?

  package init() {}
}

/// The result of an export of trajectories.
package struct ExportSummary: Encodable, Sendable {
  /// One file that was written.
  package struct File: Encodable, Sendable {
    /// `-` for standard output.
    package let path: String
    /// Lines, rows, samples or examples.
    package let records: Int
    package let bytes: Int
  }

  package let format: ExportFormat
  package var files: [File] = []
  package var runs = 0
  package var tasks = 0
  /// The trajectories that were exported, or that examples were made of.
  package var trajectories = 0
  /// Failed attempts that were left out.
  package var failedLeftOut = 0
  /// Of the exported ones, those whose prompts are not stored, and were put together from observations and answers.
  package var withoutPrompts = 0

  package var records: Int { files.reduce(0) { $0 + $1.records } }
  package var bytes: Int { files.reduce(0) { $0 + $1.bytes } }
}
