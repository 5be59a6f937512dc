import Agents
import Foundation

extension Dialect {
  /// Advice on a server that does not follow the dialect: which built-in dialects might fit.
  ///
  /// - Parameter greeting: the server's answer to `GET /`.
  func advice(after failure: GymFailure, greeting: String?) -> String {
    var advice = "environment.dialect is \(name)."
    if let greeting, !greeting.isEmpty { advice += " The server's greeting is \"\(greeting.clipped(to: 100))\"." }
    let others = Self.builtIn.filter { $0.name != name }
    let alike: [Dialect]
    if let named = greeting.flatMap(Self.greeted) {
      alike = [named]
    } else if !failure.missing.isEmpty {
      alike = others.filter { other in failure.missing.allSatisfy(other.requestKeys.contains) }
    } else if let answer = failure.answer {
      alike = others.filter {
        (try? $0.created(answer)) != nil || (try? $0.opening(answer)) != nil || (try? $0.outcome(answer)) != nil
      }
    } else {
      alike = []
    }
    if !alike.isEmpty {
      advice += " That looks like \(alike.map(\.name).joined(separator: " or "))."
    } else {
      advice +=
        " Check environment.url, which may end in a path, or describe the server with environment.dialectOverrides."
    }
    return advice
  }

  /// Advice if a task changes after its server was restarted.
  var divergenceAdvice: String? {
    switch name {
    case "textcraft":
      "TextCraft's server lists other recipes for the same task if Python's hash seed differs: start and restart every "
        + "server with PYTHONHASHSEED=0 in its environment."
    default: nil
    }
  }

  private var requestKeys: Set<String> {
    Set([idKey, taskKey, actionKey]).union(createFields.keys).union(resetFields.keys)
  }

  /// The dialect whose server sends this greeting; nil if several do.
  static func greeted(_ greeting: String) -> Dialect? {
    builtIn.first { $0.greeting.map { $0 != "ok" && greeting.localizedCaseInsensitiveContains($0) } ?? false }
  }

  /// Rejects a server whose greeting belongs to another dialect. Some dialects have answers of the same form with
  /// rewards in other units.
  func objection(to greeting: String) -> GymFailure? {
    guard let own = self.greeting, !greeting.localizedCaseInsensitiveContains(own), Self.greeted(greeting) != nil else {
      return nil
    }
    return GymFailure(.foreign, "is not a server of \(name).")
  }
}
