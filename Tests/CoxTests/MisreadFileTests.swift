import Foundation
import Testing

@testable import Workbench
@testable import cox

@Suite("What is wrong with a file is called what it is")
struct MisreadFileTests {
  @Test(
    "A missing key names the one that stands in its place",
    arguments: [
      ("environment: { kind: process, comand: [\"true\"] }", "environment.comand; did you mean environment.command?"),
      ("environment: { kind: process, cmd: [\"true\"] }", "environment.cmd; did you mean environment.command?"),
      ("environment: { type: orders }", "environment.type; did you mean environment.kind?"),
      ("environment: { kind: agentgym, Dialect: sciworld }", "environment.Dialect; did you mean environment.dialect?"),
      (
        "environment: { kind: openenv, base_url: \"http://127.0.0.1:1\" }",
        "environment.base_url; did you mean environment.url?"
      ),
      ("enviroment: { kind: orders }", "c.yaml:1 has enviroment; did you mean environment?"),
      (
        "environment: { kind: orders }\npolicy: { kind: openai, base_url: \"http://x\", model: m }",
        "c.yaml:2 has policy.base_url; did you mean policy.url?"
      ),
      (
        "environment: { kind: orders }\npolicy: { kind: openai, url: \"https://x.example\", model_name: m }",
        "policy.model_name; did you mean policy.model?"
      ),
      (
        "environment: { kind: orders }\npolicy: { kind: recorded, record: s.sqlite }",
        "policy.record; did you mean policy.recording?"
      ),
      (
        "environment: { kind: orders }\npolicy: { kind: local }\ncritic: { kind: judge, endpoint: \"http://x\", model: m }",
        "critic.endpoint; did you mean critic.url?"
      ),
      (
        "environment: { kind: orders }\npolicy: { kind: local }\ncritic: { kind: pooling, api_base: \"http://x\", model: m }",
        "critic.api_base; did you mean critic.url?"
      ),
    ])
  func missing(yaml: String, words: String) {
    let failure = ConfigurationTests.failure(yaml)
    #expect(
      failure?.contains(words) == true && failure?.contains(/is missing|has no/) == true, "\(failure ?? "accepted")")
  }

  @Test(
    "A key that nobody knows names the nearest, whatever its spelling",
    arguments: [
      ("api_key: sk-planted", "did you mean policy.apiKeyVariable?"), ("api_key_env: X", "policy.apiKeyVariable?"),
      ("max_tokens: 5", "did you mean policy.maxTokens?"), ("top_p: 0.5", "did you mean policy.topP?"),
      ("temprature: 0.5", "did you mean policy.temperature?"), ("base-url: x", "did you mean policy.url?"),
    ])
  func unknown(key: String, words: String) {
    let failure = ConfigurationTests.failure(
      "environment: { kind: orders }\npolicy: { kind: openai, url: \"https://x.example\", model: m, \(key) }")
    #expect(failure?.contains(words) == true && failure?.contains("unknown key") == true, "\(failure ?? "accepted")")
    #expect(failure?.contains("sk-planted") == false)
    if key.hasPrefix("api_key") { #expect(failure?.contains("never the key") == true) }
  }

  @Test("A key that is missing and has nothing like it is named alone")
  func alone() {
    let failure = ConfigurationTests.failure("environment: { kind: process, folder: x, timeout: 5 }")
    #expect(failure?.hasSuffix("environment.command is missing: the program and its arguments, as a list.") == true)
  }

  @Test("UTF-16, pointers of Git LFS and compressed files, wherever a file is named")
  func forms() async throws {
    let cox = try Command()
    defer { cox.clean() }
    func write(_ data: Data, _ name: String) throws -> String {
      let url = cox.folder.appendingPathComponent(name)
      try data.write(to: url)
      return url.path
    }
    let pointer = try write(Data("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n".utf8), "pointer")
    let yaml = "environment: { kind: orders }\npolicy: { kind: local }\n"
    var wide = Data([0xff, 0xfe])
    for unit in yaml.utf16 { wide.append(contentsOf: [UInt8(unit & 0xff), UInt8(unit >> 8)]) }
    let utf16 = try write(wide, "utf16.yaml")
    let latin = try write(
      Data("environment: { kind: orders } # caf\u{e9}".unicodeScalars.map { UInt8($0.value) }), "latin")
    for (file, words) in [
      (pointer, "git lfs pull"), (utf16, "UTF-16"), (latin, "not UTF-8"), (cox.folder.path, "no readable"),
    ] {
      #expect(throws: (any Error).self) { try Configuration(file: file) }
      do { _ = try Configuration(file: file) } catch {
        #expect("\(error)".contains(words) && "\(error)".contains(file), "\(error)")
      }
    }
    for rest in [
      "environment: { kind: shop, prompt: \"\(pointer)\" }", "environment: { kind: shop, examples: \"\(utf16)\" }",
    ] {
      let file = try cox.write(rest + "\npolicy: { kind: openai, url: \"http://127.0.0.1:9\", model: m }", to: "c.yaml")
      let result = try await cox.run("check-environment", "--config", file)
      #expect(
        result.status == 2 && (result.errors.contains("lfs pull") || result.errors.contains("UTF-16")),
        "\(result.errors)")
    }
    let recorded = try cox.write(
      "environment: { kind: orders, tasks: { test: 0 } }\npolicy: { kind: recorded, recording: \"\(pointer)\" }",
      to: "r.yaml")
    let result = try await cox.run("steer", "--method", "single", "--config", recorded, "--store", "s.sqlite")
    #expect(result.status == 2 && result.errors.contains("lfs pull"), "\(result.errors)")
    let shown = try await cox.run("show", "--store", pointer)
    #expect(shown.status == 2 && shown.errors.contains("lfs pull"), "\(shown.errors)")
  }
}
