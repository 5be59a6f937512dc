import Foundation
import Steering

/// A gate for tests that start processes, one test per processor. With more at a time they would slow each other down
/// and distort tests that measure time.
package let machine = Gate(width: min(ProcessInfo.processInfo.activeProcessorCount, 4))
