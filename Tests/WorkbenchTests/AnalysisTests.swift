import Agents
import Foundation
import ParticleFilter
import Steering
import Synchronization
import Testing

@testable import Workbench

/// Keeps the remarks.
private final class Remarks: WorkObserver {
  let notes = Mutex<[String]>([])

  func note(_ text: String) { notes.withLock { $0.append(text) } }
  func warn(_ text: String) { note(text) }
  func begin(_ title: String, tasks: Int, calls: Int, pricing: Pricing) -> any TaskProgress {
    SilentObserver().begin(title, tasks: tasks, calls: calls, pricing: pricing)
  }
  func begin(_ title: String, steps: Int, unit: String) -> any StepProgress {
    SilentObserver().begin(title, steps: steps, unit: unit)
  }
  func stoppable<T>(
    _ remark: String, stop: @escaping @Sendable () -> Void, _ body: () async throws -> T
  ) async throws -> T { try await body() }

  /// How many fits were made since the last question.
  func fits() -> Int {
    notes.withLock { notes in
      defer { notes = [] }
      return notes.count { $0.hasPrefix("Monte Carlo returns") }
    }
  }
}

@Suite("Analysis of stored rollouts")
struct AnalysisTests {
  private static let coin = ClosurePolicy("coin") { request in
    var generator = request.seed.generator()
    return PolicyResponse(generator.uniform() < 0.3 ? "heads" : "tails")
  }

  private static func options(_ folder: URL, _ remarks: Remarks) -> Workbench.Options {
    Workbench.Options(
      world: Tosses(), policy: coin, store: folder.appendingPathComponent("store.sqlite").path,
      steering: SteeringSettings(particles: 4, temperature: 0.05, answer: .search), observer: remarks)
  }

  private static func withFolder<T>(_ body: (URL) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("analysis-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
  }

  @Test("One cross-fit serves diagnose, plan and report until rollouts are added or its file is damaged")
  func oneCrossFit() async throws {
    try await Self.withFolder { folder in
      let remarks = Remarks()
      let options = Self.options(folder, remarks)
      try await Workbench.with(options) { bench in
        for split in [Split.train, .validation] { try await bench.collect(split: split, rollouts: 3) }
        try await bench.train()
        _ = remarks.fits()
        let first = try await bench.diagnose(split: nil, critic: nil)
        #expect(remarks.fits() == 1)
        var request = PlanRequest()
        request.work = 20_000
        let plan = try await bench.plan(request).plan
        let again = try await bench.diagnose(split: nil, critic: nil)
        _ = try await bench.report(ReportRequest())
        #expect(remarks.fits() == 0)
        #expect(first.diagnosis.predictability == again.diagnosis.predictability)

        #expect(try Workbench.plan(at: bench.planFile(request))?.inputs == plan.inputs)
        // The same inputs give the stored plan; another N is planned for.
        #expect(try await bench.plan(request).plan.inputs == plan.inputs)
        #expect(remarks.notes.withLock { $0.contains { $0.hasPrefix("The stored plan is kept") } })
        request.particles = 5
        #expect(try await bench.plan(request).plan.inputs != plan.inputs)

        // Rollouts of the test split are only judged: they change no prediction of the others.
        let before = try await bench.crossFit(bench.planningRollouts())
        try await bench.collect(split: .test, rollouts: 2)
        request.particles = 6
        _ = try await bench.plan(request)
        #expect(remarks.fits() == 0)
        let all = try await bench.diagnose(split: nil, critic: nil)
        #expect(remarks.fits() == 1)
        #expect(try await bench.crossFit(bench.planningRollouts()) == before)
        #expect(remarks.fits() == 0)
        #expect(all.diagnosis.predictability.rollouts == 24 * 3 + 12 * 2)

        for damage in [Data("x".utf8), try Data(contentsOf: URL(fileURLWithPath: bench.crossFitPath)).prefix(900)] {
          try damage.write(to: URL(fileURLWithPath: bench.crossFitPath))
          _ = try await bench.diagnose(split: .train, critic: nil)
          #expect(remarks.fits() == 1)
        }
        try await bench.collect(split: .train, rollouts: 4)
        _ = try await bench.diagnose(split: .train, critic: nil)
        #expect(remarks.fits() == 1)
      }
    }
  }

  @Test("The steps of steered runs are the draws of the policy, each once")
  func steeredSteps() async throws {
    try await Self.withFolder { folder in
      let options = Self.options(folder, Remarks())
      try await Workbench.with(options) { bench in
        try await bench.collect(split: .train, rollouts: 5)
        try await bench.train()
        #expect(try await bench.steeredSteps().isEmpty)

        var request = SteerRequest(TaskChoice(split: .train))
        request.method = .amc
        request.schedule = .steps([2, 4])
        let amc = try await bench.steer(request)
        let ofPopulations = try await bench.steeredSteps()
        #expect(ofPopulations.count == amc.policyCalls)

        request.method = .frontier
        request.schedule = nil
        request.search.calls = 12
        let frontier = try await bench.steer(request)
        let steps = try await bench.steeredSteps()
        // Answers that several states share are drawn once and used for each, so that there are no fewer steps than calls.
        #expect(steps.count - ofPopulations.count >= frontier.policyCalls)
        #expect(
          steps.allSatisfy {
            $0.to.count == $0.from.count + 1 && $0.to.prefix($0.from.count).actions == $0.from.actions
          })

        // The next action given a chosen state is an unbiased draw: the coin shows heads with probability .3.
        let heads = Double(steps.count { $0.to.last?.action.text == "heads" }) / Double(steps.count)
        #expect(abs(heads - 0.3) < 4 * (0.21 / Double(steps.count)).squareRoot())

        let report = try await bench.train("steered", fromSteering: true)
        // A fifth of the tasks is held out, as there are no rollouts of the validation split.
        let used = report.trees?.steeredSteps ?? 0
        #expect(used == 0 ? report.trees?.lambda == 1 : (steps.count / 2..<steps.count).contains(used))
        #expect(report.trees?.logLossWithoutSteering != nil)
        #expect(report.text.contains("teps of steered runs"))
      }
    }
  }

  @Test("Training from steering needs steered runs on tasks of the train split")
  func noSteeredSteps() async throws {
    try await Self.withFolder { folder in
      try await Workbench.with(Self.options(folder, Remarks())) { bench in
        try await bench.collect(split: .train, rollouts: 4)
        let error = await #expect(throws: CriticError.self) { try await bench.train("x", fromSteering: true) }
        #expect(error?.kind == .tooLittleData)
      }
    }
  }
}
