import Agents
import Foundation
import Reporting
import Steering
import Workbench

/// Writes pictures. They come after the results, which were paid for and cannot be lost to a folder that is full or not writable.
enum Pictures {
  /// Draws, and then ends with what had stopped the run, where something had.
  static func draw(after stopped: SteeringError?, _ body: () throws -> Void) throws {
    do { try body() } catch {
      guard stopped != nil else { throw error }
      Console.note("\(error)")
    }
    if let stopped { throw stopped }
  }

  /// One picture for each task.
  static func write(_ results: [PopulationResult], to folder: String) throws {
    for (index, result) in results.enumerated() {
      let name = fileName(result.task.id.rawValue)
      let picture =
        result.tree.map { TreePicture.svg($0, task: result.task) } ?? GenealogyPicture.svg(result)
      guard let picture else { continue }
      try OutputFile.write(Data(picture.utf8), to: "\(folder)/\(index + 1)-\(name).svg")
    }
  }

  /// A task's name as part of a file's. It is the world's: no path is built from it as it stands, and file systems take no more
  /// than 255 bytes.
  static func fileName(_ task: String) -> String {
    let longest = 80
    return String(
      task.unicodeScalars.prefix(longest).map { scalar in
        let isPlain = scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        return isPlain ? Character(scalar) : "-"
      })
  }
}
