/// A world that can make a task of a text, such as a request that comes while the world is served.
package protocol DescribedWorld: World {
  /// Whether this world can make tasks of texts.
  var takesDescriptions: Bool { get }

  /// The task that a text describes: its ``AgentTask/request`` is the text, and its name is made of it.
  ///
  /// - Throws: `misconfigured` if the text cannot be a task of this world.
  func task(describedBy text: String) throws(WorldError) -> AgentTask
}

extension TaskID {
  /// The name of the task that a text describes. The same text has the same name.
  package init(describedBy text: String) {
    var digest = Digest()
    digest.add(text)
    self.init("described-" + digest.text)
  }
}

extension AgentTask {
  /// Whether a ``DescribedWorld`` made the task from a text.
  package var isDescribed: Bool { id == TaskID(describedBy: request) }
}
