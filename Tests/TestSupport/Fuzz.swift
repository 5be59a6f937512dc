import Foundation

/// The inputs that a reader is tried with: every one that ever failed (`Tests/Corpus/READER`), the sound ones it is given, and
/// mutations of all of them, the same in every run.
///
/// A reader passes where every input gives a value or an error: a trap ends the tests, and a time limit ends what hangs. The input
/// that is being read lies in `coxswain-fuzz-READER` in the folder for temporary files; what fails belongs into the corpus.
/// `COXSWAIN_FUZZ=100` tries a hundred times as many, others in every run.
public struct Fuzz: Sequence {
  private let file: URL
  private let seeds: [Data]
  private let count: Int
  private let words: [String]

  /// - Parameters:
  ///   - seeds: sound inputs.
  ///   - count: how many mutations.
  ///   - words: of the reader's own language.
  public init(_ reader: String, _ seeds: [Data], count: Int, words: [String] = []) {
    file = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-fuzz-\(reader)")
    self.seeds = Self.corpus(reader) + seeds
    self.count = count * (Self.factor ?? 1)
    self.words = words
  }

  public init(_ reader: String, _ seeds: [String], count: Int, words: [String] = []) {
    self.init(reader, seeds.map { Data($0.utf8) }, count: count, words: words)
  }

  private static var factor: Int? { ProcessInfo.processInfo.environment["COXSWAIN_FUZZ"].flatMap { Int($0) } }

  /// What ever failed with a reader, by name.
  public static func corpus(_ reader: String) -> [Data] {
    let folder = Places.root.appendingPathComponent("Tests/Corpus/\(reader)")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().compactMap { FileManager.default.contents(atPath: folder.appendingPathComponent($0).path) }
  }

  public func makeIterator() -> Iterator { Iterator(self) }

  public struct Iterator: IteratorProtocol {
    private let fuzz: Fuzz
    private var mutation: Mutation
    private var number = 0

    fileprivate init(_ fuzz: Fuzz) {
      self.fuzz = fuzz
      mutation = Mutation(seed: Fuzz.factor == nil ? 1 : .random(in: 0...(.max)), words: fuzz.words)
    }

    public mutating func next() -> Data? {
      let seeds = fuzz.seeds
      guard !seeds.isEmpty, number < seeds.count + fuzz.count else {
        try? FileManager.default.removeItem(at: fuzz.file)
        return nil
      }
      let seed = seeds[number % seeds.count]
      let data = number < seeds.count ? seed : mutation.mutated(seed, others: seeds)
      number += 1
      try? data.write(to: fuzz.file)
      return data
    }
  }
}
