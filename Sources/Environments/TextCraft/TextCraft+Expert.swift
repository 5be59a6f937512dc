import Agents

extension TextCraft: ExpertWorld {
  /// Takes what the world provides first, then crafts by the cheapest recipes; see ``RecipeBook/goldPath(to:)``.
  ///
  /// - Returns: nil if the solution exceeds the step limit.
  public func solution(of task: AgentTask) throws(WorldError) -> [String]? {
    let path = recipes.goldPath(to: try goal(of: task.id))
    return path.count <= task.stepLimit ? path : nil
  }
}
