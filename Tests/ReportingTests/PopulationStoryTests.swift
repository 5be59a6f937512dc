import Agents
import Foundation
import ParticleFilter
import Testing

@testable import Reporting
@testable import Steering

@Suite("A population's story")
struct PopulationStoryTests {
  private let task = AgentTask(id: "t", request: "Do it.", stepLimit: 6)

  private func trajectory(_ names: String, done: Bool = false) -> Trajectory {
    Trajectory(
      task: task, opening: Observation("Start."),
      steps: names.enumerated().map { place, name in
        Step(
          response: "Thought: so\nAction: \(name)", action: .act("\(name)"),
          outcome: Outcome(Observation("Saw \(name)."), reward: 0.25, isDone: done && place == names.count - 1))
      })
  }

  private func checkpoint(_ step: Int, _ ancestors: [Int]?) -> Checkpoint {
    Checkpoint(
      step: step, logWeights: LogWeights([0, 0, 0]), softValues: [0.1, 0.2, Double(step)], ancestors: ancestors,
      logEvidence: 0)
  }

  /// The particle at place 0 is culled after step 2 and replaced by a copy of 1. The copy is culled after step 4 and
  /// replaced by a copy of 2. Particle 1 fails.
  private var story: PopulationStory {
    PopulationStory(
      task: task, method: "amc",
      genealogy: Genealogy(
        count: 3, checkpoints: [checkpoint(2, [1, 1, 2]), checkpoint(3, nil), checkpoint(4, [2, 1, 2])]),
      lives: [
        .init(place: 0, culledAfter: 2, trajectory: trajectory("xy")),
        .init(place: 0, culledAfter: 4, trajectory: trajectory("abcd")),
        .init(place: 0, culledAfter: nil, trajectory: trajectory("pqrstu", done: true), weight: 0.25),
        .init(place: 1, culledAfter: nil, trajectory: trajectory("abe"), failure: "lost\u{1B}"),
        .init(place: 2, culledAfter: nil, trajectory: trajectory("pqrsv")),
        .init(place: 7, culledAfter: nil, trajectory: trajectory("z")),
        .init(place: 1, culledAfter: 3, trajectory: trajectory("z")),
      ], format: .react)
  }

  private func data(_ story: PopulationStory) -> StoryData {
    let told = ToldStory(story)
    return StoryData(told, layout: GenealogyLayout(count: 3, stops: [2, 3, 4], steps: 6))
  }

  @Test("has a line for every particle there was")
  func lines() throws {
    let told = ToldStory(story)
    #expect(told.ancestry.lines.map(\.place) == [0, 1, 2, 0, 0])
    #expect(told.ancestry.lines.map(\.parent) == [nil, nil, nil, 1, 2])
    #expect(told.ancestry.lines.indices.map(told.fate) == [.culled, .failed, .unfinished, .culled, .finished])
    #expect(told.ancestry.lineNumbers == [[0, 1, 2], [3, 1, 2], [3, 1, 2], [4, 1, 2]])
    #expect(told.lives.map { $0?.trajectory.actions.joined() } == ["xy", "abe", "pqrsv", "abcd", "pqrstu"])
    #expect(told.remarks(on: 1) == "failed: lost␛, reward 0.750 so far")
    #expect(told.remarks(on: 3) == "cloned from particle 1 after step 2, culled after step 4, reward 1.000 so far")

    let lines = data(story).lines
    #expect(lines.map(\.first) == [0, 0, 0, 3, 5])
    #expect(lines.map(\.last) == [2, 3, 5, 4, 6])
    #expect(lines.map(\.birth) == [0, 0, 0, 2, 4])
    // A value belongs to the particle that was weighed, even if it was then culled. No line begins at the last stop.
    #expect(lines[0].values == ["2": "0.100"])
    #expect(lines[3].values == ["3": "0.100", "4": "0.100"])
    #expect(lines[2].values == ["2": "2.000", "3": "3.000", "4": "4.000"])
    #expect(lines[4].values.isEmpty)
  }

