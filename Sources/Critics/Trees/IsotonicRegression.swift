/// A non-decreasing function fitted by least squares: pool adjacent violators (Barlow et al., 1972), linear between the
/// centres of the pooled blocks and constant beyond the outermost ones.
///
/// Used to calibrate probabilities (Zadrozny and Elkan, KDD 2002).
struct IsotonicRegression: Sendable, Hashable, Codable {
  /// The mean input of each block, strictly increasing.
  let centres: [Double]
  /// The value of each block, non-decreasing.
  let values: [Double]

  /// - Parameters:
  ///   - inputs: the predictor of each observation, at least one, finite.
  ///   - targets: the outcome of each observation.
  ///   - smoothing: the weight, in observations, of the overall mean in each block. Above 0, blocks of 0/1 targets
  ///     never have the value 0 or 1, unless all targets are equal.
  init(inputs: [Double], targets: [Double], smoothing: Double = 0) {
    let order = inputs.indices.sorted { (inputs[$0], $0) < (inputs[$1], $1) }
    var blocks: [Block] = []
    var total = 0.0
    for index in order {
      total += targets[index]
      let observation = Block(input: inputs[index], value: targets[index], weight: 1)
      if let last = blocks.last, last.input == observation.input {
        // Equal inputs must have one value. The input is not averaged, so it stays exact.
        blocks[blocks.count - 1] = Block(
          input: last.input, value: last.joined(with: observation).value, weight: last.weight + 1)
      } else {
        blocks.append(observation)
      }
    }
    blocks = Self.pooled(blocks)
    if smoothing > 0 {
      let mean = total / Double(inputs.count)
      for index in blocks.indices {
        let weight = blocks[index].weight
        blocks[index].value = (weight * blocks[index].value + smoothing * mean) / (weight + smoothing)
      }
      // Smoothing moves small blocks further than large ones, which can undo the order.
      blocks = Self.pooled(blocks)
    }
    centres = blocks.map(\.input)
    values = blocks.map(\.value)
  }

  func callAsFunction(_ input: Double) -> Double {
    guard let first = centres.first, let last = centres.last else { return input }
    if input <= first { return values[0] }
    if input >= last { return values[values.count - 1] }
    // The first centre above the input.
    var low = 0
    var high = centres.count - 1
    while low + 1 < high {
      let middle = (low + high) / 2
      if centres[middle] > input { high = middle } else { low = middle }
    }
    let share = (input - centres[low]) / (centres[high] - centres[low])
    return values[low] + share * (values[high] - values[low])
  }

  /// The nearest non-decreasing sequence in least squares.
  static func nonDecreasing(_ values: [Double]) -> [Double] {
    let blocks = pooled(values.map { Block(input: 0, value: $0, weight: 1) })
    return blocks.flatMap { Array(repeating: $0.value, count: Int($0.weight)) }
  }

  /// Whether the parts form a valid calibration: one value per centre, in order, between 0 and 1.
  var isCalibration: Bool {
    guard !centres.isEmpty, centres.count == values.count else { return false }
    return zip(centres, centres.dropFirst()).allSatisfy { $0 < $1 }
      && zip(values, values.dropFirst()).allSatisfy { $0 <= $1 }
      && values.allSatisfy { (0...1).contains($0) } && centres.allSatisfy(\.isFinite)
  }

  private struct Block {
    var input: Double
    var value: Double
    var weight: Double

    func joined(with other: Block) -> Block {
      let sum = weight + other.weight
      return Block(
        input: (weight * input + other.weight * other.input) / sum,
        value: (weight * value + other.weight * other.value) / sum,
        weight: sum)
    }
  }

  private static func pooled(_ blocks: [Block]) -> [Block] {
    var result: [Block] = []
    for block in blocks {
      var block = block
      // Blocks of equal value are pooled, too, so that the centre of a flat section is its middle.
      while let last = result.last, last.value >= block.value {
        block = last.joined(with: block)
        result.removeLast()
      }
      result.append(block)
    }
    return result
  }
}
