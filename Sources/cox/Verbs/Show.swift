import Agents
import ArgumentParser
import Critics
import Foundation
import ParticleFilter
import Reporting
import RolloutStore
import Workbench

struct Show: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Print a trajectory: thought, action, observation, reward, critic value.",
    discussion: """
      Example: cox show last/order-1-20/best

      Without an argument it lists the runs of the store; RUN lists a run's tasks, RUN/TASK a task's trajectories, \
      RUN/TASK/PARTICLE prints one. RUN is the beginning of a run's id, or last; PARTICLE a number, best or worst. \
      During a run it also lists and prints the attempts that are under way. \
      No model is called, and no configuration is needed.
      """)

  @OptionGroup(title: "Show") var own: ShowOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  @Argument(help: ArgumentHelp("RUN, RUN/TASK or RUN/TASK/PARTICLE.", valueName: "trajectory"))
  var trajectory: String?

  func run() async throws {
    guard FileManager.default.fileExists(atPath: common.store) else {
      throw ConfigurationError("There is no store \(common.store): give --store, or make one with cox collect.")
    }
    let store = try RolloutStore(path: common.store, creating: false)
    let runs = try await runs(of: store)
    guard let trajectory else { return try list(runs) }
    let parts = trajectory.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let run = try chosen(parts[0], of: runs)
    let tasks = try await tasks(of: run, store)
    guard parts.count == 2 else { return try await list(tasks, of: run, store) }
    // A task's id may contain a slash, so the whole text is tried first.
    if let task = tasks.first(where: { $0.id == TaskID(parts[1]) }) {
      return try list(
        try await store.trajectories(run: run.record.id, task: task.id),
        running: try await running(task.id, of: run, store), of: task.id, run)
    }
    let cut = parts[1].lastIndex(of: "/")
    let name = cut.map { String(parts[1][..<$0]) } ?? parts[1]
    guard let task = tasks.first(where: { $0.id == TaskID(name) }) else {
      throw ConfigurationError(
        "The run \(run.shortID) has no task \"\(name)\"; it has \(Self.some(tasks.map(\.id.rawValue))).")
    }
    let records = try await store.trajectories(run: run.record.id, task: task.id)
    let particle = cut.map { String(parts[1][parts[1].index(after: $0)...]) } ?? "best"
    let attempts = try await running(task.id, of: run, store)
    if let attempt = Self.chosen(particle, of: attempts, hasEnded: !records.isEmpty) {
      return try await show(attempt, of: run, store)
    }
    let record = try chosen(particle, of: records)
    let genealogy = try await store.genealogy(run: run.record.id, task: task.id)
    let lineage = Lineage(of: record, in: genealogy)
    var reasoning: [Int: String] = [:]
    var cutOff: Set<Int> = []
    for step in 0..<record.trajectory.count {
      let key = CallKey(run: run.record.id, task: task.id, particle: lineage.place(atStep: step), step: step)
      let response = try await store.answer(for: key)?.response
      reasoning[step] = response?.reasoning
      if let response, response.usage.cutOffAnswers > 0 { cutOff.insert(step) }
    }
    try show(
      record, of: run,
      TrajectoryText(
        record.trajectory, format: run.record.format, values: try values(of: record, of: run) ?? lineage.values,
        reasoning: reasoning, cutOff: cutOff, isConversation: run.record.environment.isConversation))
  }

  // MARK: - Choosing

  private func chosen(_ name: String, of runs: [StoredRun]) throws -> StoredRun {
    guard let newest = runs.first else {
      throw ConfigurationError("The store \(common.store) has no trajectories yet: make some with cox collect.")
    }
    if name == "last" { return newest }
    let fitting = runs.filter { !name.isEmpty && $0.record.id.hasPrefix(name) }
    guard let run = fitting.first, fitting.count == 1 else {
      throw ConfigurationError(
        (fitting.isEmpty ? "No run's id begins with \"\(name)\"" : "Several runs' ids begin with \"\(name)\"")
          + "; there are \(Self.some((fitting.isEmpty ? runs : fitting).map(\.shortID))).")
    }
    return run
  }

  private func chosen(_ name: String, of records: [TrajectoryRecord]) throws -> TrajectoryRecord {
    func first(_ better: (Double, Double) -> Bool) -> TrajectoryRecord? {
      // Among equals the first is chosen. Failed attempts have no reward, so they are chosen only if there are no
      // others.
      let whole = records.filter { $0.failure == nil }
      let records = whole.isEmpty ? records : whole
      return records.dropFirst().reduce(records.first) { best, next in
        guard let best else { return next }
        return better(next.trajectory.reward, best.trajectory.reward) ? next : best
      }
    }
    let record: TrajectoryRecord? =
      switch name {
      case "best": first(>)
      case "worst": first(<)
      default: records.first { $0.name == name }
      }
    guard let record else {
      throw ConfigurationError("There is no particle \"\(name)\"; there are \(Self.some(records.map(\.name))).")
    }
    return record
  }

  private static func some(_ names: [String]) -> String {
    names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and \(names.count - 20) more" : "")
  }

  /// The values that `--critic` gives to the state after every step, at the run's β.
  private func values(of record: TrajectoryRecord, of run: StoredRun) throws -> [Int: Double]? {
    guard let critic = own.critic else { return nil }
    let trees = try Workbench.trees(critic, store: common.store, for: run.record.environment)
    let steps = Array(0..<(record.trajectory.isFinished ? record.trajectory.count : record.trajectory.count + 1))
    let returns = try trees.predict(steps.map { CriticState(record.trajectory.prefix($0)) })
    let temperature = run.temperature
    return Dictionary(uniqueKeysWithValues: zip(steps, returns.map { $0.softValue(temperature: temperature) }))
  }

  // MARK: - Printing

  private func list(_ runs: [StoredRun]) throws {
    if let json = common.json {
      try Console.write(json: runs.map(RunLine.init), to: json)
      if json == "-" { return }
    }
    var table = TextTable(
      columns: [
        .left("run"), .left("started (UTC)"), .left("verb"), .left("method"), .left("world"), .left("policy"),
        .right("tasks"), .right("trajectories"),
      ])
    for run in runs {
      table.append([
        run.shortID, run.startedAt, run.record.verb, run.record.method, run.record.environment.kind,
        String(run.record.policy.prefix(40)), Format.count(run.tasks), Format.count(run.trajectories),
      ])
    }
    Console.print(runs.isEmpty ? "The store \(common.store) has no trajectories yet." : table.text)
  }

  private func list(_ tasks: [StoredTask], of run: StoredRun, _ store: RolloutStore) async throws {
    var running: [TaskID: Int] = [:]
    for task in tasks { running[task.id] = try await self.running(task.id, of: run, store).count }
    if let json = common.json {
      try Console.write(json: tasks.map { TaskLine($0, running: running[$0.id] ?? 0) }, to: json)
      if json == "-" { return }
    }
    let hasRunning = running.values.contains { $0 > 0 }
    var table = TextTable(
      title: run.title,
      columns: [.left("task"), .right("trajectories")] + (hasRunning ? [.right("running")] : []) + [
        .right("failed"), .right("best reward"), .right("mean reward"),
      ])
    for task in tasks {
      table.append(
        [task.id.rawValue, Format.count(task.trajectories)]
          + (hasRunning ? [Format.count(running[task.id] ?? 0)] : []) + [
            Format.count(task.failed), task.rewardBest.map { Format.number($0) } ?? "–",
            task.rewardMean.map { Format.number($0) } ?? "–",
          ])
    }
    Console.print(table.text)
  }

  private func list(
    _ records: [TrajectoryRecord], running: [RunningAttempt], of task: TaskID, _ run: StoredRun
  ) throws {
    if let json = common.json {
      let lines =
        records.map { ParticleLine($0) } + running.map { ParticleLine(Self.record(of: $0), isRunning: true) }
      try Console.write(json: lines, to: json)
      if json == "-" { return }
    }
    var table = TextTable(
      title: "\(task) in \(run.title)",
      columns: [.left("particle"), .right("steps"), .right("reward"), .right("log-weight"), .left("end")])
    for record in records {
      table.append([
        record.name, "\(record.trajectory.count)",
        record.failure == nil ? Format.number(record.trajectory.reward) : "–",
        record.logWeight.map { Format.number($0) } ?? "–", record.end,
      ])
    }
    for attempt in running {
      table.append([
        "\(attempt.particle)", "\(attempt.trajectory.count)",
        attempt.hasOutcomes ? Format.number(attempt.trajectory.reward) : "–", "–", "running",
      ])
    }
    Console.print(table.text)
  }

  private func show(_ record: TrajectoryRecord, of run: StoredRun, _ text: TrajectoryText) throws {
    if let json = common.json {
      try Console.write(json: TrajectoryDocument(record, run: run, text: text), to: json)
      if json == "-" { return }
    }
    let trajectory = record.trajectory
    Console.print(
      """
      \(trajectory.task.id), particle \(record.name) of \(run.title)
      reward \(Format.number(trajectory.reward)) in \(trajectory.count) of at most \(trajectory.task.stepLimit) steps, \
      \(record.end)\(record.logWeight.map { ", log-weight \(Format.number($0))" } ?? "")

      \(text.text(width: Console.width))
      """)
  }
}

/// Options that only `cox show` has.
struct ShowOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Value every step by this critic: a file, or a name given to cox train. Otherwise the values of the run's checkpoints.",
      valueName: "critic"), completion: .file(extensions: ["json"]))
  var critic: String?
}
