import Administration
import Domain
import EventLog
import IPC

/// Answers the requests that edges pass on: the documentation to everybody, the API to who brings a token.
///
/// Lives on control's loop, and waits for nothing: who a token belongs to and what a request does is found out elsewhere, and comes
/// back by a call.
final class HTTPDesk {
    /// Who a token belongs to; nil: nobody (any more).
    typealias Authenticate = (
        _ token: [UInt8], _ then: @escaping (Result<AdministrationActor?, AdministrationFailure>) -> Void
    ) -> Void
    typealias Submit = (
        _ request: Administration.AdministrationRequest, _ then: @escaping (AdministrationReply) -> Void
    ) -> Void

    /// What is behind it.
    struct Office {
        var authenticate: Authenticate
        var submit: Submit
        /// The methods that a path has; none where nothing is there.
        var methods:
            (
                _ path: [String],
                _ then:
                    @escaping (
                        Result<[Administration.AdministrationRequest.Method], AdministrationFailure>
                    ) -> Void
            ) -> Void
        /// `/openapi.json`, or why it cannot be had.
        var document: (_ then: @escaping (Result<[UInt8], AdministrationFailure>) -> Void) -> Void
        var now: () -> UInt64
        /// Calls back on the loop, after so many nanoseconds.
        var after: (UInt64, @escaping () -> Void) -> Void
    }

    /// Bytes of the longest token; what is longer is none.
    private static let longestToken = 256

    private let office: Office
    private let documentation: Documentation
    private let log: Log
    private let reader = HTTPRequestReader()
    private var wrongTokens = WrongTokens()

    init(_ office: Office, documentation: Documentation, log: Log) {
        self.office = office
        self.documentation = documentation
        self.log = log
    }

    /// Answers a request; `then` is called once, perhaps at once.
    func answer(_ request: IPC.AdministrationRequest, body: [UInt8], then: @escaping (HTTPReply) -> Void) {
        let isHead = request.method.utf8.elementsEqual("HEAD".utf8)
        let finish = { (reply: HTTPReply) in
            var reply = reply
            reply.isHeadOnly = isHead
            let isRead = isHead || request.method.utf8.elementsEqual("GET".utf8)
            then(isRead ? reply.unless(matching: request.headers[.ifNoneMatch]) : reply)
        }
        let path: HTTPPath
        do throws(HTTPPath.Fault) {
            path = try HTTPPath(request.path)
        } catch {
            return finish(HTTPReply(Self.failure(error)))
        }
        guard !path.hasSlashes || HTTPRequestReader.namesHaveSlashes(path.segments) else {
            return finish(HTTPReply(Self.failure(HTTPPath.Fault.path)))
        }
        if let page = Documentation.page(path.segments) {
            guard isHead || request.method.utf8.elementsEqual("GET".utf8) else {
                return finish(.methodNotAllowed("GET, HEAD"))
            }
            guard page == .document else { return finish(self.documentation.reply(page)) }
            return self.office.document { result in
                switch result {
                case .success(let document): finish(self.documentation.reply(document: document))
                case .failure(let failure): finish(HTTPReply(Self.withheld(failure)))
                }
            }
        }
        guard let segments = HTTPRequestReader.resource(path.segments) else { return finish(HTTPReply(.unknownURL)) }
        let method = HTTPRequestReader.method(request.method)
        self.authenticate(request, refused: finish) { actor in
            guard let method else {
                return self.office.methods(segments) { finish(HTTPReply(Self.otherMethod($0))) }
            }
            let asked = self.reader.read(request, method, segments, path.query, body: body, actor: actor)
            self.office.submit(asked) { finish(HTTPReply($0)) }
        }
    }

    private static func failure(_ fault: HTTPPath.Fault) -> AdministrationFailure {
        switch fault {
        case .path:
            AdministrationFailure(status: 400, code: "invalid_path", message: "the path cannot be read")
        case .query(let name):
            AdministrationFailure(
                status: 400, code: "invalid_request", message: "the query cannot be read",
                field: name.isEmpty ? nil : name)
        }
    }

    /// The refusal of a method that the administration does not have anywhere, such as OPTIONS; `there` are those that the path has.
    private static func otherMethod(
        _ there: Result<[Administration.AdministrationRequest.Method], AdministrationFailure>
    ) -> AdministrationFailure {
        switch there {
        case .success(let methods): methods.isEmpty ? .unknownURL : .methodNotAllowed(methods)
        case .failure(let failure): failure
        }
    }

    // MARK: Who asks

    private func authenticate(
        _ request: IPC.AdministrationRequest, refused: @escaping (HTTPReply) -> Void,
        _ then: @escaping (AdministrationActor) -> Void
    ) {
        switch request.credential {
        // Who brings none has guessed none.
        case .none: refused(HTTPReply(.unauthorized))
        case .unusable: self.refuseToken(request, refused)
        case .token(let token):
            guard token.count <= Self.longestToken, token.starts(with: TokenText.prefix.utf8) else {
                return self.refuseToken(request, refused)
            }
            self.office.authenticate(token) { result in
                switch result {
                case .success(let actor?): then(actor)
                case .success(nil): self.refuseToken(request, refused)
                case .failure(let failure): refused(HTTPReply(Self.withheld(failure)))
                }
            }
        }
    }

    /// Whatever is wrong with a token, who brings it learns the same.
    private func refuseToken(_ request: IPC.AdministrationRequest, _ refused: @escaping (HTTPReply) -> Void) {
        let address = PeerAddress(request.client)
        let reply = HTTPReply(.unauthorized)
        switch self.wrongTokens.count(address, at: self.office.now()) {
        case .after(0): refused(reply)
        case .after(let delay):
            self.office.after(delay) { [weak self] in
                self?.wrongTokens.answered()
                refused(reply)
            }
        case .refuse(let seconds):
            self.log.warning("too many wrong tokens", ["client": .string(address?.text ?? "")])
            let failure = AdministrationFailure(
                status: 429, code: "too_many_wrong_tokens", message: "too many wrong tokens have come from this address"
            )
            refused(HTTPReply(failure, retryAfter: seconds))
        }
    }

    /// What is wrong inside is nobody's business who has not shown a token.
    private static func withheld(_ failure: AdministrationFailure) -> AdministrationFailure {
        guard failure.status >= 500 else { return failure }
        return AdministrationFailure(
            status: failure.status, code: failure.code,
            message: "the administration is not available right now: its log says why")
    }
}
