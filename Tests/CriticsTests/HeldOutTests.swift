import Agents
import Foundation
import Testing

@testable import Critics

@Test func heldOutFiguresBeatTheConstantWhereThereIsSomethingToKnow() async throws {
  let held = CoinWorld.rollouts(tasks: 1000..<1250, each: 2, seed: Seed(8))
  let figures = try await HeldOutFigures.evaluate(coinCritic, on: held + [held[0].prefix(2)], success: 0.5)
  #expect(figures.tasks == 250)
  #expect(figures.rollouts == 500)
  #expect(figures.all.states == 3000)
  #expect(figures.steps.map(\.step) == [0, 1, 2, 3, 4, 5])
  #expect(figures.steps.allSatisfy { $0.states == 500 })

  let first = figures.steps[0]
  // At the start, states differ only in the customer's number.
  #expect(abs(try #require(first.critic.rSquared)) < 0.1)
  let last = figures.steps[5]
  #expect(try #require(last.critic.rSquared) > 0.7)
  #expect(try #require(last.critic.spearman) > 0.8)
  #expect(try #require(last.critic.auc) > 0.9)
  #expect(last.constant.auc == 0.5)
  #expect(last.constant.spearman == nil)
  #expect(try #require(last.constant.rSquared) <= 0)
  #expect(figures.all.critic.calibrationError < 0.03)
  #expect(try #require(figures.answers.critic.rSquared) > 0.9)
  #expect(figures.answers.critic.auc == 1)

  let json = try JSONEncoder().encode(figures)
  #expect(try JSONDecoder().decode(HeldOutFigures.self, from: json) == figures)
}

@Test func oneClassHasNoCurve() async throws {
  let held = CoinWorld.rollouts(tasks: 1000..<1010, each: 1, seed: Seed(8))
  let figures = try await HeldOutFigures.evaluate(coinCritic, on: held, success: 2)
  #expect(figures.all.critic.auc == nil)
  #expect(figures.all.constant.auc == nil)
}

@Test func trainedTasksAreRefused() async {
  let mixed = CoinWorld.rollouts(tasks: 70..<90, each: 1, seed: Seed(8))
  let error = await #expect(throws: CriticError.self) {
    try await HeldOutFigures.evaluate(coinCritic, on: mixed, success: 1)
  }
  #expect(error?.kind == .failed)
  #expect(error?.message.contains("10 of the 20 tasks") == true)
  #expect(error?.message.contains("coin 70") == true)
  let none = await #expect(throws: CriticError.self) {
    try await HeldOutFigures.evaluate(coinCritic, on: [], success: 1)
  }
  #expect(none?.kind == .tooLittleData)
}
