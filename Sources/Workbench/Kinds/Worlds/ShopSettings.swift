import Agents
import Shop

package struct ShopSettings: WorldKind {
  package static let name = "shop"
  package static let summary = "A web shop: search, look, choose options, buy."

  package let stepLimit: Int
  package let files: String?
  package let goals: ShopFiles.Goals?
  package let limit: Int?
  package let products: Int
  package let database: String?
  package let tagger: String?
  package let forcedPurchase: Bool

  package init(_ yaml: inout YAMLMapping) throws {
    stepLimit = try yaml.stepLimit(default: 15)
    files = try yaml.text(
      "files", default: "a generated catalogue",
      "folder of WebShop's files: `items_shuffle*.json`, `items_ins_v2*.json`, `items_human_ins.json`")
    goals = try yaml.choice(
      "goals", ShopFiles.Goals.self, default: "`human` if the folder has them", "with `files`: which goals")
    limit = try yaml.count("limit", default: "all", "with `files`: maximal number of products that are read")
    products = try yaml.count("products", most: 2_000_000, default: 1_000, "number of generated products")
    database = try yaml.text(
      "database", default: "beside the files", "with `files`: where the database built from them is stored")
    tagger = try yaml.text(
      "tagger", default: "a word list",
      """
      with `files`: a Python that has spaCy. It is called once for the nouns of the titles, while the database is \
      built; see [worlds](worlds.md#shop-and-webshop)
      """)
    forcedPurchase = try yaml.flag(
      "forcedPurchase", default: true, "the last step buys the product that is shown")
    if tagger != nil, files == nil {
      throw ConfigurationError(
        "environment.tagger can only be used with environment.files: generated titles need no tagger.")
    }
  }

  /// Uses WebShop's own products and goals if the configuration names their folder, otherwise a generated catalogue.
  package func make(_ environment: WorldSettings, observer: any WorkObserver) throws -> any World {
    let catalogue: Catalogue
    if let folder = files {
      var files = try ShopFiles(directory: folder, goals: goals, limit: limit)
      files.database = database
      files.tagger = tagger
      let progress = observer.begin("reading \(folder)", steps: 100, unit: "%")
      catalogue = try Catalogue.files(files) { progress.update($0.bytes > 0 ? $0.bytesRead * 100 / $0.bytes : 100, "") }
      progress.end()
    } else {
      catalogue = try Catalogue.generated(products: products, seed: environment.seed)
    }
    return try Shop(
      catalogue: catalogue, rules: ShopRules(stepLimit: stepLimit, forcesPurchase: forcedPurchase),
      prompting: environment.prompts.applied(to: Shop.prompting, reflection: Shop.reflection),
      splits: environment.splits)
  }
}
