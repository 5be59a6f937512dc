import Agents

/// A question as it is stored: relative to the one before it, because every question of an agent repeats its history.
///
/// The body that comes back is the same in every byte of its compact JSON.
package struct QuestionRecord: Sendable, Hashable, Codable {
  /// The API of the question.
  package let dialect: ModelDialect
  /// How many leading messages, items or Unicode scalars of the prompt are those of the question before.
  private let kept: Int
  /// JSON of what follows them: a list, or a text for a prompt; nil if the question has neither.
  private let added: String?
  /// JSON of the members in order, as a list: a key alone has the value of the question before, a pair has its own
  /// value. The growing member is a key alone. nil if all are those of the question before.
  private let members: String?

  /// Stores a question relative to the one before it; to nothing if there is none or its dialect differs.
  package init(_ question: ModelQuestion, after previous: ModelQuestion?) {
    let previous = previous?.dialect == question.dialect ? previous : nil
    let key = question.growingKey
    dialect = question.dialect
    let isGrowing: Bool
    switch (question.body[key], previous?.body[key]) {
    case (.list(let values)?, let before):
      kept = zip(values, before?.items ?? []).prefix { $0 == $1 }.count
      added = OrderedJSON.list(Array(values[kept...])).json
      isGrowing = true
    case (.text(let text)?, let before):
      kept = zip(text.unicodeScalars, (before?.text ?? "").unicodeScalars).prefix { $0 == $1 }.count
      added = OrderedJSON.text(String(String.UnicodeScalarView(text.unicodeScalars.dropFirst(kept)))).json
      isGrowing = true
    default:
      kept = 0
      added = nil
      isGrowing = false
    }
    guard case .object(let own) = question.body else {
      members = OrderedJSON.object([.init("", question.body)]).json
      return
    }
    var isSame = own.count == previous?.body.members?.count
    let entries = own.enumerated().map { place, member -> OrderedJSON in
      let before = previous?.body.members
      if let before, isSame { isSame = before[place].key == member.key }
      if isGrowing, member.key == key { return .text(member.key) }
      if before?.first(where: { $0.key == member.key }) == member { return .text(member.key) }
      isSame = false
      return [.text(member.key), member.value]
    }
    members = isSame && isGrowing ? nil : OrderedJSON.list(entries).json
  }

  /// The question, given the one before it that it was stored after.
  ///
  /// - Throws: an error if the record is damaged or belongs to another question.
  package func question(after previous: ModelQuestion?) throws(DamagedRecordError) -> ModelQuestion {
    let previous = previous?.dialect == dialect ? previous : nil
    var question = ModelQuestion(dialect: dialect, body: .null)
    let key = question.growingKey
    var grown: OrderedJSON?
    if let added { grown = try self.grown(added, from: previous?.body[key]) }
    guard let members else {
      guard let previous, let grown else { throw DamagedRecordError() }
      question.body = previous.body
      question.body.set(key, grown)
      return question
    }
    guard let stored = OrderedJSON(parsing: members) else { throw DamagedRecordError() }
    if let whole = stored[""], stored.members != nil {
      question.body = whole
      return question
    }
    var own: [OrderedJSON.Member] = []
    for entry in stored.items ?? [] {
      if let pair = entry.items, pair.count == 2, let name = pair[0].text {
        own.append(.init(name, pair[1]))
      } else if let name = entry.text, let value = name == key && grown != nil ? grown : previous?.body[name] {
        own.append(.init(name, value))
      } else {
        throw DamagedRecordError()
      }
    }
    question.body = .object(own)
    return question
  }

  private func grown(_ text: String, from before: OrderedJSON?) throws(DamagedRecordError) -> OrderedJSON {
    switch OrderedJSON(parsing: text) {
    case .list(let values)?:
      let beginning = (before?.items ?? []).prefix(kept)
      guard beginning.count == kept else { throw DamagedRecordError() }
      return .list(beginning + values)
    case .text(let rest)?:
      var scalars = String.UnicodeScalarView((before?.text ?? "").unicodeScalars.prefix(kept))
      guard scalars.count == kept else { throw DamagedRecordError() }
      scalars.append(contentsOf: rest.unicodeScalars)
      return .text(String(scalars))
    default: throw DamagedRecordError()
    }
  }
}

/// A stored question cannot be read: the record is damaged, or it belongs to another question.
package struct DamagedRecordError: Error, Sendable, Hashable, CustomStringConvertible {
  package let description = "A stored question cannot be read. Record the attempt again."
}
