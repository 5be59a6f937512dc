import Agents
import Findings
import Foundation
import HTTP
import Steering
import Synchronization
import Tracking

/// What a campaign tells the experiment trackers.
struct TrackedCampaign: Sendable {
  private let trackers: Trackers
  private let run: TrackedRun
  private let places: [TaskID: Int]
  private let pricing: Pricing

  /// nil if nobody is told.
  init?(_ campaign: Campaign, _ tasks: [AgentTask], split: Split?, title: String, of workbench: Workbench) {
    // A served world has a campaign for every request, and no end of them.
    guard workbench.trackers.keepsFigures, campaign.verb != "serve" else { return nil }
    (trackers, pricing) = (workbench.trackers, workbench.pricing)
    places = Dictionary(tasks.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    let settings = campaign.settings
    var digest = Digest()
    digest.add(campaign.run, campaign.verb, "\(settings)")
    for task in tasks { digest.add(task.id.rawValue) }
    var run = TrackedRun(id: digest.text, name: title)
    run.parameters = [
      "method": settings.method.rawValue, "particles": "\(settings.particles)",
      "temperature": "\(settings.temperature)", "resample": settings.schedule.description,
      "resampler": settings.resampler.rawValue, "answer": settings.answer.rawValue, "seed": "\(settings.seed)",
      "tasks": "\(tasks.count)", "split": split?.rawValue ?? "none", "world": campaign.world.identity.description,
      "policy": campaign.policy.identity, "critic": campaign.critic?.identity ?? "none",
    ]
    if let calls = settings.search.calls { run.parameters["calls"] = "\(calls)" }
    if let keep = settings.keep { run.parameters["keep"] = "\(keep)" }
    run.tags = TrackedRun.tags(campaign.verb)
    run.tags["coxswain.method"] = settings.method.rawValue
    run.tags["coxswain.run.id"] = campaign.run
    self.run = run
    trackers.begin(run, isResult: campaign.verb != "collect")
  }

  func finished(_ result: PopulationResult) {
    guard let place = places[result.task.id] else { return }
    var figures: [String: Double] = [
      "task/policyCalls": Double(result.calls), "task/criticCalls": Double(result.criticCalls),
      "task/inputTokens": Double(result.usage.inputTokens), "task/outputTokens": Double(result.usage.outputTokens),
      "task/cost": pricing.cost(of: result.usage), "task/failedParticles": Double(result.failedParticles),
      "task/seconds": result.wallSeconds,
    ]
    figures["task/rewardBest"] = result.rewardBest
    figures["task/rewardMean"] = result.rewardMean
    figures["task/rewardWeighted"] = result.rewardWeighted
    figures["task/rewardSelected"] = result.rewardSelected
    figures["task/softValue"] = result.softValue
    trackers.log(figures, step: place, of: run.id)
  }

  /// - Parameter summary: nil if the campaign threw an error.
  func end(_ summary: MethodSummary?, stopped: Bool) {
    trackers.finish(
      run.id, figures: summary.map(TrackedRun.figures) ?? [:],
      status: summary == nil ? .failed : stopped ? .stopped : .finished)
  }
}

extension TrackedRun {
  /// The tags of every run.
  static func tags(_ verb: String) -> [String: String] {
    var tags = [
      "coxswain.verb": verb, "coxswain.version": ProductVersion.number, "mlflow.source.name": "cox \(verb)",
      "mlflow.source.type": "LOCAL",
    ]
    if let commit = BuildInformation.commit(of: Installation.program) { tags["coxswain.commit"] = commit }
    return tags
  }

  /// The numbers of a result by their path in its JSON, without those of single tasks.
  static func figures(_ result: some Encodable) -> [String: Double] {
    guard let data = try? OutputFile.json(result), let json = try? OutsideJSON.decode(JSONValue.self, from: data) else {
      return [:]
    }
    var figures: [String: Double] = [:]
    func add(_ value: JSONValue, _ path: [String]) {
      switch value {
      case .number(let number): figures[path.joined(separator: ".")] = number.double
      // The mean of an estimate has the estimate's name.
      case .object(let fields) where path.count < 3:
        for (key, value) in fields { add(value, key == "mean" && !path.isEmpty ? path : path + [key]) }
      default: break
      }
    }
    add(json, [])
    return figures
  }
}

extension Workbench {
  /// Tells the experiment trackers about work without attempts, such as a training.
  ///
  /// - Parameter parameters: what was chosen; the figures are those of `result`.
  func track(_ verb: String, _ result: some Encodable, parameters: [String: String]) async throws {
    guard !configuration.tracking.isEmpty else { return }
    try await trackers.open()
    guard trackers.keepsFigures else { return }
    let figures = TrackedRun.figures(result)
    var digest = Digest()
    digest.add(verb, world.identity.description, policyIdentity)
    // The same result again is the same run.
    for (key, value) in figures.sorted(by: { $0.key < $1.key }) where !key.lowercased().contains("seconds") {
      digest.add(key, "\(value)")
    }
    var run = TrackedRun(id: digest.text, name: verb)
    run.parameters = parameters
    run.parameters["world"] = world.identity.description
    run.parameters["policy"] = policyIdentity
    run.tags = TrackedRun.tags(verb)
    trackers.begin(run, isResult: false)
    trackers.finish(run.id, figures: figures, status: .finished)
  }
}
