import Foundation

/// The inputs of a fuzz test: every input that ever failed (`Tests/Corpus/READER`), the given sound inputs, and
/// mutations of all of them. They are the same in every run.
///
/// `for await` lets other tests run in between, since there may be only two threads.
///
/// A reader passes if every input gives a value or an error. A trap ends the tests, and a time limit ends a hang. The
/// current input lies in `coxswain-fuzz-READER` in the folder for temporary files. An input that fails belongs in the
/// corpus. `COXSWAIN_FUZZ=100` tries a hundred times as many inputs, different in every run.
public struct Fuzz: Sequence, AsyncSequence {
  public typealias Element = Data

  private let file: URL
  private let seeds: [Data]
  private let count: Int
  private let words: [String]

  /// - Parameters:
  ///   - seeds: Sound inputs.
  ///   - count: The number of mutations.
  ///   - words: Words of the reader's format.
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

  /// The inputs that ever failed with a reader, sorted by name.
  public static func corpus(_ reader: String) -> [Data] {
    let folder = Places.root.appendingPathComponent("Tests/Corpus/\(reader)")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().compactMap { FileManager.default.contents(atPath: folder.appendingPathComponent($0).path) }
  }

  public func makeIterator() -> Iterator { Iterator(self) }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(inputs: makeIterator()) }

  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate var inputs: Iterator

    public mutating func next() async -> Data? {
      await Task.yield()
      return inputs.next()
    }
  }

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
