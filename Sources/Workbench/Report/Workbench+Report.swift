import Agents
import Critics
import Findings
import Foundation
import ParticleFilter
import Reporting
import RolloutStore
import Steering
import Viewer

/// The contents of a report. Fields that are nil are taken from the configuration or from files beside the store.
package struct ReportRequest: Sendable {
  /// Files written by `cox compare --json`. If empty, the last comparisons beside the store are used.
  package var comparisons: [String] = []
  package var critic: String?
  package var plan: String?
  /// The beginning of a run's id; nil for the newest steered run.
  package var run: String?
  /// The largest number of populations shown.
  package var populations = 12
  /// About the most bytes of all trajectories together.
  package var trajectoryBytes = 8 << 20
  package var title: String?

  package init() {}
}

extension Workbench {
  /// Creates the page from the store and the files beside it. Makes no model calls.
  ///
  /// - Returns: the page, and what is missing with the command that makes it.
  package func report(_ request: ReportRequest) async throws -> (page: ReportPage, missing: [String]) {
    let (sections, missing) = try await sections(request)
    guard !sections.isEmpty else {
      throw ConfigurationError("There is nothing to report yet. " + missing.joined(separator: " "))
    }
    let page = ReportPage(
      title: request.title ?? "Coxswain: \(world.identity.kind)",
      subtitle: "\(world.identity), policy \(policyIdentity)", sections: sections)
    return (page, missing)
  }

  /// The sections of the page, and what is missing.
  private func sections(_ request: ReportRequest) async throws -> ([ReportPage.Section], missing: [String]) {
    var (sections, missing): ([ReportPage.Section], [String]) = ([], [])
    let all = try found(request)
    let comparisons = all.filter { isOurs($0) }
    if comparisons.count < all.count { missing.append("Left out: comparisons of another world or policy.") }
    if comparisons.isEmpty { missing.append("No comparison: make one with cox compare.") }
    for found in comparisons {
      sections.append(found.study == nil ? .init(comparison: found) : .init(study: found))
    }
    // Not every build can make a study, so a missing one is not reported.
    if let study = try study() { sections.append(.init(findings: study)) }
    if let plan = try Self.plan(at: request.plan ?? planPath(request.critic)), isOurs(plan, critic: request.critic) {
      sections.append(
        .init(
          plan: plan, answer: configuration.steering.answer,
          predictions: comparisons.filter { $0.study != .cost }.flatMap { $0.predictions(of: plan) }))
    } else {
      missing.append("No plan of this world, policy and critic: make one with cox plan.")
    }
    if let curve = try await calibration(request.critic) {
      sections.append(.init(calibration: curve))
    } else {
      missing.append("No calibration: run cox collect and cox train first.")
    }
    do {
      let report = try await diagnose(split: nil, critic: nil)
      sections.append(.init(diagnosis: report.diagnosis, table: report.table))
    } catch let error as CriticError where error.kind == .tooLittleData {
      missing.append("No diagnosis: \(error.message)")
    }
    let trees = try await trees(run: request.run, most: request.populations)
    if !trees.isEmpty {
      sections.append(
        .init(
          anchor: "trees", heading: "Search trees",
          prose: "Every state that a frontier search visited, in the order in which it grew.",
          items: trees.map { .picture(svg: $0.svg, caption: $0.caption) }))
    }
    let stories = try await stories(run: request.run, most: request.populations)
    if stories.isEmpty {
      missing.append("No population: make some with cox steer or cox compare.")
    } else {
      sections.append(
        .init(
          anchor: "populations", heading: "Populations",
          prose: """
            Which particles were culled and cloned, task by task. Click a line to read what was said and done.

            \(Self.aboutValues)
            """,
          items: [.populations(stories)]))
    }
    if let section = try await archive(most: request.trajectoryBytes) { sections.append(section) }
    return (sections, missing)
  }

  private func found(_ request: ReportRequest) throws -> [Comparison] {
    if request.comparisons.isEmpty {
      return try [nil, .scaling, .calls, .cost].compactMap { try comparison(at: comparisonPath($0)) }
    }
    return try request.comparisons.map { path in
      guard let comparison = try comparison(at: path) else {
        throw ConfigurationError("There is no readable comparison \(path). Make it with cox compare --json FILE.")
      }
      return comparison
    }
  }
}

