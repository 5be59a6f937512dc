import Agents
import ParticleFilter
import Steering

/// One population to look into: who was culled and who was cloned, and what every particle said and did.
package struct PopulationStory: Sendable {
  /// A particle and how it ended.
  package struct Life: Sendable {
    package let place: Int
    /// The step of the checkpoint at which it was culled; nil for one that is there at the end.
    package let culledAfter: Int?
    /// From the task's start, with what it shares with others.
    package let trajectory: Trajectory
    /// Why it could not go on, or nil.
    package let failure: String?
    /// Its share of the posterior, 0 to 1; nil where it was culled or is unknown.
    package let weight: Double?

    package init(place: Int, culledAfter: Int?, trajectory: Trajectory, failure: String? = nil, weight: Double? = nil) {
      self.place = place
      self.culledAfter = culledAfter
      self.trajectory = trajectory
      self.failure = failure
      self.weight = weight
    }
  }

  package let task: AgentTask
  /// How the population was steered, in words.
  package let method: String
  package let genealogy: Genealogy
  /// What does not fit the genealogy is left out; a particle without a life is drawn and has no transcript of its own.
  package let lives: [Life]
  /// How answers are read, to tell thoughts from actions.
  package let format: ActionFormat

  package init(task: AgentTask, method: String, genealogy: Genealogy, lives: [Life], format: ActionFormat) {
    self.task = task
    self.method = method
    self.genealogy = genealogy
    self.lives = lives
    self.format = format
  }

  /// Every particle that was, but for those that only a store has.
  package init(_ result: PopulationResult, method: String, format: ActionFormat) {
    let descent = Descent(result.genealogy)
    let culled = GenealogyPicture.matched(result.bank.map { ($0.place, $0.trajectory) }, to: descent)
    let final = result.particles.enumerated().map { place, member in
      Life(
        place: place, culledAfter: nil, trajectory: member.trajectory, failure: member.failure?.message,
        weight: member.weight)
    }
    self.init(
      task: result.task, method: method, genealogy: result.genealogy,
      lives: final
        + descent.culls.compactMap { cull in
          culled[cull].map {
            Life(place: cull.place, culledAfter: descent.stops[cull.stop].step, trajectory: $0)
          }
        }
        + result.culled.compactMap { culled in
          culled.trajectory.map {
            Life(place: culled.place, culledAfter: culled.step, trajectory: $0, failure: culled.failure?.message)
          }
        }, format: format)
  }
}

/// A story whose lives are matched to the lines of its descent.
struct ToldStory: Sendable {
  enum Fate: String, Sendable { case finished, unfinished, culled, failed }

  let story: PopulationStory
  let descent: Descent
  /// By line.
  let lives: [PopulationStory.Life?]

  init(_ story: PopulationStory) {
    self.story = story
    let descent = Descent(story.genealogy)
    self.descent = descent
    lives = descent.lines.map { line in
      story.lives.first { $0.place == line.place && $0.culledAfter == line.end.map { descent.stops[$0].step } }
    }
  }

  /// The line's own trajectory, or as much of it as others took over; nil where nobody kept it.
  func trajectory(of number: Int) -> Trajectory? {
    if let life = lives[number] { return life.trajectory }
    let line = descent.lines[number]
    for segment in line.segments(of: descent).reversed() where segment < descent.stops.count {
      guard let heir = descent.descendants[segment][line.place],
        let life = lives[descent.lineNumbers[descent.stops.count][heir]]
      else { continue }
      return life.trajectory.prefix(descent.stops[segment].step)
    }
    return nil
  }

  /// nil for a line that ended while others went on as its copies elsewhere, and for one of which nothing is known.
  func fate(of number: Int) -> Fate? {
    if lives[number]?.failure != nil { return .failed }
    if descent.lines[number].isCulled { return .culled }
    guard descent.lines[number].end == nil else { return nil }
    return lives[number].map { $0.trajectory.isFinished ? .finished : .unfinished }
  }

  /// The step of the checkpoint at which a line began; 0 from the start.
  func birth(of number: Int) -> Int { descent.lines[number].birth.map { descent.stops[$0].step } ?? 0 }

  /// What became of a line, in words.
  func remarks(on number: Int) -> String {
    let line = descent.lines[number]
    var remarks: [String] = []
    if let parent = line.parent {
      remarks.append("cloned from particle \(descent.lines[parent].place) after step \(birth(of: number))")
    }
    if line.isCulled, let end = line.end { remarks.append("culled after step \(descent.stops[end].step)") }
    switch fate(of: number) {
    case .failed: remarks.append("failed: \(lives[number]?.failure ?? "")")
    case .finished, .unfinished: remarks.append("\(fate(of: number)?.rawValue ?? "")")
    case .culled where lives[number]?.trajectory.isFinished == true: remarks.append("it had finished")
    case .culled, nil: break
    }
    if let life = lives[number] {
      remarks.append(
        "reward \(Format.number(life.trajectory.reward))\(life.trajectory.isFinished ? "" : " so far")")
      if let weight = life.weight { remarks.append("weight \(Format.number(weight))") }
    } else if trajectory(of: number) == nil {
      remarks.append("its steps are not stored")
    } else {
      remarks.append("only the steps that others took over are stored")
    }
    return visible(remarks.joined(separator: ", "))
  }
}
