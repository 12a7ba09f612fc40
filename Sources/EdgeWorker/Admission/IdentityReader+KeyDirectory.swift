import Cryptography
import Domain
import Identity
import KeyValue

/// The identity table, which control writes, read from shared memory.
extension IdentityReader: KeyDirectory {
    func lookUp(_ digest: Digest, at milliseconds: UInt64) -> KeyLookup {
        do throws(KeyValueError) {
            guard let row = try self.row(for: digest), row.isGood(at: milliseconds) else { return .unknown }
            return .principal(row.principal, row.limits, models: row.models)
        } catch {
            return .unavailable
        }
    }

    var revision: UInt64? {
        guard self.isOpen else { return nil }
        let generation = self.generation
        // The second counts commits, of which there are fewer.
        return UInt64(truncatingIfNeeded: generation.opened) << 48 ^ generation.transaction
    }

    func limits(of scope: LimitScope, _ id: EntityID) -> EntityLimits? {
        do throws(KeyValueError) {
            guard let row = try self.entity(scope, id) else { return EntityLimits() }
            return EntityLimits(
                limits: row.limits, timeZone: row.timeZone, weight: row.weight, models: row.models)
        } catch {
            return nil
        }
    }
}
