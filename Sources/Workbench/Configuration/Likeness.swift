import Findings

/// The similarity of two configuration keys, from 0 to 1. It is 1 if they differ only in case and underscores.
///
/// The larger of two shares: common words (`base_url` and `url`), and 1 minus Levenshtein's edit distance over the
/// length (`comand`).
package func likeness(_ a: String, _ b: String) -> Double {
  let (first, second) = (words(a), words(b))
  let shared = Set(first).intersection(second).count
  let inWords = Double(shared) / Double(max(first.count, second.count, 1))
  let (one, other) = (first.joined(), second.joined())
  let inLetters = 1 - Double(distance(one, other)) / Double(max(one.count, other.count, 1))
  return max(inWords, inLetters)
}

/// Names that other programs use for a key.
package let otherNames: [String: Set<String>] = [
  "kind": ["type", "provider"], "url": ["endpoint", "host", "api_base", "server"],
  "model": ["deployment", "engine"], "command": ["cmd", "program"],
  "apiKeyVariable": ["key", "token", "secret", "auth"],
]

/// Whether `written` probably stands for `key`.
package func isMeant(_ written: String, for key: String) -> Bool {
  likeness(written, key) >= 0.5 || otherNames[key]?.contains(written.lowercased()) == true
}

/// The lower-case words of `base_url`, `base-url` and `baseURL`.
private func words(_ key: String) -> [String] {
  var words: [String] = []
  var wasLower = false
  for character in key {
    guard character.isLetter || character.isNumber else {
      wasLower = false
      words.append("")
      continue
    }
    if words.isEmpty || (character.isUppercase && wasLower) { words.append("") }
    words[words.count - 1].append(contentsOf: character.lowercased())
    wasLower = character.isLowercase || character.isNumber
  }
  return words.filter { !$0.isEmpty }
}

/// Levenshtein's edit distance, ignoring case.
package func distance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a.lowercased()), Array(b.lowercased()))
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let substitution = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
