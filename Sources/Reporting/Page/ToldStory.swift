import Agents
import ParticleFilter

/// A story with its lives matched to the lines of its ancestry.
struct ToldStory: Sendable {
  enum Fate: String, Sendable { case finished, unfinished, culled, failed }

  let story: PopulationStory
  let ancestry: Ancestry
  /// The life of each line.
  let lives: [PopulationStory.Life?]

  init(_ story: PopulationStory) {
    self.story = story
    let ancestry = Ancestry(story.genealogy)
    self.ancestry = ancestry
    lives = ancestry.lines.indices.map { number in
      story.lives.first { $0.place == ancestry.lines[number].place && $0.culledAfter == ancestry.end(of: number) }
    }
  }

  /// The line's own trajectory, or the part that its descendants share; nil if neither is known.
  func trajectory(of number: Int) -> Trajectory? {
    if let life = lives[number] { return life.trajectory }
    for segment in ancestry.segments(of: number).reversed() where segment < ancestry.checkpoints.count {
      guard let heir = ancestry.descendants[segment][ancestry.lines[number].place],
        let life = lives[ancestry.finalLines[heir]]
      else { continue }
      return life.trajectory.prefix(ancestry.checkpoints[segment].step)
    }
    return nil
  }

  /// nil for a line that ended and continues only in its copies, and for a line of which nothing is known.
  func fate(of number: Int) -> Fate? {
    if lives[number]?.failure != nil { return .failed }
    if ancestry.lines[number].isCulled { return .culled }
    guard ancestry.lines[number].end == nil else { return nil }
    return lives[number].map { $0.trajectory.isFinished ? .finished : .unfinished }
  }

  /// A description of the line's origin and end.
  func remarks(on number: Int) -> String {
    let line = ancestry.lines[number]
    var remarks: [String] = []
    if let parent = line.parent {
      remarks.append("cloned from particle \(ancestry.lines[parent].place) after step \(ancestry.birth(of: number))")
    }
    if line.isCulled, let end = ancestry.end(of: number) { remarks.append("culled after step \(end)") }
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
