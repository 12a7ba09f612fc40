import Cryptography
import Domain
import Identity
import KeyValue

/// The identity table, which control writes, read from shared memory.
extension IdentityReader: KeyDirectory {
    func lookUp(_ digest: Digest, at milliseconds: UInt64) -> KeyLookup {
        do throws(KeyValueError) {
            guard let row = try self.row(for: digest), row.isGood(at: milliseconds) else { return .unknown }
            return .principal(row.principal)
        } catch {
            return .unavailable
        }
    }
}
