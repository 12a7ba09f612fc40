/// The first byte of a record. Numbers are never reused.
enum RecordKind: UInt8 {
    case begin = 1
    case attempt = 2
    case attemptEnd = 3
    case settle = 4
}
