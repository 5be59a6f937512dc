import Agents

extension TextCraft: ExpertWorld {
  /// What the world provides is taken first, then crafted upwards by the cheapest recipes; see ``RecipeBook/goldPath(to:)``.
  ///
  /// - Returns: nil where that takes more steps than an attempt has.
  public func solution(of task: AgentTask) throws(WorldError) -> [String]? {
    let path = recipes.goldPath(to: try goal(of: task.id))
    return path.count <= task.stepLimit ? path : nil
  }
}
