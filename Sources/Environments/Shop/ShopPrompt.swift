import Agents
import Foundation

/// What the policy is told before the task. The form of its answers is the policy's own matter and not part of it.
public enum ShopPrompt: Sendable, Hashable {
  /// What the shop is and how to go about it.
  case react
  /// The same, and to hold the state against the goal before every action (ReflAct, arXiv 2505.15182).
  case reflact
  /// A text file of the user's.
  case file(String)

  /// - Throws: `misconfigured` where the file cannot be read or is empty.
  func text() throws(EnvironmentError) -> String {
    let text: String
    switch self {
    case .react: text = String(decoding: PackageResources.react_txt, as: UTF8.self)
    case .reflact: text = String(decoding: PackageResources.reflact_txt, as: UTF8.self)
    case .file(let path):
      do {
        text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
      } catch {
        throw EnvironmentError(
          .misconfigured, "environment.prompt: \(path) cannot be read as UTF-8 text: \(error.localizedDescription)")
      }
    }
    let trimmed = String(text.trimmed)
    guard !trimmed.isEmpty else {
      throw EnvironmentError(.misconfigured, "environment.prompt: the file of the prompt is empty.")
    }
    return trimmed
  }
}
