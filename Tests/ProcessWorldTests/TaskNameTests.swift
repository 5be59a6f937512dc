import Agents
import Foundation
import Testing

@testable import ProcessWorld

@Suite("Names of tasks that a program gives")
struct TaskNameTests {
  @Test(
    "A name that is listed twice is an error that says where",
    arguments: [
      (#""tasks": {"test": ["a", "b", "a"]}"#, "the task a more than once (in test)"),
      (#""tasks": {"train": ["a"], "test": ["b", "a"]}"#, "the task a more than once (in train and test)"),
    ])
  func repeated(tasks: String, words: String) async throws {
    let error = await #expect(throws: WorldError.self) {
      try await ProcessWorldTests.world(ProcessWorldTests.program("return {}", hello: tasks))
    }
    #expect(error?.kind == .misconfigured && error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  @Test("Names that only look alike are two tasks, each begun by its own bytes")
  func alike() async throws {
    let body = #"if q["op"] == "step": return {"observation": "x", "done": True}"#
    // Both are "é", as one scalar and as two.
    let world = try await ProcessWorldTests.world(
      ProcessWorldTests.program(
        body, before: #"names = ["caf\u00e9", "cafe\u0301"]"#, hello: #""tasks": {"test": names}"#))
    let tasks = try world.tasks(in: .test)
    #expect(tasks.map(\.id.rawValue.utf8.count) == [5, 6] && tasks[0].id != tasks[1].id)
    for task in tasks { #expect(try world.task(task.id).id == task.id) }
    #expect(throws: WorldError.self) { try world.task("cafe") }
    await world.close()
  }
}
