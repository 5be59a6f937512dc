/// A world that can solve its own tasks and provides the solutions for imitation.
public protocol ExpertWorld: World {
  /// The actions that earn ``World/maximalReward``, in order, within the task's step limit.
  ///
  /// - Returns: nil where there are none, such as for a task that takes more steps than it has.
  func solution(of task: AgentTask) throws(WorldError) -> [String]?
}
