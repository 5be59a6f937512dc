import Agents
import Foundation
import Reporting
import Steering
import Workbench

/// Writes pictures. They are written after the results, so that a full or read-only folder cannot lose results that
/// were paid for.
enum Pictures {
  /// Draws the pictures. If the run had been stopped by an error, failures of drawing are only noted.
  static func draw(after stopped: SteeringError?, _ body: () throws -> Void) throws {
    do { try body() } catch {
      guard stopped != nil else { throw error }
      Console.note("\(error)")
    }
    if let stopped { throw stopped }
  }

  /// Writes one picture for each task.
  static func write(_ results: [PopulationResult], to folder: String) throws {
    for (index, result) in results.enumerated() {
      let name = fileName(result.task.id.rawValue)
      let picture =
        result.tree.map { TreePicture.svg($0, task: result.task) } ?? GenealogyPicture.svg(result)
      guard let picture else { continue }
      try OutputFile.write(Data(picture.utf8), to: "\(folder)/\(index + 1)-\(name).svg")
    }
  }

  /// A task's name as part of a file name. The name comes from the world: it must not be used as a path unchanged, and
  /// file systems accept at most 255 bytes.
  static func fileName(_ task: String) -> String {
    let longest = 80
    return String(
      task.unicodeScalars.prefix(longest).map { scalar in
        let isPlain = scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        return isPlain ? Character(scalar) : "-"
      })
  }
}
