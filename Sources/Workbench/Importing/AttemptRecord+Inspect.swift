import Agents

extension AttemptRecord {
  /// A sample of a log of inspect_ai.
  ///
  /// - Parameters:
  ///   - spec: the log's `eval`.
  ///   - scorer: whose value is the reward; `NAME.KEY` for one of several values.
  init(sample: OrderedJSON, of spec: OrderedJSON, scorer: String?) throws {
    guard sample.members != nil else { throw BadRecord("it is no object") }
    var record: OrderedJSON = [:]
    let own = sample["metadata"]?["coxswain"]
    let run = spec["metadata"]?["coxswain"]
    record.set("task", sample["id"] ?? .null)
    record.set("particle", ifGiven: own?["particle"] ?? sample["epoch"]?.integer.map { .integer($0 > 0 ? $0 - 1 : -1) })
    record.set("run", ifGiven: run?["run"] ?? spec["eval_id"] ?? spec["run_id"])
    record.set("policy", ifGiven: run?["policy"] ?? spec["model"])
    for key in ["verb", "method", "isPrior", "world", "format", "critic", "seed"] {
      record.set(key, ifGiven: run?[key])
    }
    if let seed = run?["seed"]?.text { record.set("seed", JSONNumber(seed).map(OrderedJSON.number) ?? .null) }
    for key in ["standing", "split", "request", "stepLimit", "isDone", "logWeight", "opening", "choices", "failure"] {
      record.set(key, ifGiven: own?[key])
    }
    var messages = try Self.messages(of: sample)
    // The observation after the last answer, which no model was shown.
    let after = own == nil ? [] : messages.suffix(1).filter { $0["metadata"]?["coxswain"] != nil }
    messages.removeLast(after.count)
    // inspect_ai puts long texts into attachments when it writes a log again.
    let attachments = sample["attachments"] ?? [:]
    let steps = (sample["events"]?.items ?? []).filter { $0["source"]?.text == "coxswain" }
      .compactMap { $0["data"]?.attached(attachments) }
    if own != nil, !steps.isEmpty { record.set("steps", .list(steps)) } else { messages += after }
    record.set("messages", .list(messages.map(InspectLog.chat)))
    record.set("places", ifGiven: own?["places"])
    record.set("tools", ifGiven: nil)
    if let error = sample["error"], !error.isNull, own == nil {
      record.set("failure", ["kind": "unknown", "text": .text(error["message"]?.text ?? "the sample failed")])
    }
    if record["failure"].map(\.isNull) ?? true {
      record.set("reward", ifGiven: try Self.score(of: sample, scorer).map { .number($0) })
    }
    if let usage = Self.usage(of: sample) { record.set("usage", usage) }
    try self.init(record)
  }

  private static func messages(of sample: OrderedJSON) throws -> [OrderedJSON] {
    guard let messages = sample["messages"]?.items, !messages.isEmpty else { throw BadRecord("it has no messages") }
    let attachments = sample["attachments"]
    guard let attachments, attachments.members?.isEmpty == false else { return messages }
    return messages.map { $0.attached(attachments) }
  }

  /// The reward.
  private static func score(of sample: OrderedJSON, _ scorer: String?) throws -> Double? {
    let scores = sample["scores"]?.members ?? []
    guard !scores.isEmpty else { return nil }
    let names = scores.map(\.key).joined(separator: ", ").clipped(to: 200)
    if let scorer {
      if let score = scores.first(where: { $0.key == scorer }) { return try value(score.value["value"], scorer) }
      // NAME.KEY
      for score in scores where scorer.hasPrefix(score.key + ".") {
        let key = String(scorer.dropFirst(score.key.count + 1))
        if let value = score.value["value"]?[key] { return try self.value(value, scorer) }
      }
      throw BadRecord("it has no score of \"\(scorer.clipped(to: 60))\"; it has those of \(names)")
    }
    guard let score = scores.first(where: { $0.key == InspectLog.scorer }) ?? (scores.count == 1 ? scores[0] : nil)
    else { throw BadRecord("it has the scores of \(names): give --scorer") }
    return try value(score.value["value"], score.key)
  }

  /// A score as a number: inspect's letters are 1, 0.5 and 0.
  private static func value(_ value: OrderedJSON?, _ name: String) throws -> Double {
    if let flag = value?.flag { return flag ? 1 : 0 }
    if let number = value?.double, number.isFinite { return number }
    switch value?.text {
    case "C": return 1
    case "P": return 0.5
    case "I", "N": return 0
    case let text?: if let number = Double(text), number.isFinite { return number }
    case nil: break
    }
    if let keys = value?.members?.map(\.key), let first = keys.first {
      throw BadRecord("the score of \(name) has several values: give --scorer \(name).\(first)")
    }
    throw BadRecord("the score of \(name.clipped(to: 60)) is no number")
  }

  /// The tokens of all models together.
  private static func usage(of sample: OrderedJSON) -> OrderedJSON? {
    guard let models = sample["model_usage"]?.members, !models.isEmpty else { return nil }
    func sum(_ key: String) -> Int { models.reduce(0) { $0 + max(0, min($1.value[key]?.integer ?? 0, 1 << 40)) } }
    let (read, written) = (sum("input_tokens_cache_read"), sum("input_tokens_cache_write"))
    return [
      "inputTokens": .integer(sum("input_tokens") + read + written), "cachedInputTokens": .integer(read),
      "cacheWriteTokens": .integer(written), "outputTokens": .integer(sum("output_tokens")),
      "reasoningTokens": .integer(min(sum("reasoning_tokens"), sum("output_tokens"))),
      "seconds": sample["working_time"] ?? sample["total_time"] ?? .null,
    ]
  }
}

extension OrderedJSON {
  /// The value with texts of the form `attachment://…` replaced by the attachments of an inspect log.
  fileprivate func attached(_ attachments: OrderedJSON) -> OrderedJSON {
    switch self {
    case .text(let text):
      guard text.hasPrefix("attachment://") else { return self }
      return attachments[String(text.dropFirst("attachment://".count))] ?? self
    case .list(let items): return .list(items.map { $0.attached(attachments) })
    case .object(let members): return .object(members.map { Member($0.key, $0.value.attached(attachments)) })
    default: return self
    }
  }
}
