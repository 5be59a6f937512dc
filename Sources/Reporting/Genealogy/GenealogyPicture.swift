import Agents
import ParticleFilter
import Steering

/// A picture of one population. Each particle is a line through the steps, coloured by its critic values. Marks show
/// where particles were culled and cloned.
package enum GenealogyPicture {
  /// A standalone SVG, 720 wide, for light and dark pages.
  package static func svg(_ result: PopulationResult) -> String {
    svg(
      result.genealogy, task: result.task, rewards: result.particles.map(\.trajectory.reward),
      trajectories: result.particles.map(\.trajectory),
      banked: result.bank.map { ($0.place, $0.trajectory) },
      failed: Set(result.particles.indices.filter { result.particles[$0].failure != nil }))
  }

  /// Draws a population from a store.
  ///
  /// - Parameters:
  ///   - rewards: the rewards of the final particles, in order of their places.
  ///   - trajectories: the trajectories of the final particles, for the actions and the ends. May be left out.
  ///   - banked: trajectories that had finished when they were culled, in order of time, with their places.
  ///   - failed: the places of failed particles.
  package static func svg(
    _ genealogy: Genealogy, task: AgentTask, rewards: [Double], trajectories: [Trajectory] = [],
    banked: [(place: Int, trajectory: Trajectory)] = [], failed: Set<Int> = []
  ) -> String {
    let ancestry = Ancestry(genealogy)
    var histories: [Trajectory?] = Array(repeating: nil, count: ancestry.lines.count)
    for (line, trajectory) in zip(ancestry.finalLines, trajectories) {
      histories[line] = trajectory
    }
    for (cull, trajectory) in matched(banked, to: ancestry) { histories[ancestry.line(of: cull)] = trajectory }
    return GenealogyDrawing(ancestry, task: task, rewards: rewards, histories: histories, failed: failed).svg(
      task: task)
  }

  /// A picture whose lines can be picked: each is an element with the attribute `data-line`.
  ///
  /// - Returns: the picture, and the numbers of its lines in the ancestry.
  package static func interactive(_ story: PopulationStory) -> (svg: String, lines: [Int]) {
    let drawing = GenealogyDrawing(ToldStory(story))
    return (drawing.svg(task: story.task), Array(drawing.ancestry.lines.indices))
  }

  /// Matches banked trajectories to culls. A bank records the order of the culls but not their steps. Each trajectory
  /// is therefore matched to the first cull of its place that is late enough.
  static func matched(
    _ banked: [(place: Int, trajectory: Trajectory)], to ancestry: Ancestry
  ) -> [Ancestry.Cull: Trajectory] {
    var matches: [Ancestry.Cull: Trajectory] = [:]
    for (place, trajectory) in banked {
      if let cull = ancestry.cull(of: place, finishedAfter: trajectory.count, excluding: Set(matches.keys)) {
        matches[cull] = trajectory
      }
    }
    return matches
  }
}

extension GenealogyDrawing {
  /// An interactive picture.
  init(_ told: ToldStory) {
    let lines = told.ancestry.lines
    let final = told.ancestry.finalLines
    self.init(
      told.ancestry, task: told.story.task, rewards: final.map { told.lives[$0]?.trajectory.reward ?? .nan },
      histories: told.lives.map { $0?.trajectory },
      failed: Set(final.indices.filter { told.lives[final[$0]]?.failure != nil }),
      hooks: lines.indices.map { "Particle \(lines[$0].place), \(told.remarks(on: $0))" })
  }

  /// - Parameters:
  ///   - rewards: the rewards of the final particles, in order of their places.
  ///   - histories: the trajectory of each line; nil if unknown.
  ///   - hooks: the screen-reader labels of the lines, for an interactive picture.
  init(
    _ ancestry: Ancestry, task: AgentTask, rewards: [Double], histories: [Trajectory?], failed: Set<Int>,
    hooks: [String]? = nil
  ) {
    self.ancestry = ancestry
    // A failed particle has no reward, even if some steps were paid.
    self.rewards = rewards.enumerated().map { failed.contains($0.offset) ? .nan : $0.element }
    self.histories = histories.map { $0?.steps }
    self.failed = failed
    let values = ancestry.checkpoints.flatMap { checkpoint in
      (0..<ancestry.count).compactMap { checkpoint.softValue(at: $0) }
    }
    softValueRange = values.min().flatMap { least in values.max().map { least...$0 } }
    self.hooks = hooks
    bank = Dictionary(
      uniqueKeysWithValues: ancestry.culls.compactMap { cull in
        histories[ancestry.line(of: cull)].flatMap { $0.isFinished ? (cull, $0.reward) : nil }
      })
    let last = max(
      ancestry.checkpoints.map(\.step).max() ?? 0, histories.compactMap { $0?.count }.max() ?? 0)
    layout = GenealogyLayout(
      count: ancestry.count, stops: ancestry.checkpoints.map(\.step),
      steps: histories.allSatisfy { $0 == nil } ? max(last, task.stepLimit) : max(last, 1))
  }
}
