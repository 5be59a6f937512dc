/// What a policy is shown besides the world's texts: instructions before the task, worked examples, and how much of the
/// past.
///
/// The form of the answers ("Thought: … Action: …") belongs to the policy instead; see ``ActionFormat``.
public struct Prompting: Sendable, Hashable {
  /// One exchange of a worked example.
  public struct Exchange: Sendable, Hashable, Codable {
    /// What the agent of the example reads.
    public let prompt: String
    /// Its answer, in the plain form of an action; ``ActionFormat`` rewrites it for the policy.
    public let response: String

    /// A prompt and the answer to it.
    public init(prompt: String, response: String) {
      self.prompt = prompt
      self.response = response
    }
  }

  /// Shown before everything else, without white space at its ends.
  public var instructions: String
  /// Worked examples, shown between the instructions and the task.
  public var examples: [Exchange]
  /// The most characters of all exchanges between the task and the present; nil for no limit. The oldest are dropped
  /// first. The task and the present observation are always shown in full.
  public var historyLimit: Int?
  /// Whether the last prompt lists the admissible actions, unless its text already does.
  public var listsChoices = true

  /// - Parameter historyLimit: in characters; nil shows the whole past.
  public init(_ instructions: String, examples: [Exchange] = [], historyLimit: Int? = nil) {
    self.instructions = String(instructions.trimmed)
    self.examples = examples
    self.historyLimit = historyLimit
  }

  /// The instruction to reflect on state and goal before every action, in place of a plan (ReflAct, arXiv 2505.15182).
  public static let reflection = """
    Before every action, do not plan ahead. Reflect on where you stand, in one or two sentences: what is wanted in the end, \
    what is true now, and what is still missing between the two. Then choose the one action that closes some of that gap.
    """

  /// The same prompting with a reflection instruction appended.
  public func reflecting(_ reflection: String = Self.reflection) -> Prompting {
    var copy = self
    copy.instructions += "\n\n" + reflection.trimmed
    return copy
  }

  /// The prompting's part of a world's identity: a digest of the texts and the history limit. Other texts give another
  /// prior.
  public var summary: String {
    var digest = Digest()
    digest.add(instructions)
    for example in examples { digest.add(example.prompt, example.response) }
    let history = historyLimit.map { ", history \($0)" } ?? ""
    return "prompt \(digest.text.prefix(8))\(history)\(listsChoices ? "" : ", choices not listed")"
  }

  /// The prompt after a trajectory: instructions, examples, task, the newest exchanges that fit, and the present
  /// observation with the admissible actions.
  public func transcript(for trajectory: Trajectory) -> Transcript {
    let steps = trajectory.steps
    let dropped = dropped(from: steps)
    var entries: [Transcript.Entry] = [.instructions(instructions)]
    for example in examples { entries += [.prompt(example.prompt), .response(example.response)] }
    if dropped == 0 {
      entries.append(.prompt(trajectory.opening.text))
    } else {
      // Turns alternate, so the text after the last omitted exchange joins the task's turn.
      let (noun, pronoun) = dropped == 1 ? ("step is", "it") : ("steps are", "them")
      entries.append(
        .prompt(
          """
          \(trajectory.opening.text)

          (\(dropped) earlier \(noun) left out here; after \(pronoun), "\(steps[dropped - 1].action.text.clipped(to: 200))" gave:)
          \(steps[dropped - 1].outcome.observation.text)
          """))
    }
    for step in steps[dropped...] {
      entries += step.answer
      entries.append(.prompt(step.outcome.observation.text))
    }
    return Transcript(entries: entries).listing(listsChoices ? trajectory.offeredChoices : nil)
  }

  /// How many of the oldest exchanges exceed the limit. The newest observation is not counted, since it is always
  /// shown.
  private func dropped(from steps: [Step]) -> Int {
    guard let historyLimit else { return 0 }
    var left = historyLimit
    for place in steps.indices.reversed() {
      // An exchange is a response and the observation before it.
      left -= steps[place].response.count
      if place > 0 { left -= steps[place - 1].outcome.observation.text.count }
      if left < 0 { return place + 1 }
    }
    return 0
  }
}
