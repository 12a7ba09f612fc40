/// One kind of thing that administrators work with, such as keys: a list of routes, each with a pure answer over a store.
public protocol AdministrationResource: AnyObject {
    /// Its operations.
    var routes: [APIRoute] { get }
}

extension AdministrationFailure {
    /// There is nothing under the path.
    public static let unknownURL = AdministrationRequest.unknownPath
}
