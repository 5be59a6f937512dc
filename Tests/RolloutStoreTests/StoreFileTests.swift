import Agents
import Foundation
import GRDB
import RolloutStore
import Testing

@Suite("A store is one file, whatever name it has")
struct StoreFileTests {
  static func names(_ scratch: Scratch) async throws -> (original: String, link: String, other: String) {
    let path = scratch.path("s.sqlite")
    _ = try RolloutStore(path: path)
    try FileManager.default.createDirectory(
      at: scratch.folder.appendingPathComponent("other"), withIntermediateDirectories: true)
    return (path, scratch.path("link.sqlite"), scratch.path("other/link.sqlite"))
  }

  @Test("Through a symbolic link, in whatever folder, the store is held all the same")
  func symbolic() async throws {
    let scratch = try Scratch()
    let (path, link, other) = try await Self.names(scratch)
    for link in [link, other] {
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    }
    for (holder, follower) in [(path, link), (link, path), (other, link)] {
      let first = try RolloutStore(path: holder)
      try await first.begin(StoreTests.run())
      let second = try RolloutStore(path: follower)
      let error = await #expect(throws: StoreError.self) { try await second.begin(StoreTests.run()) }
      #expect(error?.kind == .busy && error?.message.contains(follower) == true)
      withExtendedLifetime(first) {}
    }
  }

  @Test("A symbolic link to a store that is not there yet makes it where the link points")
  func dangling() async throws {
    let scratch = try Scratch()
    let (path, link) = (scratch.path("new.sqlite"), scratch.path("link.sqlite"))
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let first = try RolloutStore(path: link)
    try await first.begin(StoreTests.run())
    let second = try RolloutStore(path: path)
    await #expect(throws: StoreError.self) { try await second.begin(StoreTests.run()) }
    withExtendedLifetime(first) {}
  }

  @Test("Through a hard link the store is held, and what either name was given is read by the other")
  func hard() async throws {
    let scratch = try Scratch()
    let (path, link, _) = try await Self.names(scratch)
    try FileManager.default.linkItem(atPath: path, toPath: link)
    let first = try RolloutStore(path: path)
    try await first.begin(StoreTests.run())
    try await first.record(StoreTests.answer(0, step: 0))
    let second = try RolloutStore(path: link)
    #expect(try await second.spent(run: "r1")["t1"]?.calls == 1)
    let error = await #expect(throws: StoreError.self) { try await second.begin(StoreTests.run()) }
    #expect(error?.kind == .busy && error?.message.contains("Another process") == true)
    withExtendedLifetime(first) {}
  }

  @Test("A hard link that was made while a run goes on leads to the same store")
  func madeLater() async throws {
    let scratch = try Scratch()
    let (path, link) = (scratch.path("z.sqlite"), scratch.path("a.sqlite"))
    let first = try RolloutStore(path: path)
    try await first.begin(StoreTests.run())
    try FileManager.default.linkItem(atPath: path, toPath: link)
    let second = try RolloutStore(path: link)
    let error = await #expect(throws: StoreError.self) { try await second.begin(StoreTests.run()) }
    #expect(error?.kind == .busy)
    try await first.record(StoreTests.answer(0, step: 0))
    #expect(try await second.spent(run: "r1")["t1"]?.calls == 1)
  }

  @Test(
    "A hard link in another folder, where what a killed run left would not be seen, is refused before anything is paid")
  func hardElsewhere() async throws {
    let scratch = try Scratch()
    let (path, _, other) = try await Self.names(scratch)
    try FileManager.default.linkItem(atPath: path, toPath: other)
    for name in [path, other] {
      let store = try RolloutStore(path: name)
      #expect(try await store.runs().isEmpty)
      let error = await #expect(throws: StoreError.self) { try await store.begin(StoreTests.run()) }
      #expect(error?.message.contains("hard links") == true && error?.message.contains("cp") == true)
    }
    try FileManager.default.removeItem(atPath: other)
    try await RolloutStore(path: path).begin(StoreTests.run())
  }

