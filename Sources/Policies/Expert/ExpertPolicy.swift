import Agents

/// The policy that knows a world's own solutions: step k of a task is answered with the solution's action k, written as a model
/// that is asked for ``format`` would write it, without a thought.
///
/// Its rollouts are what a model is taught the form of a task with (imitation). They are a policy's like any other, so that
/// whatever reads rollouts reads them, and never the model's own: the identity sees to it.
public struct ExpertPolicy: Policy {
  /// What the identity of every expert begins with.
  public static let name = "expert"

  public let world: any ExpertWorld
  public let format: ActionFormat

  public init(world: any ExpertWorld, format: ActionFormat = .plain) {
    self.world = world
    self.format = format
  }

  /// `expert`, and how its answers are written where that is not ``ActionFormat/plain``: a rollout in another form is another one.
  public var identity: String { format == .plain ? Self.name : "\(Self.name), \(format.rawValue)" }

  public var computesAnswers: Bool { true }

  /// - Throws: `badRequest` where the task has no solution, or none of so many steps.
  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    let (id, step) = (request.key.task, request.key.step)
    let solution: [String]?
    do throws(WorldError) { solution = try world.solution(of: try world.task(id)) } catch {
      throw PolicyError(.badRequest, error.message)
    }
    guard let solution else {
      throw PolicyError(.badRequest, "The expert has no solution of task \(id); leave the task out.")
    }
    guard step < solution.count else {
      throw PolicyError(
        .badRequest,
        "The expert's solution of task \(id) has \(solution.count) steps, and the world asks for step \(step + 1): what solves "
          + "it and what it pays for have drifted apart.")
    }
    guard let text = format.response(for: solution[step], choices: request.choices, tools: request.tools) else {
      throw PolicyError(
        .badRequest,
        "The expert's action \"\(solution[step])\" of task \(id) cannot be written in the form \(format.rawValue), or is none of "
          + "the choices; use policy.format plain.")
    }
    return PolicyResponse(text)
  }
}
