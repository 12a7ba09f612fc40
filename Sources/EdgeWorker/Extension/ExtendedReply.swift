import Domain
import IPC
import NIOCore

/// Puts `x_sluice` into the body of one reply: into the object that a whole reply is, or into the last event of a stream.
///
/// Lives on the event loop, from the reply's head to its end. Without I/O: it says which bytes may go out. Where the head says how
/// long the body is and what it cost, the member is made then, and counted; else it is made at the end.
final class ExtendedReply {
    private enum Form {
        case object(ObjectTail)
        case events(EventTail)
    }

    /// What the head says of a reply whose first byte is not here yet: only objects are changed.
    private(set) var head: ResponseHead?
    private let member: ExtensionMember
    private let record: RecordID
    private let isCompletion: Bool
    private var form: Form
    /// Made already, as the head says how long the body is with it.
    private var announced: [UInt8]?
    /// Bytes of the peer's that the head announced and that are not here yet; nil where it did not say.
    private var missing: UInt64?

    /// nil for a reply that is left alone.
    init?(_ reply: ResponseHead, _ member: ExtensionMember, record: RecordID, endpoint: Endpoint) {
        guard (200..<300).contains(reply.status), reply.status != 204 else { return nil }
        self.member = member
        self.record = record
        self.isCompletion = endpoint == .completions
        if reply.isStream {
            self.form = .events(EventTail(at: endpoint.isAnthropic ? .anthropic : .openAI))
        } else {
            guard Self.isJSON(reply.contentType), reply.contentLength != 0 else { return nil }
            self.form = .object(ObjectTail())
            self.head = reply
        }
    }

    private static func isJSON(_ type: [UInt8]) -> Bool {
        let json: StaticString = "application/json"
        guard type.count >= json.utf8CodeUnitCount else { return false }
        for index in 0..<json.utf8CodeUnitCount where unsafe type[index] | 0x20 != json.utf8Start[index] | 0x20 {
            return false
        }
        let next = type.dropFirst(json.utf8CodeUnitCount).first
        return next == nil || next == UInt8(ascii: ";") || next == 0x20 || next == 0x09
    }

    /// The head with which a body goes out that begins with these bytes; nil where it is none to be changed.
    func begin(with chunk: ByteBuffer) -> ResponseHead? {
        guard var head = self.head.take(),
            chunk.readableBytesView.first(where: { !JSONSpace.contains($0) }) == UInt8(ascii: "{")
        else { return nil }
        self.missing = head.contentLength
        let cost: Int64?
        switch head.cost {
        case .known(let sum): cost = sum
        case .unknown: cost = nil
        case .open:
            head.contentLength = nil
            return head
        }
        guard let length = head.contentLength else { return head }
        let text = self.member.text(cost: cost)
        let (longer, overflow) = length.addingReportingOverflow(UInt64(text.count) + 1)
        guard !overflow else { return nil }
        self.announced = text
        head.contentLength = longer
        return head
    }

    /// Takes the body's next bytes, and returns those that may go out now.
    func feed(_ chunk: ByteBuffer) -> [ByteBuffer] {
        if let missing = self.missing {
            let count = UInt64(clamping: chunk.readableBytes)
            // One that is too long is found at its end, which it has not.
            self.missing = count > missing ? .max : missing - count
        }
        switch self.form {
        case .object(var tail):
            // Nothing else keeps the buffer, so that it is not copied.
            self.form = .object(ObjectTail())
            defer { self.form = .object(tail) }
            return tail.feed(chunk)
        case .events(var tail):
            self.form = .events(EventTail(at: .openAI))
            defer { self.form = .events(tail) }
            return tail.feed(chunk)
        }
    }

    /// The reply is whole, and cost that much: its last bytes; nil where it is longer or shorter than was announced.
    func finish(cost: Int64?, seconds: Int64) -> [ByteBuffer]? {
        guard self.missing ?? 0 == 0 else { return nil }
        switch self.form {
        case .object(var tail):
            if let end = tail.finish(self.announced ?? self.member.text(cost: cost)) { return [end] }
            // What was announced has to come: white space behind a text that is no object.
            guard let announced = self.announced else { return [] }
            return [ByteBuffer(repeating: 0x20, count: announced.count + 1)]
        case .events(var tail):
            let text = self.member.text(cost: cost)
            return tail.finish(
                text,
                or: self.member.chunk(text, record: self.record, seconds: seconds, isCompletion: self.isCompletion))
        }
    }

    /// The reply has failed: what of a stream was held.
    func abandon() -> [ByteBuffer] {
        guard case .events(var tail) = self.form else { return [] }
        return tail.abandon()
    }
}
