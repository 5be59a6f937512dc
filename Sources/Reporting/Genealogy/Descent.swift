import ParticleFilter

/// A genealogy as it can be drawn: what does not fit its number of particles is left out.
struct Descent: Sendable {
  /// A checkpoint.
  struct Stop: Sendable {
    let step: Int
    let effectiveSampleSize: Double
    /// For each place, the particle it continues; nil where nothing was resampled.
    let ancestors: [Int]?
    private let softValues: [Double]

    init(_ checkpoint: Checkpoint, count: Int) {
      step = max(checkpoint.step, 0)
      effectiveSampleSize = checkpoint.effectiveSampleSize
      softValues = checkpoint.softValues
      let fits = checkpoint.ancestors.map { $0.count == count && $0.allSatisfy { (0..<count).contains($0) } }
      ancestors = fits == true ? checkpoint.ancestors : nil
    }

    /// V of the particle at a place, or nil where there is no number.
    func softValue(at place: Int) -> Double? {
      guard softValues.indices.contains(place), softValues[place].isFinite else { return nil }
      return softValues[place]
    }

    func ancestor(of place: Int) -> Int { ancestors?[place] ?? place }

    /// The places whose particle nobody continues.
    var culled: [Int] {
      guard let ancestors else { return [] }
      let continued = Set(ancestors)
      return ancestors.indices.filter { !continued.contains($0) }
    }
  }

  /// Where the particle at `place` was culled: at the stop of this number.
  struct Cull: Hashable, Sendable {
    let stop: Int
    let place: Int
  }

  let count: Int
  let stops: [Stop]
  /// Those there are from the start, in order of places, then clones in order of time and place.
  let lines: [Line]
  /// For each segment of time and each place, the number of its line.
  let lineNumbers: [[Int]]
  /// For each segment of time, one more than there are stops: the final particle that a place led to, the first of several,
  /// or nil where it led to none.
  let descendants: [[Int?]]
  /// In order of time, then of place.
  let culls: [Cull]
  /// The least and the greatest V there is.
  let softValueRange: ClosedRange<Double>?

  init(_ genealogy: Genealogy) {
    count = max(genealogy.count, 0)
    let count = count
    stops = genealogy.checkpoints.map { Stop($0, count: count) }
    var segments = [(0..<count).map(Optional.some)]
    for stop in stops.reversed() {
      let after = segments[segments.count - 1]
      var before: [Int?] = Array(repeating: nil, count: count)
      // A survivor stays itself, so its own line goes before its copies'.
      for place in 0..<count where stop.ancestor(of: place) == place { before[place] = after[place] }
      for place in 0..<count {
        let ancestor = stop.ancestor(of: place)
        before[ancestor] = before[ancestor] ?? after[place]
      }
      segments.append(before)
    }
    descendants = segments.reversed()
    let stops = stops
    (lines, lineNumbers) = Self.lines(count: count, stops: stops)
    culls = stops.indices.flatMap { stop in stops[stop].culled.map { Cull(stop: stop, place: $0) } }
    let values = stops.flatMap { stop in (0..<count).compactMap { stop.softValue(at: $0) } }
    softValueRange = values.min().flatMap { least in values.max().map { least...$0 } }
  }

  /// The places held up to `segment` by what is then at `place`, one for each segment.
  func lineage(of place: Int, at segment: Int) -> [Int] {
    var places = [place]
    for stop in stops[..<segment].reversed() { places.append(stop.ancestor(of: places[places.count - 1])) }
    return places.reversed()
  }
}
