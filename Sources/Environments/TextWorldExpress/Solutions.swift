import Agents
import Synchronization

/// Solutions that the simulator has given, by task; empty where it has none. An expert is asked for the same one at every
/// step.
final class Solutions: Sendable {
  private let known = Mutex<[TaskID: [String]]>([:])

  subscript(id: TaskID) -> [String]? {
    get { known.withLock { $0[id] } }
    set { known.withLock { $0[id] = newValue } }
  }
}
