import GRDB

extension Row {
  /// The value of a column. GRDB's own subscripts trap if a damaged file lacks the column or has another type there.
  ///
  /// - Throws: an error that ``StoreError`` reports as a damaged store.
  func value<T: DatabaseValueConvertible & StatementColumnConvertible>(_ column: String) throws -> T {
    try decode(forColumn: column)
  }
}
