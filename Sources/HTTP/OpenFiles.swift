import Foundation
import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The number of files and connections that this process may open, and how many of them are available for calls.
package enum OpenFiles {
  /// Files in use besides connections to servers: event loops, a store and its readers, worlds, logs.
  package static let reserve = 48 + 4 * System.coreCount

  /// The current limit.
  package static var limit: Int { limits.now }

  /// Raises the limit as far as the system permits, but not above 65,536. The usual limit is 1,024, and every call in
  /// flight is an open file.
  package static func raiseLimit() {
    var (now, most) = limits
    guard now < most else { return }
    most = min(most, 65_536)
    var limit = rlimit()
    guard most > now, getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = rlim_t(most)
    _ = setrlimit(resource, &limit)
  }

  /// The number of connections that fit: at most half of the available files, since worlds open some, too.
  package static func connections(_ wanted: Int, limit: Int = limit) -> Int {
    max(1, min(wanted, (limit - reserve) / 2))
  }

  /// A remark if fewer connections fit than wanted, or nil.
  ///
  /// - Parameter key: the configuration key that sets the wanted number.
  package static func remark(on wanted: Int, key: String, limit: Int = limit) -> String? {
    let most = connections(wanted, limit: limit)
    guard most < wanted else { return nil }
    return """
      At most \(most) calls at a time, not \(wanted) as \(key) says: this process may open only \(limit) files. Raise \
      the limit (ulimit -n \(2 * wanted + reserve)) for more.
      """
  }

  /// Why the limit is too low to run at all; nil if it is not.
  package static func problem(limit: Int = limit) -> String? {
    let least = reserve + 2
    guard limit < least else { return nil }
    return
      "This process may open \(limit) files, but needs at least \(least): raise the limit (ulimit -n \(least) or more)."
  }

  #if os(Linux)
    private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
  #else
    private static var resource: Int32 { RLIMIT_NOFILE }
  #endif

  private static var limits: (now: Int, most: Int) {
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return (1_024, 1_024) }
    return (Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max))
  }
}
