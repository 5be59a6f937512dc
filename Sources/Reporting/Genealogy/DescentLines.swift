extension Descent {
  /// One particle: from the start, or from where it became a copy of another, to where another took its place, or to the end.
  struct Line: Sendable, Hashable {
    let place: Int
    /// The stop at which it was cloned; nil where it is there from the start.
    let birth: Int?
    /// The number of the line it is a copy of.
    let parent: Int?
    /// The stop at which another took its place; nil where it is there at the end.
    fileprivate(set) var end: Int?
    /// Nobody continued it there.
    fileprivate(set) var isCulled = false

    /// The segments of time it lived in.
    func segments(of descent: Descent) -> Range<Int> {
      (birth.map { $0 + 1 } ?? 0)..<(end ?? descent.stops.count) + 1
    }

    /// The stops it lived through and went on from.
    func stops(of descent: Descent) -> Range<Int> {
      (birth.map { $0 + 1 } ?? 0)..<(end ?? descent.stops.count)
    }
  }

  /// The number of the line that was culled there.
  func line(of cull: Cull) -> Int { lineNumbers[cull.stop][cull.place] }

  /// - Returns: the lines, and for each segment and place the number of its line.
  static func lines(count: Int, stops: [Stop]) -> (lines: [Line], numbers: [[Int]]) {
    var lines = (0..<count).map { Line(place: $0, birth: nil, parent: nil) }
    var numbers = [Array(0..<count)]
    for (number, stop) in stops.enumerated() {
      let before = numbers[number]
      var after = before
      let culled = Set(stop.culled)
      for place in 0..<count where stop.ancestor(of: place) != place {
        lines[before[place]].end = number
        lines[before[place]].isCulled = culled.contains(place)
        after[place] = lines.count
        lines.append(Line(place: place, birth: number, parent: before[stop.ancestor(of: place)]))
      }
      numbers.append(after)
    }
    return (lines, numbers)
  }
}
