import Agents
import Foundation
import Testing

@testable import Shop

/// The generated shop, created once for all tests.
let generatedCatalogue = Result { try Catalogue.generated() }

func generatedShop(
  _ rules: ShopRules = ShopRules(), prompting: Prompting = Shop.prompting,
  splits: [Split: [Int]] = [.train: Array(0..<40), .test: [50, 49]]
) throws -> Shop {
  try Shop(
    catalogue: generatedCatalogue.get(), rules: rules, prompting: prompting, splits: TaskSplits(splits))
}

/// Starts a visit and takes these actions.
func play(_ actions: [String], in shop: Shop, task: TaskID = "goal-0") async throws -> [Outcome] {
  var (episode, _) = try await shop.begin(try shop.task(task))
  var outcomes: [Outcome] = []
  for action in actions { outcomes.append(try await episode.step(.act(action))) }
  return outcomes
}

/// Runs `body` with a directory of these files, then deletes it.
func withDirectory<R>(_ files: [String: String], _ body: (String) async throws -> R) async throws -> R {
  let folder = FileManager.default.temporaryDirectory.appending(path: "shop-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: folder) }
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
  return try await body(folder.path)
}

/// The error that `body` throws.
func environmentError<R>(_ body: () async throws -> R) async throws -> WorldError {
  do {
    _ = try await body()
  } catch let error as WorldError {
    return error
  }
  throw NoError()
}

struct NoError: Error {}

/// Hand-written files in WebShop's format: three products, one of which is skipped, and goals of both kinds.
let handWrittenFiles = [
  "items_shuffle_3.json": #"""
  [
    {"asin": "B000000001", "name": "Acme Wool Sweater for Women \"Soft\" \u00e9dition", 
     "full_description": "Knit in\nWales.",
     "small_description": ["Machine wash, line dry", "Crew neck"], "pricing": "$24.99", "category": "fashion",
     "product_category": "Clothing › Women › Sweaters", "query": " Women's Sweaters ", "images": ["x"],
     "extra": {"a": [1, NaN]},
     "customization_options": {"Size": [{"value": "Small"}, {"value": "X-Large", "price": null}],
       "Color": [{"value": " Red/White ", "image": "u"}, {"value": "navy"}], "Fit": null}},
    {"asin": "nan", "name": "Skipped"},
    {"asin": "B000000002", "name": "Bolt Cable", "full_description": null,
     "small_description": "Fast, \ud83d\ude00 [sturdy]",
     "pricing": "$5.00 to $9.50", "category": "electronics", "product_category": "Electronics › Cables",
     "query": "cables",
     "customization_options": ""},
    {"asin": "B000000001", "name": "Twice"},
    {"asin": "B000000003", "name": "Grand Piano", "full_description": "Black.", "small_description": [],
     "pricing": null, "category": "garden", "product_category": "Music › Pianos", "query": "pianos",
     "customization_options": {}}
  ]
  """#,
  "items_ins_v2_3.json": #"""
  {"B000000001": {"attributes": ["machine wash", "crew neck"], "instruction": "Find me machine wash women's sweaters",
                  "instruction_attributes": ["machine wash"]},
   "B000000002": {"attributes": ["fast charging"]},
   "B000000003": {"attributes": [], "instruction": "Find me pianos", "instruction_attributes": ["high gloss"]}}
  """#,
  "items_human_ins.json": #"""
  {"B000000002": [{"asin": "B000000002", "instruction": "i want a fast cable.", 
                   "instruction_attributes": ["fast charging"], "instruction_options": []},
                  {"instruction": "nothing in particular", "instruction_attributes": [], "instruction_options": []}],
   "B000000001": [{"instruction": "a red sweater in small.", "instruction_attributes": ["machine wash", "crew neck"],
                   "instruction_options": ["red | white", "small"]}]}
  """#,
]