extension Workbench {
  /// Expected against realised return-to-go on tasks that the trees were not trained on. A second curve covers the last
  /// states with the reward hidden.
  fileprivate func calibration(_ flag: String?) async throws -> [(name: String, curve: CalibrationCurve)]? {
    let rollouts = try await planningRollouts()
    guard !isAsked(flag), Set(rollouts.map(\.task.id)).count >= 2 else { return nil }
    let beliefs = try await crossFit(rollouts)
    let rows = zip(rollouts, beliefs).flatMap { rollout, beliefs in
      beliefs.enumerated().map { step, belief in
        (step: step, row: (rollout.task.id, belief.mean, rollout.reward - rollout.prefix(step).reward))
      }
    }
    let last = (rows.map(\.step).max() ?? 0) + 1
    // Early and late states have separate curves, since their information differs.
    let parts = [("first third", 0..<max(last / 3, 1)), ("the rest", max(last / 3, 1)..<last)]
    return parts.filter { !$0.1.isEmpty }.map { name, steps in
      (
        "\(name) of the steps",
        CalibrationCurve(rows.filter { steps.contains($0.step) }.map { ($0.row.0, $0.row.1, $0.row.2) })
      )
    }
  }

  /// What V is, beside rewards.
  static let aboutValues = """
    The critic's value V is the reward that the critic expects still to come after a step, softened by β. It is a prediction and \
    no reward: it decides which attempts go on, and is 0 at an attempt's end. Rewards are what the environment paid.
    """

  /// Trajectories of every run in this world, the newest runs first, as many as fit.
  fileprivate func archive(most: Int) async throws -> ReportPage.Section? {
    var archive = TrajectoryArchive(most: most)
    let runs = try await store.runs().filter { $0.record.environment == world.identity }
    for run in runs where !archive.isFull {
      for row in try await store.tasks(ofRun: run.record.id) where !archive.isFull {
        let genealogy = try await store.genealogy(run: run.record.id, task: row.id)
        for record in try await store.trajectories(run: run.record.id, task: row.id, culled: true) {
          archive.add(
            record.trajectory, run: run.title, name: "particle \(record.name)", end: record.archivedEnd,
            hasFailed: record.failure != nil, format: run.record.format,
            values: Lineage(of: record, in: genealogy).values)
        }
      }
    }
    guard archive.count > 0 else { return nil }
    let all = runs.reduce(0) { $0 + $1.trajectories }
    let size = Format.number(Double(most) / 1_048_576, digits: 0)
    let extent =
      archive.isFull
      ? "\(Format.count(archive.count)) of more than \(Format.count(max(all, archive.count))) trajectories, of the newest runs: all of them would take more than \(size) MB. `cox view` shows every one."
      : "All \(Format.count(archive.count)) trajectories of this world in the store, culled ones included (up to \(size) MB of them)."
    return ReportPage.Section(
      anchor: "trajectories", heading: "Trajectories",
      prose: "\(extent) The filter looks at tasks, requests, answers, observations and ends.\n\n\(Self.aboutValues)",
      items: [.trajectories(archive)])
  }

  /// The search trees of the requested run, or of the newest one.
  fileprivate func trees(run name: String?, most: Int) async throws -> [(svg: String, caption: String)] {
    let runs = try await store.runs().map(\.record).filter {
      $0.environment == world.identity && $0.method == Method.frontier.rawValue
    }
    guard let record = name.map({ name in runs.first { $0.id.hasPrefix(name) } }) ?? runs.first else { return [] }
    var pictures: [(String, String)] = []
    for row in try await store.tasks(ofRun: record.id).prefix(most) {
      guard let tree = try await store.tree(run: record.id, task: row.id),
        let task = try await store.trajectories(run: record.id, task: row.id, culled: false).first?.trajectory.task,
        let svg = TreePicture.svg(tree, task: task)
      else { continue }
      pictures.append((svg, "Task \(row.id): numbers count choices, the best attempt is marked."))
    }
    return pictures
  }

  /// The populations of a steered run.
  fileprivate func stories(run name: String?, most: Int) async throws -> [PopulationStory] {
    let runs = try await store.runs().filter { $0.record.environment == world.identity && !$0.record.isPrior }
    let chosen = name.map { name in runs.first { $0.record.id.hasPrefix(name) } } ?? runs.first
    guard let chosen else {
      guard let name else { return [] }
      throw ConfigurationError("The store has no steered run whose id begins with \(name); cox show lists the runs.")
    }
    let record = chosen.record
    var stories: [PopulationStory] = []
    for row in try await store.tasks(ofRun: record.id).prefix(most) {
      let genealogy = try await store.genealogy(run: record.id, task: row.id)
      let records = try await store.trajectories(run: record.id, task: row.id, culled: true)
      guard let task = records.first?.trajectory.task else { continue }
      stories.append(
        PopulationStory(
          task: task, method: record.title, genealogy: genealogy, lives: records.lives(in: Ancestry(genealogy)),
          format: record.format))
    }
    return stories
  }
}

extension TrajectoryRecord {
  fileprivate var archivedEnd: String {
    switch standing {
    case .culled(let step): "culled after step \(step)"
    case .banked: "\(end), culled later"
    case .final: end
    }
  }
}

extension RunRecord {
  /// The method with its settings, in words.
  fileprivate var title: String {
    guard let settings = steering else { return method }
    return "\(method), N \(settings.particles), \(settings.schedule) at β \(Format.short(settings.temperature))"
  }
}