  @Test("keeps every step once, under the one before it")
  func tree() throws {
    let data = data(story)
    // xy; abe; cd after the shared ab; pqrsv; tu after the shared pqrs.
    #expect(data.steps.count == 2 + 3 + 2 + 5 + 2)
    for (line, actions) in zip(data.lines, ["xy", "abe", "pqrsv", "abcd", "pqrstu"]) {
      var read = ""
      var step = line.tip
      while let number = step {
        let part = try #require(data.steps[number].parts.first { data.texts[$0[0]] == "Action" })
        read = data.texts[part[1]] + read
        step = data.steps[number].past
      }
      #expect(read == actions)
    }
    #expect(data.steps.last?.head == "reward +0.250, 1.500 so far, done")
    #expect(Set(data.texts).count == data.texts.count)
  }

  @Test("tells as much as is known where lives are missing")
  func missing() {
    let partial = PopulationStory(
      task: task, method: "", genealogy: story.genealogy,
      lives: story.lives.filter { $0.culledAfter == nil && $0.place != 2 }, format: .react)
    let told = ToldStory(partial)
    #expect(told.trajectory(of: 0) == nil)
    #expect(told.remarks(on: 0) == "culled after step 2, its steps are not stored")
    let html = ReportPage(title: "", sections: [.init(anchor: "", heading: "", items: [.populations([partial])])]).html
    #expect(html.contains("its steps are not stored"))

    // The particle at place 1 was copied to place 0 after step 2 and was culled after step 4.
    let copied = PopulationStory(
      task: task, method: "",
      genealogy: Genealogy(count: 3, checkpoints: [checkpoint(2, [1, 1, 2]), checkpoint(4, [0, 0, 2])]),
      lives: [.init(place: 0, culledAfter: nil, trajectory: trajectory("abcdef"))], format: .react)
    #expect(ToldStory(copied).trajectory(of: 1)?.actions == ["a", "b"])
    #expect(ToldStory(copied).remarks(on: 1) == "culled after step 4, only the steps that others took over are stored")
  }

  @Test("survives genealogies that do not fit and numbers that are none")
  func nonsense() {
    for count in [0, 1, 3] {
      let strange = PopulationStory(
        task: task, method: "",
        genealogy: Genealogy(
          count: count,
          checkpoints: [
            Checkpoint(
              step: -4, logWeights: LogWeights([.nan]), softValues: [.infinity], ancestors: [0, 9, -1],
              logEvidence: .nan),
            Checkpoint(step: 3, logWeights: LogWeights([]), softValues: [], ancestors: [0], logEvidence: 0),
          ]),
        lives: [
          .init(place: 0, culledAfter: nil, trajectory: trajectory(""), weight: .nan),
          .init(place: -1, culledAfter: 99, trajectory: trajectory("a")),
        ], format: .plain)
      let html = ReportPage(title: "", sections: [.init(anchor: "", heading: "", items: [.populations([strange])])])
        .html
      #expect(!html.contains("\"nan") && !html.contains("inf\""))
    }
  }

  @Test("a result tells its story")
  func result() {
    let result = Samples.population(particles: 8, steps: 5, schedule: .steps([2, 5]))
    let story = PopulationStory(result, method: "amc", format: .plain)
    let told = ToldStory(story)
    #expect(story.lives.count == 8 + result.bank.count)
    #expect(told.lives.compactMap(\.self).count == story.lives.count)
    #expect(!result.bank.isEmpty)
  }

  @Test("is as large as what differs in it")
  func size() {
    let names = Array("abcdefghijklmnopqrstuvwxyzABCD")
    let answer = String(repeating: "word ", count: 400)
    var past = Trajectory(task: task, opening: Observation("Start."))
    for name in names.dropLast() {
      past.append(
        Step(response: "Thought: \(name) \(answer)\nAction: x", action: .act("x"), outcome: Outcome(Observation("y"))))
    }
    let lives = (0..<32).map { place in
      var trajectory = past
      trajectory.append(
        Step(response: "Thought: \(place)\nAction: z", action: .act("z"), outcome: Outcome(Observation("y"))))
      return PopulationStory.Life(place: place, culledAfter: nil, trajectory: trajectory)
    }
    let story = PopulationStory(task: task, method: "", genealogy: Genealogy(count: 32), lives: lives, format: .react)
    let html = ReportPage(title: "", sections: [.init(anchor: "", heading: "", items: [.populations([story])])]).html
    // 29 shared answers of 2 kB. A copy for each of the 32 particles would take 1.9 MB.
    #expect(html.utf8.count < 29 * answer.utf8.count * 3)
  }
}
