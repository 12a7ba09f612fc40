import CLinux

/// How many descriptors the process, and what it starts, may have open.
public enum DescriptorLimit {
    /// Raises the limit to `wanted`, or as far as the process may; returns what holds now.
    @discardableResult
    public static func raise(to wanted: UInt64) throws(SystemError) -> UInt64 {
        var now: UInt64 = 0
        guard unsafe sluice_raise_descriptor_limit(wanted, &now) == 0 else {
            throw SystemError.last("setrlimit(RLIMIT_NOFILE)")
        }
        return now
    }

    /// Lowers the limit to `most` for good, where it is above.
    public static func lower(to most: UInt64) throws(SystemError) {
        guard sluice_lower_descriptor_limit(most) == 0 else { throw SystemError.last("setrlimit(RLIMIT_NOFILE)") }
    }
}
