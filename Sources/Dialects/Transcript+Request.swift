import Agents

extension Transcript {
  /// A question as turns of text.
  init(_ request: NeutralRequest) {
    var entries: [Entry] = request.instructions.map(Entry.instructions)
    for turn in request.turns {
      switch turn {
      case .instructions(let text): entries.append(.instructions(text))
      default:
        let (isAnswer, text) = Readable.turn(turn)
        entries.append(isAnswer ? .response(text) : .prompt(text))
      }
    }
    self.init(entries: entries)
  }
}
