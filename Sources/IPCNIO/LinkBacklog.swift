import IPC
import NIOCore

/// What a link has to send but cannot send yet, in order.
struct LinkBacklog {
    /// Data that goes out in as many frames as it takes.
    struct Data {
        var type: FrameType
        var stream: UInt64
        var flags: UInt8
        var bytes: ByteBuffer
        /// It may be copied to others that go out with it.
        var copies = true
    }

    enum Element {
        /// A whole frame, header included.
        case frame(ByteBuffer, FrameType, stream: UInt64)
        case data(Data)
    }

    private var elements = CircularBuffer<Element>()
    /// Bytes of data that wait.
    private(set) var dataBytes = 0

    var isEmpty: Bool { self.elements.isEmpty }

    mutating func append(frame: ByteBuffer, type: FrameType, stream: UInt64) {
        self.elements.append(.frame(frame, type, stream: stream))
    }

    mutating func append(_ data: Data) {
        self.dataBytes += data.bytes.readableBytes
        self.elements.append(.data(data))
    }

    mutating func prepend(_ data: Data) {
        self.dataBytes += data.bytes.readableBytes
        self.elements.prepend(.data(data))
    }

    mutating func popFirst() -> Element? {
        let first = self.elements.popFirst()
        if case .data(let data) = first { self.dataBytes -= data.bytes.readableBytes }
        return first
    }

    /// Takes everything of `stream` out; true when its REQUEST was among it, so that the peer has never heard of it.
    mutating func drop(stream: UInt64) -> Bool {
        var hadRequest = false
        guard !self.elements.isEmpty else { return false }
        self.elements.removeAll { element in
            switch element {
            case .frame(_, let type, stream):
                hadRequest = hadRequest || type == .request
                return true
            case .data(let data) where data.stream == stream:
                self.dataBytes -= data.bytes.readableBytes
                return true
            default:
                return false
            }
        }
        return hadRequest
    }
}
