import GRDB

extension Row {
  /// The value of a column. GRDB's own subscripts end the program where a damaged file has another type there, or no such column.
  ///
  /// - Throws: what ``StoreError`` makes of it: the store is damaged.
  func value<T: DatabaseValueConvertible & StatementColumnConvertible>(_ column: String) throws -> T {
    try decode(forColumn: column)
  }
}
