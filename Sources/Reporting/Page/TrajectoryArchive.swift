import Agents

/// Trajectories of any runs for a page to look into, up to a size.
package struct TrajectoryArchive: Sendable {
  /// One of them, as the page's script reads it. Numbers are places of texts.
  struct Entry: Encodable, Sendable {
    let run, task, request, name, end: Int
    /// Already written; a dash for a failed attempt.
    let reward: String
    let opening: [Int]
    let tip: Int?
    let count: Int
    /// What the critic expected, by the steps taken.
    let values: [String: String]
  }

  private struct Data: Encodable {
    let texts: [String]
    let steps: [WrittenSteps.Node]
    let entries: [Entry]
  }

  /// The most bytes, about.
  package let most: Int
  private var written = WrittenSteps()
  private(set) var entries: [Entry] = []
  /// Whether one was left out for the size.
  package private(set) var isFull = false

  package init(most: Int) { self.most = most }

  package var count: Int { entries.count }

  /// Adds a trajectory, unless the page would become too large.
  ///
  /// - Parameters:
  ///   - name: what tells it from others of its task.
  ///   - end: how it ended, in words.
  ///   - hasFailed: a failed attempt has no reward.
  ///   - values: the critic's values by the steps taken.
  package mutating func add(
    _ trajectory: Trajectory, run: String, name: String, end: String, hasFailed: Bool, format: ActionFormat,
    values: [Int: Double]
  ) {
    guard !isFull else { return }
    guard written.bytes + entries.count * 120 < most else {
      isFull = true
      return
    }
    let tip = written.add(trajectory, format: format)
    entries.append(
      Entry(
        run: written.place(of: run), task: written.place(of: trajectory.task.id.rawValue),
        request: written.place(of: trajectory.request), name: written.place(of: name), end: written.place(of: end),
        reward: hasFailed ? "–" : Format.number(trajectory.reward), opening: written.opening(of: trajectory), tip: tip,
        count: trajectory.count,
        values: Dictionary(uniqueKeysWithValues: values.map { ("\($0)", Format.number($1)) })))
  }

  /// JSON, safe inside a script element.
  var json: String { ScriptData.json(Data(texts: written.texts, steps: written.nodes, entries: entries)) }
}
