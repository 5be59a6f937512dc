import Steering

/// Tests that start processes take the machine one at a time: on two cores they would otherwise starve those that measure time,
/// and one another.
package let machine = Gate(width: 1)
