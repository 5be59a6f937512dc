import Agents
import Foundation

/// WebShop's data files and how they are used.
///
/// Fields read from `items_shuffle*.json`, an array: `asin`, `name`, `full_description`, `small_description`,
/// `pricing`, `customization_options` (its `value`), `category`, `product_category` and `query`. Fields read from
/// `items_ins_v2*.json`, an object by `asin`: `attributes`, `instruction` and `instruction_attributes`. Fields read
/// from `items_human_ins.json`, an object by `asin` of arrays: `instruction`, `instruction_attributes` and
/// `instruction_options`.
public struct ShopFiles: Sendable, Hashable {
  /// The source of the goals.
  public enum Goals: String, CaseIterable, Sendable, Codable {
    /// Requests written by people (`items_human_ins.json`), as in WebShop's benchmark.
    case human
    /// Requests generated from attributes, one for each combination of a product's options, as in AgentGym.
    case synthetic
  }

  /// `items_shuffle*.json`.
  public var products: String
  /// `items_ins_v2*.json`.
  public var attributes: String
  /// `items_human_ins.json`, needed for human goals.
  public var humanGoals: String?
  /// The source of the goals.
  public var goals: Goals
  /// The number of products that are read (AgentGym: 1000); nil for all.
  public var limit: Int?
  /// The path of the database; nil for one beside the product file.
  public var database: String?
  /// A Python with spaCy, used once to find the nouns of titles; nil for an approximation without a model.
  public var tagger: String?

  /// Files at the given paths; `humanGoals` is needed for goals of that kind.
  public init(
    products: String, attributes: String, humanGoals: String? = nil, goals: Goals, limit: Int? = nil,
    database: String? = nil
  ) {
    self.products = products
    self.attributes = attributes
    self.humanGoals = humanGoals
    self.goals = goals
    self.limit = limit
    self.database = database
  }

  /// The files of a directory, found by their usual names. Of several sizes the full file is used, otherwise the first
  /// by name.
  ///
  /// - Parameter goals: nil for human goals if the directory has them, otherwise synthetic ones.
  /// - Throws: `misconfigured` if a file is missing.
  public init(directory: String, goals: Goals? = nil, limit: Int? = nil) throws(WorldError) {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    func path(_ stem: String) -> String? {
      names.first { $0 == stem + ".json" }
        ?? names.first { $0.hasPrefix(stem) && $0.hasSuffix(".json") }
    }
    let found = (path("items_shuffle"), path("items_ins_v2"), path("items_human_ins"))
    guard let products = found.0, let attributes = found.1 else {
      throw WorldError(
        .misconfigured,
        "\(directory) has no \(found.0 == nil ? "items_shuffle*.json" : "items_ins_v2*.json"). Download WebShop's data "
          + "files there, or leave environment.files out to shop in a generated catalogue.")
    }
    self.init(
      products: "\(directory)/\(products)", attributes: "\(directory)/\(attributes)",
      humanGoals: found.2.map { "\(directory)/\($0)" }, goals: goals ?? (found.2 == nil ? .synthetic : .human),
      limit: limit)
  }

  /// The database's path.
  var store: String {
    if let database { return database }
    let stem = products.hasSuffix(".json") ? String(products.dropLast(".json".count)) : products
    return "\(stem).\(limit.map { "\($0)." } ?? "")\(goals.rawValue).sqlite"
  }

  /// The files that are read.
  var sources: [String] { [products, attributes] + (goals == .human ? [humanGoals].compactMap(\.self) : []) }

  /// Identifies the files by their metadata. If it differs from the database's, the database is rebuilt.
  func fingerprint() throws(WorldError) -> String {
    var parts =
      ["version 2", goals.rawValue, limit.map(String.init) ?? "all"] + (tagger.map { ["tagger \($0)"] } ?? [])
    for source in sources {
      do {
        let attributes = try FileManager.default.attributesOfItem(atPath: source)
        let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        let size = (attributes[.size] as? NSNumber)?.int64Value ?? 0
        parts.append("\(URL(filePath: source).lastPathComponent) \(size) \(changed)")
      } catch {
        throw WorldError(
          .misconfigured, "The shop's file \(source) cannot be read: \(error.localizedDescription)")
      }
    }
    return parts.joined(separator: "; ")
  }
}
