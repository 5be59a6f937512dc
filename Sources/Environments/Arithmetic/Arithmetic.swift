import Agents

/// Arithmetic worked line by line: a start number, and one operation after another. The world begins each line of
/// working with the agent's previous result (`Then 11 + 8 =`), and the agent completes it (`19`). The last result is
/// the answer. Only the answer is paid for, with 1, at the end. A mistake can be seen as soon as it is made.
///
/// Made for small models that are to be trained: every problem can be checked, there is no shortage of problems, and an
/// attempt takes a few dozen tokens.
public struct Arithmetic: ExpertWorld {
  /// The size and operations of the problems.
  public let form: ProblemForm
  /// The instructions and worked examples before the task.
  public let prompting: Prompting
  private let sequence: ProblemSequence
  private let splits: TaskSplits

  /// - Parameters:
  ///   - seed: decides which problems the numbers name.
  ///   - prompting: what the policy is told before the task; nil for ``prompting(for:)``.
  ///   - splits: the numbers of each split.
  /// - Throws: `misconfigured` if the form allows no problems, or a number is past the last.
  public init(
    form: ProblemForm = .standard, seed: UInt64 = 1, prompting: Prompting? = nil, splits: TaskSplits
  ) throws(WorldError) {
    if let problem = form.problem { throw WorldError(.misconfigured, problem) }
    let sequence = ProblemSequence(form: form, seed: seed)
    guard sequence.count > 0 else {
      throw WorldError(
        .misconfigured,
        "All problems of \(form.summary) are worked in the prompt, and none is left: allow more numbers or terms.")
    }
    if let largest = splits.largest, largest >= sequence.count {
      throw WorldError(
        .misconfigured,
        "environment.tasks names problem \(largest); of \(form.summary) there are \(sequence.count), numbered from 0.")
    }
    self.form = form
    self.prompting = prompting ?? Self.prompting(sequence.worked)
    self.sequence = sequence
    self.splits = splits
  }

  /// The default prompting: some worked problems, which are not tasks.
  ///
  /// - Throws: `misconfigured` if the form is invalid.
  public static func prompting(for form: ProblemForm) throws(WorldError) -> Prompting {
    if let problem = form.problem { throw WorldError(.misconfigured, problem) }
    return prompting(ProblemSequence(form: form, seed: 0).worked)
  }

  private static func prompting(_ worked: [Problem]) -> Prompting {
    Prompting(
      "Work out each sum one step at a time.",
      examples: worked.flatMap { problem in
        let results = problem.results
        return results.enumerated().map { line, result in
          Prompting.Exchange(
            prompt: problem.stem(line, after: line == 0 ? nil : results[line - 1]), response: String(result))
        }
      })
  }

  public var identity: WorldIdentity {
    WorldIdentity(kind: "arithmetic", rules: "\(form.summary); \(prompting.summary)")
  }

  public var maximalReward: Double? { 1 }

  public func tasks(in split: Split) -> [AgentTask] { splits[split].map(task(number:)) }

  /// Tasks are named `sum-SEED-NUMBER`; the number alone is accepted too.
  public func task(_ id: TaskID) throws(WorldError) -> AgentTask { task(number: try number(id)) }

  public func begin(_ task: AgentTask) throws(WorldError) -> (episode: any Episode, observation: Observation) {
    let problem = sequence.problem(try number(task.id))
    return (ArithmeticEpisode(problem: problem), Observation(problem.stem(0, after: nil)))
  }

  public func transcript(for trajectory: Trajectory) -> Transcript { prompting.transcript(for: trajectory) }

  /// The result of each line.
  public func solution(of task: AgentTask) throws(WorldError) -> [String]? {
    sequence.problem(try number(task.id)).results.map(String.init)
  }

  private func task(number: Int) -> AgentTask {
    AgentTask(
      id: TaskID("sum-\(sequence.seed)-\(number)"), request: sequence.problem(number).request, stepLimit: form.terms - 1
    )
  }

  private func number(_ id: TaskID) throws(WorldError) -> Int {
    let prefix = "sum-\(sequence.seed)-"
    let digits = id.rawValue.hasPrefix(prefix) ? id.rawValue.dropFirst(prefix.count) : id.rawValue[...]
    guard let number = Int(digits), (0..<sequence.count).contains(number) else {
      throw WorldError(
        .unknownTask, "There is no problem \(id); problems are named \(prefix)0 to \(prefix)\(sequence.count - 1).")
    }
    return number
  }
}
