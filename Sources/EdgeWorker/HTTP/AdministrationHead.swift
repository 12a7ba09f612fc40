import Domain
import IPC
import NIOCore
import NIOHTTP1

/// What of a request's head is for control; made for those requests only that may be control's. Lives on the event loop.
final class AdministrationHead {
    /// What the tokens of the administration begin with; no client key does.
    static let tokenPrefix = "sluice-admin-"

    let method: String
    private let headers: [AdministrationRequest.Header: [UInt8]]
    /// A header that may be there once is there twice, or one is too long.
    let isMalformed: Bool
    /// Set once all headers are read.
    var credential = AdministrationRequest.Credential.none
    /// Ends a request that control does not answer.
    var deadline: Scheduled<Void>?

    init(_ head: HTTPRequestHead) {
        var headers: [AdministrationRequest.Header: [UInt8]] = [:]
        var isMalformed = false
        for (name, value) in head.headers {
            guard let header = Self.header(name) else { continue }
            if value.utf8.count > AdministrationRequest.longestValue || !value.isPrintableASCII { isMalformed = true }
            let bytes = Array(value.utf8)
            guard let before = headers[header] else {
                headers[header] = bytes
                continue
            }
            if header.isList {
                headers[header] = before + Array(", ".utf8) + bytes
            } else if before != bytes {
                isMalformed = true
            }
        }
        if headers.values.contains(where: { $0.count > AdministrationRequest.longestValue }) { isMalformed = true }
        // Over HTTP/2 a method is any text.
        if head.method.rawValue.utf8.count > AdministrationRequest.longestMethod { isMalformed = true }
        self.method = head.method.rawValue
        self.headers = headers
        self.isMalformed = isMalformed
    }

    private static func header(_ name: String) -> AdministrationRequest.Header? {
        switch name.utf8.count {
        case 6 where name.hasBytes(ignoringCase: "accept"): .accept
        case 6 where name.hasBytes(ignoringCase: "origin"): .origin
        case 8 where name.hasBytes(ignoringCase: "if-match"): .ifMatch
        case 12 where name.hasBytes(ignoringCase: "content-type"): .contentType
        case 13 where name.hasBytes(ignoringCase: "if-none-match"): .ifNoneMatch
        case 15 where name.hasBytes(ignoringCase: "idempotency-key"): .idempotencyKey
        default: nil
        }
    }

    /// The request is over.
    func ended() {
        self.deadline?.cancel()
        self.deadline = nil
    }

    /// Whether it brings a token of the administration.
    var bringsToken: Bool {
        guard case .token(let token) = self.credential else { return false }
        return token.starts(with: Self.tokenPrefix.utf8)
    }

    /// The request as control is asked.
    func request(_ request: CurrentRequest, bodyLength: Int) -> AdministrationRequest {
        AdministrationRequest(
            method: self.method, path: request.target, bodyLength: UInt64(clamping: bodyLength),
            credential: self.credential, headers: self.headers, client: request.address?.bytes ?? [],
            record: request.record)
    }
}

extension AdministrationRequest.Header {
    /// Whether several of them mean the same as one with all their values.
    fileprivate var isList: Bool {
        switch self {
        case .ifMatch, .ifNoneMatch, .accept: true
        case .contentType, .idempotencyKey, .origin: false
        }
    }
}

extension AdministrationRequest.Credential {
    init(_ credential: RequestHead.Credential) {
        switch credential {
        case .none: self = .none
        case .key(let key) where key.utf8.count <= AdministrationRequest.longestValue: self = .token(Array(key.utf8))
        case .key, .unusable: self = .unusable
        }
    }
}

extension ClientAddress {
    /// 16 bytes in network order.
    var bytes: [UInt8] {
        [self.high, self.low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
    }
}
