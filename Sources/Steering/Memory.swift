import Foundation

/// Memory settings of the whole process.
package enum Memory {
  /// Limits glibc to two arenas. By default each thread has its own arena and keeps freed memory in it. A population of
  /// 1,000 particles grew by 48 to 54 MB with two arenas and by 53 to 61 MB without the limit. Call this first in
  /// `main`. It does nothing on other systems.
  package static func useFewArenas() {
    #if canImport(Glibc)
      // Swift's Glibc module has neither the function nor `M_ARENA_MAX` (−8, malloc.h).
      typealias SetOption = @convention(c) (Int32, Int32) -> Int32
      guard let symbol = dlsym(nil, "mallopt") else { return }
      _ = unsafeBitCast(symbol, to: SetOption.self)(-8, 2)
    #endif
  }
}
