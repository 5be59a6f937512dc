import Agents
import Dialects
import Hummingbird
import Steering
import Workbench

/// Why a request has no answer, in the form of OpenAI's API. Its message is for the client.
struct ServingError: Error, Sendable, Hashable {
  /// What is wrong, with the status that clients know it by.
  enum Kind: Sendable, Hashable {
    case badRequest, unauthorized, notFound, unknownTask, wrongMethod, tooLarge, tooMany, limitReached, failed, stopping
    case broken

    var status: Int {
      switch self {
      case .badRequest: 400
      case .unauthorized: 401
      case .notFound, .unknownTask: 404
      case .wrongMethod: 405
      case .tooLarge: 413
      case .tooMany, .limitReached: 429
      case .failed: 502
      case .stopping: 503
      case .broken: 500
      }
    }

    /// `error.type`.
    var type: String {
      switch self {
      case .badRequest, .tooLarge, .wrongMethod: "invalid_request_error"
      case .unauthorized: "authentication_error"
      case .notFound, .unknownTask: "not_found_error"
      case .tooMany: "rate_limit_error"
      case .limitReached: "insufficient_quota"
      case .failed: "upstream_error"
      case .stopping: "service_unavailable"
      case .broken: "api_error"
      }
    }

    /// `error.code`.
    var code: String {
      switch self {
      case .badRequest: "invalid_request"
      case .unauthorized: "invalid_api_key"
      case .notFound: "not_found"
      case .unknownTask: "task_not_found"
      case .wrongMethod: "method_not_allowed"
      case .tooLarge: "request_too_large"
      case .tooMany: "too_many_requests"
      case .limitReached: "limit_reached"
      case .failed: "attempts_failed"
      case .stopping: "stopping"
      case .broken: "internal_error"
      }
    }
  }

  let kind: Kind
  let message: String
  /// The parameter that is wrong; nil if it is none.
  let param: String?

  /// The most characters of a message.
  private static let longest = 4_000

  init(_ kind: Kind, _ message: String, param: String? = nil) {
    self.kind = kind
    // It may quote the client, a program or a server.
    self.message = message.count > Self.longest ? message.prefix(Self.longest) + "…" : message
    self.param = param
  }

  init(_ refusal: ServingRefusal) {
    let kind: Kind =
      switch refusal.kind {
      case .unknownTask: .unknownTask
      case .badRequest: .badRequest
      case .tooMany: .tooMany
      case .stopping: .stopping
      }
    self.init(kind, refusal.description)
  }

  /// The error of a run.
  init(_ error: SteeringError) {
    let kind: Kind =
      switch error.kind {
      case .limitReached: .limitReached
      case .interrupted: .stopping
      case .policy, .environment, .critic, .attemptsFailed: .failed
      case .store, .badSettings: .broken
      }
    self.init(kind, error.message)
  }

  /// The `error` of a response and of a stream.
  var json: OrderedJSON {
    [
      "error": [
        "message": .text(message), "type": .text(kind.type), "param": param.map(OrderedJSON.text) ?? .null,
        "code": .text(kind.code),
      ]
    ]
  }

  /// The event that ends a stream.
  func event(in dialect: ModelDialect) -> StreamEvent {
    guard dialect == .responses else { return StreamEvent(data: json.json) }
    let members: OrderedJSON = [
      "type": "error", "code": .text(kind.code), "message": .text(message), "param": .null, "sequence_number": 0,
    ]
    return StreamEvent(name: "error", data: members.json)
  }
}
