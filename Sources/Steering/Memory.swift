import Foundation

/// Memory of the whole process.
package enum Memory {
  /// Keeps glibc to two arenas. It gives each thread one of its own, and each keeps what was freed in it: a population of 1,000
  /// particles grew by 48 to 54 MB with two, by 53 to 61 MB without. Call it first thing in `main`; does nothing elsewhere.
  package static func useFewArenas() {
    #if canImport(Glibc)
      // Neither the function nor `M_ARENA_MAX` (−8, malloc.h) is in Swift's Glibc module.
      typealias SetOption = @convention(c) (Int32, Int32) -> Int32
      guard let symbol = dlsym(nil, "mallopt") else { return }
      _ = unsafeBitCast(symbol, to: SetOption.self)(-8, 2)
    #endif
  }
}
