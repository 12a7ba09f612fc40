/// ATTEMPT: an upstream wants to call a provider once more for a request, which may be billed once more, and waits for the
/// edge's `Grant`. The first call of a request is granted with it.
public struct FurtherAttempt: Hashable, WireMessage {
    public static let frameType = FrameType.attempt

    /// Why there is to be a further call.
    public enum Reason: UInt8, Hashable, Sendable, CaseIterable {
        /// The kept connection the request went out on had been closed by the provider.
        case resend = 1
        /// The call before failed.
        case retry = 2
        /// The call before takes long; both will run.
        case hedge = 3
        /// Another of the request's calls is to be tried.
        case otherTarget = 4
    }

    /// Which of the request's calls (targets) it is made for.
    public var call: UInt8
    /// The attempt's number within the request: 2 and more.
    public var number: UInt8
    public var reason: Reason

    public init(call: UInt8, number: UInt8, reason: Reason) {
        self.call = call
        self.number = number
        self.reason = reason
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.call = try reader.read()
        self.number = try reader.read()
        guard self.number >= 2, let reason = Reason(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.reason = reason
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.call)
        writer.write(self.number)
        writer.write(self.reason.rawValue)
    }
}
