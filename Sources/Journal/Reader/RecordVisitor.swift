/// Is shown the entries of a journal, one by one. What is lent stays where it is only until the call returns; what a visitor cannot do with
/// it, it keeps in mind itself.
public protocol RecordVisitor: AnyObject {
    func visit(_ begin: borrowing LentRecord.Begin)
    func visit(_ attempt: borrowing LentRecord.Attempt)
    func visit(_ end: borrowing LentRecord.AttemptEnd)
    func visit(_ settle: borrowing LentRecord.Settle)
}
