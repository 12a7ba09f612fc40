internal import Glibc

/// Reads one reply from what comes on a connection, in pieces of any size: its heads, its body with the framing taken off, and where it ends.
///
/// Pure. Nothing of a piece is kept but the begin of a header line that has not come whole, which the bound of the whole head bounds.
struct HTTPReplyReader {
    /// What the next bytes mean.
    enum Step {
        /// They are used up; more must come.
        case more
        /// The final head.
        case head(HTTPResponseHead)
        /// A piece of the body, by its place in the buffer. It was moved there within the bytes that are used up.
        case data(Range<Int>)
        /// The reply is whole. What follows belongs to nobody.
        case end
        case failed(HTTPClientError.Kind)
    }

    private enum Place {
        case head
        case length(UInt64)
        case chunked
        case untilClose
        case end
    }

    private static let version = Array("HTTP/1.".utf8)

    private let limit: Int
    private var place = Place.head
    private var parser: HTTPHeadParser
    private var decoder = ChunkDecoder()
    /// The begin of a line.
    private var line: [UInt8] = []

    /// `limit` is that of the head, interim heads included, in bytes.
    init(limit: Int) {
        self.limit = limit
        self.parser = HTTPHeadParser(limit: limit)
    }

    /// Another reply begins.
    mutating func reset() {
        self = HTTPReplyReader(limit: self.limit)
    }

    /// The final head has come.
    var hasHead: Bool { self.parser.isComplete }

    /// The connection's end is that of the reply.
    var endsByClose: Bool {
        if case .untilClose = self.place { true } else { false }
    }

    /// Whether another request may follow on the connection, once the reply is whole.
    var keepsConnection: Bool {
        if case .end = self.place { self.parser.keepsConnection } else { false }
    }

    /// Reads `buffer` from `index` on, which it moves behind what it has used. To be called until it says `more`, `end` or `failed`.
    mutating func next(_ buffer: UnsafeMutableRawBufferPointer, _ index: inout Int) -> Step {
        switch self.place {
        case .head: return unsafe self.readHead(buffer, &index)
        case .length(0):
            self.place = .end
            return .end
        case .length(let remaining):
            let count = Int(clamping: min(remaining, UInt64(buffer.count - index)))
            guard count > 0 else { return .more }
            self.place = .length(remaining - UInt64(count))
            defer { index += count }
            return .data(index..<(index + count))
        case .chunked:
            do throws(ChunkDecoder.Violation) {
                let (data, end) = unsafe try self.decoder.decode(buffer, from: index)
                index = end
                if self.decoder.isAtEnd {
                    self.place = .end
                    return data.isEmpty ? .end : .data(data)
                }
                return data.isEmpty ? .more : .data(data)
            } catch {
                return .failed(.resetInReply)
            }
        case .untilClose:
            guard index < buffer.count else { return .more }
            defer { index = buffer.count }
            return .data(index..<buffer.count)
        case .end: return .end
        }
    }

    private mutating func readHead(_ buffer: UnsafeMutableRawBufferPointer, _ index: inout Int) -> Step {
        while index < buffer.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[index...])
            guard let start = rest.baseAddress, let found = unsafe memchr(start, 0x0A, rest.count) else {
                guard self.line.count + rest.count <= self.limit else { return .failed(.tooLarge) }
                unsafe self.line.append(contentsOf: rest)
                index = buffer.count
                // Whatever speaks something else may never end a line.
                if self.parser.awaitsStatus, !zip(self.line, Self.version).allSatisfy({ $0 == $1 }) {
                    return .failed(.protocolViolation)
                }
                return .more
            }
            let count = unsafe UnsafeRawPointer(found) - start + 1
            index += count
            let event: HTTPHeadParser.Event
            if self.line.isEmpty {
                event = unsafe self.read(UnsafeRawBufferPointer(rebasing: rest[..<count]))
            } else {
                guard self.line.count + count <= self.limit else { return .failed(.tooLarge) }
                unsafe self.line.append(contentsOf: rest[..<count])
                var line: [UInt8] = []
                swap(&line, &self.line)
                event = unsafe line.withUnsafeBytes { unsafe self.read($0) }
            }
            switch event {
            case .more: continue
            case .complete(let head): return self.begin(head)
            case .tooLarge: return .failed(.tooLarge)
            case .violation: return .failed(.protocolViolation)
            }
        }
        return .more
    }

    private mutating func read(_ line: UnsafeRawBufferPointer) -> HTTPHeadParser.Event {
        guard let start = line.baseAddress, unsafe memchr(start, 0, line.count) == nil else { return .violation }
        return unsafe self.parser.read(line.bindMemory(to: UInt8.self).span)
    }

    private mutating func begin(_ head: HTTPResponseHead) -> Step {
        switch self.parser.framing {
        case .length(let length): self.place = .length(length)
        case .chunked: self.place = .chunked
        case .untilClose: self.place = .untilClose
        case nil: return .failed(.protocolViolation)
        }
        return .head(head)
    }
}
