#if SLUICE_TEST_HOOKS
import Glibc

/// What a test build does wrong when it is told to, in `SLUICE_TEST_LIMIT_FAULT`: the tests of the table have to find it.
enum TableFault: String {
    /// A swap stores its word without comparing.
    case compare
    /// A refusal on the way leaves committed what was.
    case undo
    /// A hold is not written down.
    case entry
    /// The recovery counts a settle again that has come to a slot before the death.
    case sequence
    /// The recovery ends after one slot.
    case slot

    static let current: TableFault? = {
        guard let value = unsafe getenv("SLUICE_TEST_LIMIT_FAULT") else { return nil }
        return TableFault(rawValue: unsafe String(cString: value))
    }()
}
#endif
