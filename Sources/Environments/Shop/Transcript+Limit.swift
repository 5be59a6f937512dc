import Agents

extension Transcript {
  /// The instructions, the first observation, and as many of the newest exchanges as fit.
  ///
  /// The first observation holds the task and the last one the present: both are there whole, whatever the limit.
  ///
  /// - Parameter limit: of the characters of the answers and of the pages between the first and the last; nil for all.
  init(instructions: String, history: Trajectory, limit: Int?) {
    guard let limit else {
      self.init(instructions: instructions, history: history)
      return
    }
    let steps = history.steps
    var room = limit
    var first = steps.count
    while first > 0 {
      let step = steps[first - 1]
      // The page that the last answer led to is the present, and free.
      let page = first == steps.count ? 0 : step.outcome.observation.text.count
      guard room >= step.response.count + page else { break }
      room -= step.response.count + page
      first -= 1
    }
    var opening = history.opening.text
    if first > 0 {
      opening += "\n\n(\(first) earlier \(first == 1 ? "step is" : "steps are") left out.)"
    }
    self.init(entries: [.instructions(instructions), .prompt(opening)])
    for step in steps[first...] {
      entries.append(.response(step.response))
      entries.append(.prompt(step.outcome.observation.text))
    }
    // Where even the last answer does not fit, the present follows the task in one prompt.
    if first == steps.count, let present = steps.last {
      entries[1] = .prompt(opening + "\n\n" + present.outcome.observation.text)
    }
  }
}
