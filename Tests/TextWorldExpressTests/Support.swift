import Agents
import Foundation
import JavaBridge
import TestSupport
import Testing

@testable import TextWorldExpress

/// The path of Java, or nil if it is not installed.
let java = try? JavaProgram.textWorldExpress.findJava()

/// Settings for the jars that `make test` installs. A test without them fails.
func settings(
  processes: Int = 1, episodes: Int = 8, memory: Int = 64, loads: Int = 2000
) throws -> SimulatorPool.Settings {
  let program = JavaProgram.textWorldExpress
  let jar = try program.findJar(in: [ChildServer.virtualEnvironment])
  return SimulatorPool.Settings(
    program, jar: jar, gateway: try program.findGateway(for: jar, in: []), java: try #require(java),
    processes: processes, episodesPerProcess: episodes, memory: memory, loadsPerProcess: loads)
}

extension TextGame {
  /// A variant with short gold paths.
  var easy: String {
    switch self {
    case .cookingworld: "numLocations=1,numIngredients=2,numDistractorItems=0,includeDoors=0,limitInventorySize=0"
    case .twc: "numLocations=1,numItemsToPutAway=2,includeDoors=0,limitInventorySize=0"
    case .coin: "numLocations=3"
    case .mapreader: "numLocations=4,maxDistanceApart=2,maxDistractorItemsPerLocation=0"
    case .simonsays: "gameLength=5,memorization=1"
    case .arithmetic, .sorting, .peckingorder: ""
    }
  }
}
