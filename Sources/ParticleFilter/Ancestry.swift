/// A genealogy as lines of descent: which particle held a place when, which is a copy of which, and where each was
/// culled.
///
/// ```swift
/// let ancestry = Ancestry(genealogy)
/// ancestry.lines[ancestry.finalLines[3]].parent   // the line that the final particle at place 3 was copied from
/// ```
///
/// Checkpoints divide time into segments: segment k ends at checkpoint k, and the last one at the end of the run. A
/// genealogy read from a file may contradict itself. Ancestors that do not fit its number of particles count as no
/// resampling, and steps below 0 as 0.
public struct Ancestry: Sendable, Hashable {
  /// One particle. Its line begins at the start or at the checkpoint that copied it, and ends at the checkpoint that
  /// replaced it or at the end.
  public struct Line: Sendable, Hashable {
    /// The line's place, from 0.
    public let place: Int
    /// The checkpoint that made it a copy; nil if it began at the start.
    public let birth: Int?
    /// The line that it is a copy of; nil if it began at the start.
    public let parent: Int?
    /// The checkpoint that replaced it; nil if it lasts to the end.
    public fileprivate(set) var end: Int?
    /// Whether no particle continued it at that checkpoint.
    public fileprivate(set) var isCulled = false
  }

  /// The particle at `place` was culled at the checkpoint of this number.
  public struct Cull: Sendable, Hashable {
    /// The number of the checkpoint, from 0.
    public let checkpoint: Int
    /// The place that the particle held, from 0.
    public let place: Int
  }

  /// The number of particles.
  public let count: Int
  /// The checkpoints in order of their steps.
  public let checkpoints: [Checkpoint]
  /// The lines: first those from the start in order of places, then copies in order of time and place. A parent comes
  /// before its copies.
  public let lines: [Line]
  /// The line that holds each place, by segment and place.
  public let lineNumbers: [[Int]]
  /// The final particle that descends from each place, by segment and place: the first if there are several, nil if
  /// there is none.
  public let descendants: [[Int?]]
  /// The culls in order of time, then of place.
  public let culls: [Cull]

  /// Follows every particle through the checkpoints of a genealogy. O(particles × checkpoints).
  public init(_ genealogy: Genealogy) {
    count = max(genealogy.count, 0)
    let count = count
    let checkpoints = genealogy.checkpoints.map { $0.fitting(count: count) }
    self.checkpoints = checkpoints
    (lines, lineNumbers) = Self.lines(count: count, checkpoints: checkpoints)
    descendants = Self.descendants(count: count, checkpoints: checkpoints)
    culls = checkpoints.indices.flatMap { number in
      checkpoints[number].culled.map { Cull(checkpoint: number, place: $0) }
    }
  }

  private static func lines(count: Int, checkpoints: [Checkpoint]) -> (lines: [Line], numbers: [[Int]]) {
    var lines = (0..<count).map { Line(place: $0, birth: nil, parent: nil) }
    var numbers = [Array(0..<count)]
    for (number, checkpoint) in checkpoints.enumerated() {
      let before = numbers[number]
      var after = before
      let culled = Set(checkpoint.culled)
      for (place, ancestor) in checkpoint.copies {
        lines[before[place]].end = number
        lines[before[place]].isCulled = culled.contains(place)
        after[place] = lines.count
        lines.append(Line(place: place, birth: number, parent: before[ancestor]))
      }
      numbers.append(after)
    }
    return (lines, numbers)
  }

  private static func descendants(count: Int, checkpoints: [Checkpoint]) -> [[Int?]] {
    var segments = [(0..<count).map(Optional.some)]
    for checkpoint in checkpoints.reversed() {
      let after = segments[segments.count - 1]
      var before: [Int?] = Array(repeating: nil, count: count)
      // A survivor keeps its place, so its own line takes precedence over its copies.
      for place in 0..<count where checkpoint.ancestor(of: place) == place { before[place] = after[place] }
      for (place, ancestor) in checkpoint.copies { before[ancestor] = before[ancestor] ?? after[place] }
      segments.append(before)
    }
    return segments.reversed()
  }
}

extension Ancestry {
  /// The line of each final particle, by place.
  public var finalLines: [Int] { lineNumbers[checkpoints.count] }

  /// The line that holds a place until the checkpoint after `step` steps; nil if there is no such place.
  public func line(holding place: Int, before step: Int) -> Int? {
    guard (0..<count).contains(place) else { return nil }
    return lineNumbers[checkpoints.firstIndex { $0.step >= step } ?? checkpoints.count][place]
  }

  /// The line that ended with a cull.
  public func line(of cull: Cull) -> Int { lineNumbers[cull.checkpoint][cull.place] }

  /// The step at which a line began; 0 for a line from the start.
  public func birth(of line: Int) -> Int { lines[line].birth.map { checkpoints[$0].step } ?? 0 }

  /// The step of the checkpoint at which a line ended; nil if it lasts to the end.
  public func end(of line: Int) -> Int? { lines[line].end.map { checkpoints[$0].step } }

  /// The segments of time in which a line exists.
  public func segments(of line: Int) -> Range<Int> {
    let line = lines[line]
    return (line.birth.map { $0 + 1 } ?? 0)..<(line.end ?? checkpoints.count) + 1
  }

  /// The checkpoints that a line passed.
  public func checkpoints(of line: Int) -> Range<Int> { segments(of: line).dropLast() }

  /// The cull of a particle that had finished after `steps` steps: the first cull of its place at or after that step.
  ///
  /// - Parameter taken: culls that belong to other particles.
  public func cull(of place: Int, finishedAfter steps: Int, excluding taken: Set<Cull> = []) -> Cull? {
    culls.first { $0.place == place && checkpoints[$0.checkpoint].step >= steps && !taken.contains($0) }
  }

  /// The places of the ancestors of the particle at `place` in `segment`, one for each segment up to it.
  public func lineage(of place: Int, in segment: Int) -> [Int] {
    checkpoints[..<segment].lineage(of: place)
  }
}

extension BidirectionalCollection<Checkpoint> {
  /// The places of the ancestors of the particle at `place` after these checkpoints: one before the first checkpoint
  /// and one after each.
  func lineage(of place: Int) -> [Int] {
    var places = [place]
    for checkpoint in reversed() { places.append(checkpoint.ancestor(of: places[places.count - 1])) }
    return places.reversed()
  }
}

extension Checkpoint {
  /// The checkpoint without ancestors that do not fit `count` particles, and without a negative step.
  fileprivate func fitting(count: Int) -> Checkpoint {
    let fits = ancestors.map { $0.count == count && $0.allSatisfy((0..<count).contains) } ?? true
    if fits, step >= 0 { return self }
    return Checkpoint(
      step: max(step, 0), logWeights: logWeights, softValues: softValues, ancestors: fits ? ancestors : nil,
      logEvidence: logEvidence)
  }
}
