/// The neighbours of each stored state, by step.
struct Neighbourhood {
  private let paths: [ValueSpace.Path]
  /// The paths that continue after each step.
  private let layers: [Layer]
  /// The distance up to which two states count as similar, by step.
  let reach: [Double]
  /// The largest difference in rewards so far between similar states, in reward units.
  let paidReach: Double

  /// - Parameters:
  ///   - steps: the length of the longest path.
  ///   - scale: the largest return less the smallest, above 0.
  init(paths: [ValueSpace.Path], steps: Int, scale: Double) {
    self.paths = paths
    paidReach = 0.02 * scale
    let width = paidReach
    layers = (0..<steps).map { Layer(paths: paths, step: $0, width: width) }
    // A twentieth of the range of expected returns-to-go at this step, but at least a fiftieth of the range of returns.
    reach = layers.map { max(0.05 * $0.spread, 0.02 * scale) }
  }

  /// For each prefix, the nearest paths of other tasks, among those with a similar reward so far and the nearest
  /// expected return-to-go.
  func ofOtherTasks(_ path: Int) -> [[Int32]] {
    let own = paths[path]
    return (0..<own.length).map { step in
      layers[step].near(path, own.positions[step], reaching: 3 * ValueSpace.neighbourCount)
        .filter { paths[$0].task != own.task && abs(paths[$0].positions[step].z - own.positions[step].z) <= paidReach }
        .map { (distance(paths[$0].positions[step], own.positions[step]), $0) }.sorted { $0 < $1 }
        .prefix(ValueSpace.neighbourCount).map { Int32($0.1) }
    }
  }
}

/// The states after one step, grouped into bands by reward so far. Each band is sorted by expected return-to-go.
private struct Layer {
  private var bands: [Int: [(x: Double, path: Int)]] = [:]
  private let width: Double
  /// The largest expected return-to-go less the smallest.
  let spread: Double

  init(paths: [ValueSpace.Path], step: Int, width: Double) {
    self.width = width
    let running = paths.indices.filter { paths[$0].length > step }
    let expectations = running.map { paths[$0].positions[step].x }
    spread = (expectations.max() ?? 0) - (expectations.min() ?? 0)
    for path in running {
      let position = paths[path].positions[step]
      bands[Self.band(position.z, width), default: []].append((position.x, path))
    }
    for band in bands.keys { bands[band]?.sort { $0 < $1 } }
  }

  private static func band(_ paid: Double, _ width: Double) -> Int {
    // Rewards may have any finite size. The bounds keep the conversion to Int from overflowing.
    Int(min(max((paid / width).rounded(), -1e15), 1e15))
  }

  /// Up to `count` states on either side of a path's state, in the band of its reward so far and the two adjacent
  /// bands. Ties in expected return-to-go are ordered by path, so that tied states have different neighbours.
  func near(_ path: Int, _ position: SIMD3<Double>, reaching count: Int) -> [Int] {
    let middle = Self.band(position.z, width)
    return (middle - 1...middle + 1).flatMap { band -> [Int] in
      guard let states = bands[band] else { return [] }
      let place = states.partitioningIndex { $0 >= (position.x, path) }
      return states[max(0, place - count)..<min(states.count, place + count)].map(\.path)
    }
  }
}

extension Array {
  /// The first index whose element satisfies `belongs`, in an array partitioned so that these elements come last.
  fileprivate func partitioningIndex(_ belongs: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
