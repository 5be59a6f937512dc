import Agents
import Steering

/// The data of a story for the page's script. Each text occurs once, and numbers are already formatted.
struct StoryData: Encodable {
  struct Line: Encodable {
    let place: Int
    /// The first and the last step that can be selected.
    let first: Int
    let last: Int
    /// The step at which it became a copy of its parent.
    let birth: Int
    let parent: Int?
    /// The number of its last step in `steps`.
    let tip: Int?
    let remarks: String
    /// The critic values, by the steps at which the particle was weighed.
    let values: [String: String]
  }

  /// Converts picture coordinates to steps.
  struct Scale: Encodable {
    let left: Double
    let right: Double
    let steps: Int
    let top: Double
    let row: Double
  }

  let count: Int
  let scale: Scale
  private(set) var texts: [String] = []
  /// The opening before the first step, in the form of a step's parts.
  private(set) var opening: [[Int]] = []
  private(set) var steps: [WrittenSteps.Node] = []
  private(set) var lines: [Line] = []
  init(_ told: ToldStory, layout: GenealogyLayout) {
    count = told.ancestry.count
    scale = Scale(
      left: layout.left, right: layout.lastStep, steps: layout.steps, top: layout.top, row: layout.rowHeight)
    let trajectories = told.ancestry.lines.indices.map { told.trajectory(of: $0) }
    var written = WrittenSteps()
    if let start = trajectories.lazy.compactMap(\.self).first { opening = [written.opening(of: start)] }
    lines = trajectories.enumerated().map { number, trajectory in
      line(
        number, of: told, count: trajectory?.count,
        tip: trajectory.flatMap { written.add($0, format: told.story.format) }, layout)
    }
    (texts, steps) = (written.texts, written.nodes)
  }

  private func line(_ number: Int, of told: ToldStory, count: Int?, tip: Int?, _ layout: GenealogyLayout) -> Line {
    let line = told.ancestry.lines[number]
    let birth = told.ancestry.birth(of: number)
    let end = told.ancestry.end(of: number) ?? layout.steps
    let last = max(birth, min(end, count ?? end))
    var values: [String: String] = [:]
    let stops = told.ancestry.checkpoints(of: number)
    for stop in told.ancestry.checkpoints[stops.lowerBound..<(line.end ?? stops.upperBound - 1) + 1] {
      if let value = stop.softValue(at: line.place) { values["\(stop.step)"] = Format.number(value) }
    }
    return Line(
      place: line.place, first: line.birth == nil ? 0 : min(birth + 1, last), last: last, birth: birth,
      parent: line.parent, tip: tip, remarks: told.remarks(on: number), values: values)
  }
}