  @Test("Names that look alike are two tasks, also where their answers are summed up")
  func alike() async throws {
    let scratch = try Scratch()
    let store = try RolloutStore(path: scratch.path("s.sqlite"))
    try await store.begin(StoreTests.run())
    for (task, count) in [("caf\u{e9}", 2), ("cafe\u{301}", 3)] {
      for step in 0..<count {
        try await store.record(
          AnswerRecord(
            key: CallKey(run: "r1", task: TaskID(task), particle: 0, step: step), promptDigest: "d",
            response: PolicyResponse("x"), seconds: 0))
      }
    }
    let spent = try await store.spent(run: "r1")
    #expect(spent["caf\u{e9}"]?.calls == 2 && spent["cafe\u{301}"]?.calls == 3)
  }

  @Test("Tokens that were estimated are stored as such and summed up")
  func estimated() async throws {
    let scratch = try Scratch()
    let store = try RolloutStore(path: scratch.path("s.sqlite"))
    try await store.begin(StoreTests.run())
    let answer = AnswerRecord(
      key: CallKey(run: "r1", task: "t1", particle: 0, step: 0), promptDigest: "d",
      response: PolicyResponse("x", usage: Usage(inputTokens: 5, outputTokens: 2, estimatedTokens: 7)), seconds: 0)
    try await store.record(answer)
    #expect(try await store.answer(for: answer.key) == answer)
    #expect(try await store.spent(run: "r1")["t1"]?.usage.estimatedTokens == 7)
  }
}

@Suite("A store that is gone, or was never there")
struct MissingStoreTests {
  @Test("A store that is deleted, moved or replaced during a run ends it, and what it held is saved", arguments: 0..<4)
  func vanished(how: Int) async throws {
    let scratch = try Scratch()
    let path = scratch.path("d/s.sqlite")
    let store = try RolloutStore(path: path)
    try await store.begin(StoreTests.run())
    try await store.record(StoreTests.answer(0, step: 0))
    let files = FileManager.default
    switch how {
    case 0: try files.removeItem(atPath: path)
    case 1: try files.removeItem(at: scratch.folder.appendingPathComponent("d"))
    case 2:
      try files.moveItem(atPath: path, toPath: path + ".away")
      try Data().write(to: URL(fileURLWithPath: path))
    default: try files.removeItem(atPath: path + "-wal")
    }
    for step in 1..<3 {
      let error = await #expect(throws: StoreError.self) { try await store.record(StoreTests.answer(0, step: step)) }
      #expect(error?.kind == .vanished && error?.message.contains("deleted, moved or replaced") == true)
      #expect(error?.message.contains(".rescued") == true, "\(error?.message ?? "")")
    }
    await #expect(throws: StoreError.self) { try await store.begin(StoreTests.run("r2")) }
    // The rescued file also has the answer that was being stored.
    let rescued = try RolloutStore(path: path + ".rescued")
    #expect(try await rescued.spent(run: "r1")["t1"]?.calls == 2)
  }

  @Test("What is only read is not made: it reads as empty, and cannot be written to")
  func notCreated() async throws {
    let scratch = try Scratch()
    let path = scratch.path("none/s.sqlite")
    let store = try RolloutStore(path: path, creating: false)
    #expect(try await store.runs().isEmpty && store.isWritable == false)
    let error = await #expect(throws: StoreError.self) { try await store.begin(StoreTests.run()) }
    #expect(error?.kind == .readOnly)
    #expect(!FileManager.default.fileExists(atPath: scratch.path("none")))
  }

  @Test func aPointerOfGitLFSIsCalledOne() throws {
    let scratch = try Scratch()
    let path = scratch.path("s.sqlite")
    try Data("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".utf8).write(
      to: URL(fileURLWithPath: path))
    let error = #expect(throws: StoreError.self) { try RolloutStore(path: path) }
    #expect(error?.kind == .wrongVersion && error?.message.contains("git lfs pull") == true, "\(error?.message ?? "")")
  }
}
