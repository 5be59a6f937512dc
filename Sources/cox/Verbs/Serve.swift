import Agents
import ArgumentParser
import Foundation
import Reporting
import Serving
import Steering
import Workbench

struct Serve: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Serve a world or agent: one request is one task, its answer the chosen one of a population.",
    discussion: """
      Example: cox serve --config c.yaml --method best-of --particles 4

      The server speaks OpenAI's API on loopback: /v1/chat/completions (plain and streaming), /v1/responses and \
      /v1/models. The metadata of a request names its task, {"task": "order-1-20"}; an agent's own program, or a \
      program's world that takes descriptions, is given the last message of the user. All requests share the limits, \
      the store and the policy's concurrency. Answers are stored: the same request again asks for nothing again.
      """)

  @OptionGroup(title: "Server and method") var own: ServeOptions
  @OptionGroup(title: "Steering") var steering: SteeringOptions
  @OptionGroup(title: "Critic and plan") var guide: CriticOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    let key = try own.key()
    var request = SteerRequest()
    request.method = own.method
    try steering.apply(to: &request)
    (request.critic, request.plan) = (guide.critic, guide.plan)
    let options = try common.options(limits)
    let observer = options.observer
    let report = try await Workbench.with(options) { [request] bench in
      try await bench.serve(request) { service in
        let server = try await AnswerServer.start(service, port: own.port, key: key) { observer.note($0) }
        common.say(greeting(service, port: server.port, key: key))
        let (stopped, stop) = AsyncStream<Void>.makeStream()
        try await observer.stoppable(
          """
          Stopping: requests under way have \(Format.duration(seconds: own.grace)) to end, and new ones are refused. \
          Interrupt again to stop at once.
          """, stop: { stop.finish() }
        ) {
          for await _ in stopped {}
          await service.stop(grace: .seconds(own.grace))
          await server.stop()
        }
        return await service.report
      }
    }
    try common.deliver(report) {
      """
      \(report.answered) requests answered and \(report.failed) refused or failed: \(report.populations) populations, \
      \(Format.count(report.policyCalls)) calls\(report.cost > 0 ? ", cost \(Format.money(report.cost))" : "").
      """
    }
  }

  private func greeting(_ service: TaskService, port: Int, key: String) -> String {
    let tasks =
      service.takesDescriptions
      ? "described by the last message, or named in the metadata" : "named in the metadata: {\"task\": \"…\"}"
    let example = service.tasks.first.map { ", such as \($0.id.rawValue.clipped(to: 60))" } ?? ""
    let settings = service.settings
    let size =
      settings.search.calls.map { "at most \(Format.count($0)) calls a task" }
      ?? "\(settings.particles) attempts a task"
    return """
      Serving \(service.world.kind) by \(settings.method.rawValue), \(size).
      base URL  http://127.0.0.1:\(port)/v1
      API key   \(own.apiKeyVariable.map { "the value of \($0)" } ?? key)
      tasks     \(Format.count(service.tasks.count)), \(tasks)\(example)
      Ctrl-C stops it in order.
      """
  }
}

/// Options that only `cox serve` has.
struct ServeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The port on 127.0.0.1; 0 for a free one.", valueName: "port"))
  var port = 8421

  @Option(
    help: ArgumentHelp(
      "The environment variable with the API key of clients (default: a random one, which is printed).",
      valueName: "name"))
  var apiKeyVariable: String?

  @Option(
    help: ArgumentHelp("How long requests under way may go on after an interrupt, in seconds.", valueName: "seconds"))
  var grace = 30.0

  @Option(
    help: ArgumentHelp("\(Steering.Method.listed) (steering.method).", valueName: "method"), completion: .methods)
  var method: Steering.Method?

  func validate() throws {
    guard (0...65_535).contains(port) else { throw ValidationError("--port is from 0 to 65535.") }
    guard grace >= 0, grace <= 86_400 else { throw ValidationError("--grace is from 0 to 86400 seconds.") }
  }

  /// The API key of clients.
  func key() throws -> String {
    guard let apiKeyVariable else {
      var generator = SystemRandomNumberGenerator()
      return "cox-" + (0..<4).map { _ in String(generator.next() as UInt64, radix: 36) }.joined()
    }
    let value = ProcessInfo.processInfo.environment[apiKeyVariable] ?? ""
    guard !value.isEmpty, !value.contains(where: \.isWhitespace) else {
      throw ConfigurationError(
        "--api-key-variable \(apiKeyVariable): the environment variable is not set, is empty, or has white space.")
    }
    return value
  }
}
