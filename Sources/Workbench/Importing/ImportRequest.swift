import Agents

/// The form of a file that is imported.
package enum ImportFormat: String, CaseIterable, Sendable, Encodable {
  /// JSON lines of `cox export`, or of the short form of the documentation.
  case jsonl
  /// AgentGym's trajectories.
  case agentgym
  /// A log of inspect_ai.
  case inspect
}

/// What is imported, and how it is understood.
package struct ImportRequest: Sendable {
  package var files: [String]
  /// nil to tell the form from the file.
  package var format: ImportFormat?
  /// The split of all tasks; nil for what the file says, or else the configured world.
  package var split: Split?
  /// Whether the attempts are draws of the configured policy.
  package var policyIsPrior = false
  /// Whether records that cannot be read are left out. Otherwise nothing of their file is stored.
  package var skipsBad = false
  /// The reward of attempts that have none; nil if that is an error.
  package var reward: Double?
  /// The scorer of an inspect log whose value is the reward; nil for the only one.
  package var scorer: String?
  /// Names the source of attempts without a run; nil for the file's name.
  package var name: String?

  package init(files: [String]) { self.files = files }
}

/// What `cox import` has done.
package struct ImportReport: Sendable, Encodable {
  /// What became of one file.
  package struct File: Sendable, Encodable {
    package let path: String
    package let format: ImportFormat
    /// Trajectories that were added.
    package var added = 0
    /// Trajectories that the store had already.
    package var known = 0
    /// Records that were left out because they cannot be read.
    package var skipped = 0
    /// Why the first of them.
    package var firstProblem: String?
  }

  package let store: String
  package let policy: String
  package let world: WorldIdentity
  package var files: [File] = []
  /// Of the added ones, those that critics are trained on and plans are made from: draws of the policy.
  package var prior = 0
  /// Of the added ones, the failed attempts of the configured world.
  package var failed = 0
  /// Of the added ones, those whose task is in no split.
  package var withoutSplit = 0
  /// Of the added ones, those of another world.
  package var otherWorld = 0
  /// Of the added ones, those that their file says are no draws of a policy, failed ones not counted.
  package var steered = 0

  package var added: Int { files.reduce(0) { $0 + $1.added } }
  package var known: Int { files.reduce(0) { $0 + $1.known } }
  package var skipped: Int { files.reduce(0) { $0 + $1.skipped } }
}

/// Why a record cannot be imported.
struct BadRecord: Error {
  let message: String

  init(_ message: String) { self.message = message }
}
