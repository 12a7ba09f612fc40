internal import Domain

extension RecordID {
    /// The header line by which a provider's log can be joined with ours: the record and the attempt, from 1 to 9.
    func clientRequestID(_ attempt: UInt8) -> [UInt8] {
        let prefix: StaticString = "x-client-request-id: "
        let count = prefix.utf8CodeUnitCount
        return unsafe [UInt8](unsafeUninitializedCapacity: count + 34) { buffer, size in
            for index in 0..<count { unsafe buffer[index] = prefix.utf8Start[index] }
            _ = unsafe self.write(into: UnsafeMutableBufferPointer(rebasing: buffer[count...]))
            unsafe buffer[count + 32] = UInt8(ascii: "-")
            unsafe buffer[count + 33] = UInt8(ascii: "0") &+ min(attempt, 9)
            size = count + 34
        }
    }
}
