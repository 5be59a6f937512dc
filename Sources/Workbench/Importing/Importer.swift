import Agents
import Foundation
import RolloutStore

/// Brings the records of files into a store.
struct Importer {
  /// The configured world and policy, as far as records are compared with them.
  struct Target: Sendable {
    let world: WorldIdentity
    let policy: String
    let format: ActionFormat
    let maximalReward: Double?
    /// What the world says of a task.
    let known: @Sendable (TaskID) -> AttemptReader.Known
  }

  let request: ImportRequest
  let target: Target
  private let reader: AttemptReader

  init(_ request: ImportRequest, _ target: Target) {
    self.request = request
    self.target = target
    reader = AttemptReader(request: request, format: target.format, maximalReward: target.maximalReward)
  }

  /// Adds the records of one file.
  ///
  /// - Parameter progress: called with the share of the file that was read, in percent.
  /// - Throws: an error with the place of the first record that cannot be read, unless they are skipped.
  func add(
    _ file: RecordFile, to store: RolloutImport, _ report: inout ImportReport, _ progress: (Int) -> Void
  ) throws {
    var own = ImportReport.File(path: file.path, format: file.format)
    var count = 0
    try file.each { record in
      try Task.checkCancellation()
      count += 1
      progress(Int(100 * record.share))
      do {
        guard let json = record.json else { throw BadRecord(record.problem) }
        let imported = try trajectory(of: json, in: file)
        // What was exported from this store is not imported into it again.
        if let source = imported.source, try store.hasRun(source) {
          own.known += 1
          return
        }
        switch try store.add(imported.trajectory) {
        case .known: own.known += 1
        case .contradicted:
          throw BadRecord("the store or the file has another trajectory of the same run, task, particle and standing")
        case .added:
          own.added += 1
          note(imported, in: &report)
        }
      } catch let error as BadRecord {
        let problem = "\(record.place): \(error.message)"
        guard request.skipsBad else {
          throw ConfigurationError(
            "\(file.path), \(problem.clipped(to: 400)). Nothing of the file was stored; --skip-bad leaves such records out."
          )
        }
        own.skipped += 1
        if own.firstProblem == nil { own.firstProblem = problem.clipped(to: 400) }
      }
    }
    guard count > 0 else { throw ConfigurationError("\(file.path) has no trajectories.") }
    report.files.append(own)
  }

  private func note(_ imported: Imported, in report: inout ImportReport) {
    let trajectory = imported.trajectory
    let isOurs = trajectory.run.environment == target.world
    if trajectory.run.isPrior, trajectory.failure == nil, isOurs { report.prior += 1 }
    if trajectory.failure != nil, isOurs { report.failed += 1 }
    if imported.split == nil { report.withoutSplit += 1 }
    if !isOurs { report.otherWorld += 1 }
    if imported.isSteered, trajectory.failure == nil, isOurs { report.steered += 1 }
  }

  // MARK: - One record

  private struct Imported {
    var trajectory: ImportedTrajectory
    /// The run that it is of, if the file says so.
    let source: String?
    let split: Split?
    /// Whether the record says that it is no draw of its policy.
    let isSteered: Bool
  }

  private func trajectory(of json: OrderedJSON, in file: RecordFile) throws -> Imported {
    let record =
      switch file.format {
      case .jsonl: try AttemptRecord(json)
      case .agentgym: try AttemptRecord(agentGym: json)
      case .inspect: try AttemptRecord(sample: json, of: file.spec ?? [:], scorer: request.scorer)
      }
    var task = try record.task
    let world = record.world ?? target.world
    var known = world == target.world ? target.known(task) : AttemptReader.Known()
    if file.format == .agentgym, known.split == nil, let own = ownName(ofGymTask: task, known) {
      (task, known) = (own, target.known(own))
    }
    let format: ActionFormat
    if let name = try record.text("format") {
      guard let named = ActionFormat(rawValue: name) else {
        throw BadRecord("its format is \"\(name.clipped(to: 40))\"")
      }
      format = named
    } else {
      format = target.format
    }
    let attempt = try reader.attempt(
      record, task: task, known, format: format, isConversation: world.isConversation, isOurs: world == target.world)
    let (run, source, isSteered) = try self.run(of: record, world: world, format: format, file)
    let split = try request.split ?? record.split ?? known.split
    var imported = ImportedTrajectory(run: run, trajectory: attempt.trajectory)
    imported.split = split
    imported.particle = try record.particle
    imported.standing = try record.standing
    imported.logWeight = try record.number("logWeight")
    imported.failure = record.failure
    imported.answers = attempt.answers
    imported.questions = attempt.questions
    return Imported(trajectory: imported, source: source, split: split, isSteered: isSteered)
  }

  /// AgentGym's data name `textcraft_12` what the world names `textcraft-12`; nil if the world has no such task, or knows
  /// no more of it than of the name in the file.
  private func ownName(ofGymTask task: TaskID, _ known: AttemptReader.Known) -> TaskID? {
    guard let place = task.rawValue.lastIndex(of: "_") else { return nil }
    let own = TaskID(task.rawValue[..<place] + "-" + task.rawValue[task.rawValue.index(after: place)...])
    let better = target.known(own)
    return better.split != nil || (known.stepLimit == nil && better.stepLimit != nil) ? own : nil
  }

  /// The run that a record is stored with. Equal records have equal runs, and so they are known when they come again.
  private func run(
    of record: AttemptRecord, world: WorldIdentity, format: ActionFormat, _ file: RecordFile
  ) throws -> (run: RunRecord, source: String?, isSteered: Bool) {
    let source = try record.text("run")
    let isPriorThere = try record.flag("isPrior")
    let policyThere = try record.text("policy")
    let isSteered = isPriorThere == false
    let isPrior = isPriorThere ?? true && (request.policyIsPrior || policyThere == target.policy)
    let policy = request.policyIsPrior && !isSteered ? target.policy : policyThere ?? "unknown"
    let method = try record.text("method") ?? ExportSource.imported
    let critic = try record.text("critic")
    let seed = record.json["seed"].flatMap { seed -> UInt64? in
      if case .number(let number) = seed { UInt64(number.text) } else { nil }
    }
    let name = request.name ?? URL(fileURLWithPath: file.path).lastPathComponent
    var digest = Digest()
    digest.add(
      "import", world.kind, world.rules, policy, format.rawValue, "\(isPrior)", method, critic ?? "",
      source.map { "run \($0)" } ?? "name \(name)")
    // Runs stay in the order of their sources, so that what is trained on them is the same.
    let beginning = (source ?? "").prefix(8).filter(\.isHexDigit).lowercased()
    let id = beginning + digest.text.dropFirst(beginning.count)
    let settings: OrderedJSON = [
      "imported": ["format": .text(file.format.rawValue), "name": .text(name), "run": .text(ifGiven: source)]
    ]
    let run = RunRecord(
      id: id, verb: ExportSource.imported, method: method, environment: world, policy: policy, format: format,
      critic: critic, isPrior: isPrior, seed: seed ?? 0, settings: settings.json)
    return (run, source, isSteered)
  }
}
