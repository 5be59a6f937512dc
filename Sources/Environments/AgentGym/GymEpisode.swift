import Agents

/// One attempt at a task, in an environment of a server. It cannot be forked; copies are replayed.
actor GymEpisode: Episode {
  private let pool: GymPool
  private let dialect: Dialect
  private let taskName: String
  private let ticket: Int
  private var isOver = false
  /// The highest and the last number from the server, from which the next reward is computed.
  private var highest = 0.0
  private var last = 0.0

  /// The longest action, in bytes. Longer texts are not valid in any of these worlds.
  private static let longestAction = 8_192

  private init(pool: GymPool, dialect: Dialect, taskName: String, ticket: Int) {
    self.pool = pool
    self.dialect = dialect
    self.taskName = taskName
    self.ticket = ticket
  }

  static func begin(
    _ task: Int, _ dialect: Dialect, in pool: GymPool
  ) async throws(WorldError) -> (episode: GymEpisode, observation: Observation) {
    let taskName = "\(dialect.name)-\(task)"
    let opened = try await pool.open(task)
    let episode = GymEpisode(pool: pool, dialect: dialect, taskName: taskName, ticket: opened.ticket)
    return (episode, Observation(opened.opening.text, choices: opened.opening.choices))
  }

  func step(_ action: Action) async throws(WorldError) -> Outcome {
    guard !isOver else {
      throw WorldError(.diverged, "The episode of \(taskName) is over; it takes no more actions.")
    }
    // An unreadable action is not sent, since servers expect clients to parse answers. No time passes in the world.
    guard case .act(let text) = action, text.utf8.count <= Self.longestAction else {
      return Outcome(Observation("No action could be read from that answer."), isInvalid: true)
    }
    let answer = try await pool.step(ticket, text, taskName)
    if answer.isDone {
      isOver = true
      await pool.leave(ticket)
    }
    return Outcome(
      Observation(answer.text, choices: answer.choices), reward: pay(answer.amount), isDone: answer.isDone,
      isInvalid: dialect.isInvalid(answer.text))
  }

  func close() async {
    isOver = true
    await pool.leave(ticket)
  }

  private func pay(_ amount: Double) -> Double {
    defer {
      last = amount
      highest = max(highest, amount)
    }
    return switch dialect.payment {
    case .perStep: amount / dialect.rewardScale
    case .cumulative: (amount - last) / dialect.rewardScale
    case .highest: max(0, amount - highest) / dialect.rewardScale
    }
  }
}
