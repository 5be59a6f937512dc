import Agents

/// A game of TextWorldExpress, by the simulator's name. Tests compare names, parameters and ranges with the jar.
public enum TextGame: String, CaseIterable, Sendable, Codable {
  /// Find ingredients and a recipe, prepare the meal and eat it.
  case cookingworld
  /// TextWorld Commonsense: put objects where they usually belong.
  case twc
  /// Find a coin and take it. All or nothing.
  case coin
  /// Fetch a coin from a room that a map leads to.
  case mapreader
  /// Solve a sum, and put the object with that quantity into a box.
  case arithmetic
  /// Put objects into a box in the order of their quantities.
  case sorting
  /// Do what Simon says.
  case simonsays
  /// Follow a book of instructions step by step.
  case peckingorder

  /// A parameter of a game's generator: a whole number.
  public struct Parameter: Sendable, Hashable {
    /// The name as the simulator has it.
    public let name: String
    /// The values with which the simulator generates games.
    public let range: ClosedRange<Int>
    /// The value where none is given.
    public let standard: Int

    init(_ name: String, _ range: ClosedRange<Int>, _ standard: Int) {
      (self.name, self.range, self.standard) = (name, range, standard)
    }
  }

  /// The parameters of the game, in a fixed order; empty for games that have none.
  public var parameters: [Parameter] {
    switch self {
    case .cookingworld:
      [
        Parameter("numLocations", 1...11, 11), Parameter("numIngredients", 1...5, 3),
        Parameter("numDistractorItems", 0...10, 10), Parameter("includeDoors", 0...1, 1),
        Parameter("limitInventorySize", 0...1, 1),
      ]
    case .twc:
      [
        Parameter("numLocations", 1...3, 3), Parameter("numItemsToPutAway", 1...4, 4),
        Parameter("includeDoors", 0...1, 0), Parameter("limitInventorySize", 0...1, 0),
      ]
    case .coin:
      [
        Parameter("numLocations", 1...11, 11), Parameter("numDistractorItems", 0...10, 0),
        Parameter("includeDoors", 0...1, 1), Parameter("limitInventorySize", 0...1, 1),
      ]
    case .mapreader:
      [
        // The jar takes 1 to 50, and generates no game with 1, 49 or 50.
        Parameter("numLocations", 2...48, 15), Parameter("maxDistanceApart", 1...8, 4),
        Parameter("maxDistractorItemsPerLocation", 0...3, 3), Parameter("includeDoors", 0...1, 0),
        Parameter("limitInventorySize", 0...1, 0),
      ]
    case .simonsays:
      [
        Parameter("gameLength", 1...1_000, 5), Parameter("numDistractors", 0...5, 3),
        Parameter("memorization", 0...1, 0), Parameter("verbose", 0...1, 0),
      ]
    case .arithmetic, .sorting, .peckingorder: []
    }
  }

  /// Reads parameters as the simulator writes them: `numLocations=1,includeDoors=0`.
  ///
  /// - Returns: the values given, by name.
  /// - Throws: `misconfigured` for an unknown name, a repeated one, or a value out of range. The message lists the
  ///   valid names.
  package func values(in text: String) throws(WorldError) -> [String: Int] {
    let known = parameters.map { "\($0.name) (\($0.range.lowerBound) to \($0.range.upperBound))" }
    let valid =
      known.isEmpty ? "\(rawValue) has no parameters." : "Those of \(rawValue): \(known.joined(separator: ", "))."
    func refused(_ problem: String) -> WorldError {
      WorldError(.misconfigured, "environment.parameters: \(problem). \(valid)")
    }
    var values: [String: Int] = [:]
    for part in text.split(separator: ",").map({ $0.trimmed }) where !part.isEmpty {
      let sides = part.split(separator: "=", omittingEmptySubsequences: false).map { String($0.trimmed) }
      guard sides.count == 2 else { throw refused("\"\(String(part).clipped(to: 80))\" is not written NAME=NUMBER") }
      guard let parameter = parameters.first(where: { $0.name == sides[0] }) else {
        throw refused("there is no parameter \(sides[0].clipped(to: 80))")
      }
      guard let value = Int(sides[1]), parameter.range.contains(value) else {
        throw refused("\(parameter.name) is \(sides[1].clipped(to: 80))")
      }
      guard values.updateValue(value, forKey: parameter.name) == nil else {
        throw refused("\(parameter.name) is given twice")
      }
    }
    return values
  }
}
