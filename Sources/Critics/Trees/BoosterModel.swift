import Agents
import Foundation

/// The parts of XGBoost's JSON that determine whether tree traversal ends and stays in bounds.
struct BoosterModel: Decodable {
  /// Rejects trees that XGBoost would load but then crash on or traverse forever. An artifact may be damaged or forged.
  ///
  /// - Parameters:
  ///   - columns: features per row.
  ///   - rounds: boosting rounds.
  /// - Throws: `CriticError` of kind `unreadable`, which states the fault.
  static func check(_ text: String, columns: Int, rounds: Int) throws(CriticError) {
    let model: BoosterModel
    do {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      model = try decoder.decode(BoosterModel.self, from: Data(text.utf8))
    } catch {
      throw CriticError(.unreadable, "The critic's trees are not XGBoost's JSON: \(error)")
    }
    if let fault = model.fault(columns: columns, rounds: rounds) {
      throw CriticError(.unreadable, "The critic's trees are damaged: \(fault). Train it again.")
    }
  }

  private let learner: Learner

  private struct Learner: Decodable {
    let gradientBooster: GradientBooster
    let learnerModelParam: [String: String]
    let objective: Named
  }

  private struct Named: Decodable {
    let name: String
  }

  private struct GradientBooster: Decodable {
    let name: String
    let model: Forest
  }

  private struct Forest: Decodable {
    let gbtreeModelParam: [String: String]
    let treeInfo: [Int]
    let trees: [Tree]
  }

  fileprivate struct Tree: Decodable {
    let leftChildren: [Int]
    let rightChildren: [Int]
    let parents: [Int]
    let splitIndices: [Int]
    let splitConditions: [Double]
    let splitType: [Int]
    let baseWeights: Length
    let defaultLeft: Length
    let lossChanges: Length
    let sumHessian: Length
    let categories: Length
    let treeParam: [String: String]
  }

  fileprivate struct Length: Decodable {
    let count: Int

    init(from decoder: any Decoder) throws {
      count = try decoder.unkeyedContainer().count ?? 0
    }
  }

  private func fault(columns: Int, rounds: Int) -> String? {
    let forest = learner.gradientBooster.model
    let objective = "reg:logistic"
    guard learner.gradientBooster.name == "gbtree", learner.objective.name == objective else {
      return "they are \(learner.gradientBooster.name) for \(learner.objective.name), not gbtree for \(objective)"
    }
    guard learner.learnerModelParam["num_class"] == "0",
      learner.learnerModelParam["num_feature"] == "\(columns)"
    else { return "they are not for one number and \(columns) features" }
    guard rounds > 0, forest.trees.count == rounds, forest.treeInfo.count == forest.trees.count,
      forest.gbtreeModelParam["num_trees"] == "\(forest.trees.count)",
      forest.treeInfo.allSatisfy({ $0 == 0 })
    else { return "there are \(forest.trees.count) trees, and not \(rounds), one for each round" }
    for (number, tree) in forest.trees.enumerated() {
      if let fault = tree.fault(columns: columns) { return "tree \(number) \(fault)" }
    }
    return nil
  }
}

extension BoosterModel.Tree {
  fileprivate func fault(columns: Int) -> String? {
    let nodes = leftChildren.count
    let lengths = [
      rightChildren.count, parents.count, splitIndices.count, splitConditions.count, splitType.count,
      baseWeights.count, defaultLeft.count, lossChanges.count, sumHessian.count,
    ]
    guard nodes > 0, treeParam["num_nodes"] == "\(nodes)", lengths.allSatisfy({ $0 == nodes }) else {
      return "has lists of different lengths"
    }
    guard treeParam["size_leaf_vector"].map({ $0 == "0" || $0 == "1" }) ?? true else { return "has vector leaves" }
    guard categories.count == 0, splitType.allSatisfy({ $0 == 0 }) else { return "has categorical splits" }
    guard splitConditions.allSatisfy({ Float($0).isFinite }) else { return "has a number that is not finite" }
    // If every node has at most one parent and the root has none, no path from the root is a cycle.
    var hasParent = [Bool](repeating: false, count: nodes)
    hasParent[0] = true
    for node in 0..<nodes {
      let children = [leftChildren[node], rightChildren[node]]
      if children == [-1, -1] { continue }
      guard (0..<columns).contains(splitIndices[node]) else { return "splits on a feature that does not exist" }
      for child in children {
        guard (0..<nodes).contains(child), !hasParent[child] else { return "is not a tree" }
        guard parents[child] == node else { return "is not a tree" }
        hasParent[child] = true
      }
    }
    return nil
  }
}
