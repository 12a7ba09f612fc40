import Platform

extension OwnedDescriptor {
    /// A second descriptor for the same open file, as the supervisor would have it.
    static func copy(of number: Int32) throws(SystemError) -> OwnedDescriptor {
        guard let copy = OwnedDescriptor.duplicate(of: number) else { throw SystemError.last("dup") }
        return copy
    }
}
