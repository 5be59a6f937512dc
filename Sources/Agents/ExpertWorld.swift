/// A world that can solve its own tasks and provides the solutions for imitation.
public protocol ExpertWorld: World {
  /// The actions that earn ``World/maximalReward``, in order, within the task's step limit.
  ///
  /// - Returns: nil if there is no solution, such as for a task that needs more steps than its limit.
  func solution(of task: AgentTask) async throws(WorldError) -> [String]?
}
