import TestSupport
import Testing

/// Runs a test while no other test with this trait runs.
public struct Alone: SuiteTrait, TestTrait, TestScoping {
  public var isRecursive: Bool { true }

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    guard testCase != nil else { return try await function() }
    try await machine.withPlace { () async throws -> Void in try await function() }
  }
}

extension Trait where Self == Alone {
  public static var alone: Alone { Alone() }
}
