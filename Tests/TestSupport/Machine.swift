import Foundation
import Steering

/// Tests that start processes take the machine by turns, one for each processor: more would starve those that measure time, and
/// one another.
package let machine = Gate(width: min(ProcessInfo.processInfo.activeProcessorCount, 4))
