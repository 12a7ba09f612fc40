import Cryptography
import Database
public import EventLog
import KeyValue

/// Why a request of the administration was refused: an HTTP status, a code for programs and a sentence for people. It holds
/// no secret.
public struct AdministrationFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public var status: Int
    public var code: String
    public var message: String
    /// The member of the body or the query that is at fault, such as `limits.concurrency`; sent as `param`.
    public var field: String?
    /// With 405: the methods that would do, sent as `Allow`.
    public var allowed: [AdministrationRequest.Method]
    /// What happened, with the names of servers and files: for the log of control, never for who asked. Nil where the message says it all.
    public var detail: String?

    public init(
        status: Int, code: String, message: String, field: String? = nil, allowed: [AdministrationRequest.Method] = [],
        detail: String? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.allowed = allowed
        self.detail = detail
    }

    public var description: String { self.message }

    /// The request is malformed: a member is missing, unknown, there twice or of another type.
    public static func invalid(_ message: String, field: String? = nil) -> AdministrationFailure {
        AdministrationFailure(status: 400, code: "invalid_request", message: message, field: field)
    }

    /// The path is right, the method is not.
    public static func methodNotAllowed(_ allowed: [AdministrationRequest.Method]) -> AdministrationFailure {
        AdministrationFailure(
            status: 405, code: "method_not_allowed", message: "this method is not allowed here", allowed: allowed)
    }

    /// A member is as JSON wants it, but its value cannot be used.
    public static func unusable(_ field: String, _ message: String) -> AdministrationFailure {
        AdministrationFailure(status: 422, code: "invalid_value", message: message, field: field)
    }

    /// No token, or none that is good: the same words for all of them.
    public static let unauthorized = AdministrationFailure(
        status: 401, code: "invalid_token",
        message: "an administration token is needed: Authorization: Bearer sluice-admin-…")
    /// The actor may see it, but not do this.
    public static let forbidden = AdministrationFailure(
        status: 403, code: "forbidden", message: "this token may not do that")
    /// It is absent, or not the actor's: nobody learns which.
    public static let hidden = AdministrationFailure(status: 404, code: "not_found", message: "there is no such thing")

    /// What was named does not exist.
    public static func notFound(_ message: String) -> AdministrationFailure {
        AdministrationFailure(status: 404, code: "not_found", message: message)
    }

    /// The `type` of the error object.
    public var type: String {
        switch self.status {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 429: "rate_limit_error"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
    }

    init(_ error: DatabaseError, of database: String = "control database") {
        guard case .postgres = error.code else {
            self.init(status: 503, code: "storage_failed", message: "\(database): \(error)")
            return
        }
        // Where a server is and what it holds is nobody's business who asks for something.
        self.init(
            status: 503, code: "storage_failed", message: "the \(database) does not answer: try again",
            detail: "\(error)")
    }

    /// 503 for as long as nothing can be opened.
    public init(_ failure: StartFailure) {
        let message =
            failure.code == ControlExitCode.databaseAway
            ? "the control database does not answer: try again"
            : "the administration cannot be opened: the log of control says why"
        self.init(status: 503, code: "storage_failed", message: message, detail: failure.message)
    }

    init(_ error: KeyValueError) {
        self.init(status: 503, code: "storage_failed", message: "identity table: \(error)")
    }

    init(_ error: CryptographyError) {
        self.init(status: 500, code: "internal_error", message: "\(error)")
    }
}
