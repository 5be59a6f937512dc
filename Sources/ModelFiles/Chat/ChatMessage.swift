import Agents

/// One turn of a conversation.
package struct ChatMessage: Sendable, Hashable {
  /// A call of a tool by the assistant.
  package struct Call: Sendable, Hashable {
    /// Names the call; its result repeats it. Some templates want nine letters and digits.
    package var id: String
    package var name: String
    /// An object, or what the model wrote in its place.
    package var arguments: OrderedJSON

    package init(id: String, name: String, arguments: OrderedJSON = [:]) {
      (self.id, self.name, self.arguments) = (id, name, arguments)
    }
  }

  /// `system`, `user`, `assistant` or `tool`.
  package var role: String
  package var content: String
  /// What the assistant calls, after its content.
  package var calls: [Call] = []
  /// Of the role `tool`: the call whose result it is.
  package var answered: Call?

  package init(role: String, content: String, calls: [Call] = []) {
    (self.role, self.content, self.calls) = (role, content, calls)
  }

  /// The result of a call.
  package init(result: String, of call: Call) {
    (role, content, answered) = ("tool", result, call)
  }
}
