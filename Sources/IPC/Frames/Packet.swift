/// One packet of a control socket: exactly one whole frame about the child itself, so stream 0 and no flags.
public struct Packet: Hashable, Sendable {
    public let type: FrameType
    private let bytes: [UInt8]

    /// Checks the packet's header against its length; the payload is not looked at yet.
    public init(_ bytes: [UInt8], accepting accepted: FrameTypeSet) throws(FrameError) {
        let header: Result<FrameHeader?, FrameError> = unsafe bytes.withUnsafeBytes { pointer in
            do throws(FrameError) {
                return .success(try unsafe FrameHeader(pointer, accepting: accepted))
            } catch {
                return .failure(error)
            }
        }
        // Shorter than a header: there is no type to name, and HELLO is what a peer has to know first.
        guard let header = try header.get() else { throw .malformed(.hello) }
        guard Int(header.length) == bytes.count - WireLimits.header, header.stream == 0, header.flags == 0 else {
            throw .malformed(header.type)
        }
        self.type = header.type
        self.bytes = bytes
    }

    /// The payload as `Message`; throws unless it is exactly that.
    public func message<Message: WireMessage>(_ type: Message.Type = Message.self) throws(FrameError) -> Message {
        guard Message.frameType == self.type else { throw .unexpectedType(self.type) }
        let message: Result<Message, FrameError> = unsafe self.bytes.withUnsafeBytes { pointer in
            do throws(FrameError) {
                let payload = unsafe UnsafeRawBufferPointer(rebasing: pointer[WireLimits.header...])
                return .success(try unsafe Message(payload: payload))
            } catch {
                return .failure(error)
            }
        }
        return try message.get()
    }
}
