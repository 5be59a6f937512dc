import Agents
import ParticleFilter
import Steering

/// A picture of one population: a line per particle through the steps, coloured by what the critic expected of it, with who
/// was culled where and who continued as whom.
package enum GenealogyPicture {
  /// A standalone SVG, 720 wide, for light and dark pages.
  package static func svg(_ result: PopulationResult) -> String {
    svg(
      result.genealogy, task: result.task, rewards: result.particles.map(\.trajectory.reward),
      trajectories: result.particles.map(\.trajectory),
      banked: result.bank.map { ($0.place, $0.trajectory) },
      failed: Set(result.particles.indices.filter { result.particles[$0].failure != nil }))
  }

  /// The same from what a store holds.
  ///
  /// - Parameters:
  ///   - rewards: of the final particles, in order of their places.
  ///   - trajectories: of the final particles, for the actions and for where each ended; may be left out.
  ///   - banked: trajectories that had finished when they were culled, in order of time, with the places they held.
  ///   - failed: the places of particles that could not go on.
  package static func svg(
    _ genealogy: Genealogy, task: AgentTask, rewards: [Double], trajectories: [Trajectory] = [],
    banked: [(place: Int, trajectory: Trajectory)] = [], failed: Set<Int> = []
  ) -> String {
    let descent = Descent(genealogy)
    var histories: [Trajectory?] = Array(repeating: nil, count: descent.lines.count)
    for (line, trajectory) in zip(descent.lineNumbers[descent.stops.count], trajectories) {
      histories[line] = trajectory
    }
    for (cull, trajectory) in matched(banked, to: descent) { histories[descent.line(of: cull)] = trajectory }
    return GenealogyDrawing(descent, task: task, rewards: rewards, histories: histories, failed: failed).svg(task: task)
  }

  /// What was culled, where it had finished. A bank keeps the order of the culls but not their steps, so each goes to the
  /// first cull of its place that comes late enough.
  static func matched(
    _ banked: [(place: Int, trajectory: Trajectory)], to descent: Descent
  ) -> [Descent.Cull: Trajectory] {
    var matches: [Descent.Cull: Trajectory] = [:]
    for (place, trajectory) in banked {
      let cull = descent.culls.first {
        $0.place == place && descent.stops[$0.stop].step >= trajectory.count && matches[$0] == nil
      }
      if let cull { matches[cull] = trajectory }
    }
    return matches
  }
}

extension GenealogyDrawing {
  /// - Parameters:
  ///   - rewards: of the final particles, in order of their places.
  ///   - histories: the trajectory of each line, where it is known.
  ///   - hooks: what a screen reader says of each line, for a picture that answers to a pointer and to keys.
  init(
    _ descent: Descent, task: AgentTask, rewards: [Double], histories: [Trajectory?], failed: Set<Int>,
    hooks: [String]? = nil
  ) {
    self.descent = descent
    // What failed has no reward, whatever it had been paid.
    self.rewards = rewards.enumerated().map { failed.contains($0.offset) ? .nan : $0.element }
    self.histories = histories.map { $0?.steps }
    self.failed = failed
    self.hooks = hooks
    bank = Dictionary(
      uniqueKeysWithValues: descent.culls.compactMap { cull in
        histories[descent.line(of: cull)].flatMap { $0.isFinished ? (cull, $0.reward) : nil }
      })
    let last = max(
      descent.stops.map(\.step).max() ?? 0, histories.compactMap { $0?.count }.max() ?? 0)
    layout = GenealogyLayout(
      count: descent.count, stops: descent.stops.map(\.step),
      steps: histories.allSatisfy { $0 == nil } ? max(last, task.stepLimit) : max(last, 1))
  }
}

/// Where things are on the paper.
struct GenealogyLayout: Sendable {
  let count: Int
  /// The steps of the checkpoints.
  let stops: [Int]
  let steps: Int

  let width = 720.0
  let left = 58.0
  let right = 610.0
  let top = 106.0

  var rowHeight: Double { min(max(440 / Double(max(count, 1)), 10), 28) }
  var fontSize: Double { min(11, (rowHeight - 1).rounded(.down)) }
  /// The class of a text of that size.
  var textSize: String { "s\(Int(fontSize))" }
  var bottom: Double { top + rowHeight * Double(count) }

  /// Where the last step is: before the end of the lines, if there is a checkpoint after it whose clones need room.
  var lastStep: Double { stops.contains(steps) ? right - 36 : right }

  func x(step: Int) -> Double {
    left + (lastStep - left) * Double(min(max(step, 0), steps)) / Double(max(steps, 1))
  }

  /// Where a segment of time ends.
  func end(_ segment: Int) -> Double { segment < stops.count ? x(step: stops[segment]) : right }

  func y(_ place: Int) -> Double { top + rowHeight * (Double(place) + 0.5) }

  /// The steps a segment of time spans. The last one ends with the picture.
  func span(_ segment: Int) -> (from: Int, to: Int) {
    (segment == 0 ? 0 : stops[segment - 1], segment < stops.count ? stops[segment] : steps)
  }

  /// How much of a segment a clone takes to reach its own line.
  func bend(_ segment: Int) -> Double {
    max(min(26, (end(segment) - x(step: span(segment).from)) * 0.45), 0)
  }
}
