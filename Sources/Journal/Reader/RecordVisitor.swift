/// Is shown the entries of a journal, one by one, and nothing that is none. Their texts stay where they are only until the call returns.
///
/// Visits do not throw: a visitor remembers what failed, and whoever has it shown something asks it after each.
public protocol RecordVisitor: AnyObject {
    func visit(_ begin: borrowing LentRecord.Begin)
    func visit(_ attempt: borrowing LentRecord.Attempt)
    func visit(_ end: borrowing LentRecord.AttemptEnd)
    func visit(_ settle: borrowing LentRecord.Settle)
}
