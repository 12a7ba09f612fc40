/// A prepared statement of either database: bind `$1` … `$n`, step through the rows, read columns, reset.
///
/// Lives on the thread of its connection. Columns, counted from 0, mean something only after `step()` returned true.
public protocol DatabaseStatement: AnyObject {
    /// Binds an integer to `$number`; NULL for nil.
    func bind(_ number: Int, _ value: Int64?) throws(DatabaseError)
    /// Binds a text; NULL for nil.
    func bind(_ number: Int, text: String?) throws(DatabaseError)
    /// Binds the UTF-8 bytes of a text; NULL for nil.
    func bind(_ number: Int, text bytes: [UInt8]?) throws(DatabaseError)
    /// Binds bytes; NULL for nil.
    func bind(_ number: Int, blob bytes: [UInt8]?) throws(DatabaseError)

    /// Goes to the next row: false when there is none, and the statement is reset then.
    func step() throws(DatabaseError) -> Bool
    /// Runs to the end, rows unread, and resets.
    func run() throws(DatabaseError)
    /// Ends reading rows before the last; bindings stay.
    func reset()

    /// An integer; 0 for NULL.
    func integer(_ column: Int) -> Int64
    func isNull(_ column: Int) -> Bool
    /// A blob, or the UTF-8 of a text; empty for NULL.
    func bytes(_ column: Int) -> [UInt8]
    /// A text; empty for NULL.
    func text(_ column: Int) -> String
}

extension DatabaseStatement {
    /// An integer; nil for NULL.
    public func optionalInteger(_ column: Int) -> Int64? { self.isNull(column) ? nil : self.integer(column) }
    /// A text; nil for NULL.
    public func optionalText(_ column: Int) -> String? { self.isNull(column) ? nil : self.text(column) }
    /// Binds NULL.
    public func bindNull(_ number: Int) throws(DatabaseError) { try self.bind(number, Int64?.none) }
}
