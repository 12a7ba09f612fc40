/// One kind of thing that operators work with, such as keys: a pure answer to each request, over a store.
public protocol AdministrationResource: AnyObject {
    /// The first segment of its paths, such as `keys`.
    var name: String { get }

    /// Answers a request; `path` is what follows the first segment.
    func reply(
        to request: AdministrationRequest, path: ArraySlice<String>
    ) throws(AdministrationFailure) -> AdministrationReply
}

extension AdministrationFailure {
    /// The path is right, the method is not.
    public static let methodNotAllowed = AdministrationFailure(
        status: 405, code: "method_not_allowed", message: "this method is not allowed here")
    /// There is nothing under the path.
    public static let unknownURL = AdministrationRequest.unknownPath
}
