/// The coordinates of a genealogy picture.
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
  /// The CSS class of the text size.
  var textSize: String { "s\(Int(fontSize))" }
  var bottom: Double { top + rowHeight * Double(count) }

  /// The x coordinate of the last step. If a checkpoint follows it, space is left for its clones before the end of the
  /// lines.
  var lastStep: Double { stops.contains(steps) ? right - 36 : right }

  func x(step: Int) -> Double {
    left + (lastStep - left) * Double(min(max(step, 0), steps)) / Double(max(steps, 1))
  }

  /// The x coordinate of the end of a segment.
  func end(_ segment: Int) -> Double { segment < stops.count ? x(step: stops[segment]) : right }

  func y(_ place: Int) -> Double { top + rowHeight * (Double(place) + 0.5) }

  /// The first and last step of a segment. The last segment ends with the picture.
  func span(_ segment: Int) -> (from: Int, to: Int) {
    (segment == 0 ? 0 : stops[segment - 1], segment < stops.count ? stops[segment] : steps)
  }

  /// The width of a clone's curve to its own row.
  func bend(_ segment: Int) -> Double {
    max(min(26, (end(segment) - x(step: span(segment).from)) * 0.45), 0)
  }
}
