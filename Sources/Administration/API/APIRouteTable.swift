/// The routes of the administration, by method and path. Pure.
///
/// A segment in braces stands for any one segment; a path that has the very word wins over one that has braces in its place.
public struct APIRouteTable {
    /// What a method and a path lead to.
    public enum Match {
        /// The route, and what the segments in braces are.
        case route(APIRoute, segments: [String: String])
        /// The path is right, the method is not; these would be, in the order of the methods' names.
        case methodNotAllowed([AdministrationRequest.Method])
        case unknown
    }

    /// In the order they were given.
    public let routes: [APIRoute]
    /// By the number of segments.
    private let byLength: [Int: [APIRoute]]

    /// Of two routes with the same method and path the first is kept.
    public init(_ routes: [APIRoute]) {
        var seen: Set<String> = []
        self.routes = routes.filter { seen.insert("\($0.method.rawValue) \($0.path.joined(separator: "/"))").inserted }
        self.byLength = Dictionary(grouping: self.routes) { $0.path.count }
    }

    /// What a request leads to; the segments of `path` are decoded. What the operators' socket alone serves is there for `isLocal` requests.
    public func match(
        _ method: AdministrationRequest.Method, _ path: [String], isLocal: Bool = true
    ) -> Match {
        let here = self.routes(at: path, isLocal: isLocal)
        guard !here.isEmpty else { return .unknown }
        if let route = here.first(where: { $0.method == method }) {
            return .route(route, segments: Self.segments(route.path, path))
        }
        return .methodNotAllowed(Self.methods(of: here))
    }

    /// The methods that a path has over HTTP, in the order of their names; none where nothing is there.
    public func methods(at path: [String]) -> [AdministrationRequest.Method] {
        Self.methods(of: self.routes(at: path, isLocal: false))
    }

    /// All that share the place of the most literal one.
    private func routes(at path: [String], isLocal: Bool) -> [APIRoute] {
        let candidates = (self.byLength[path.count] ?? []).filter {
            (isLocal || !$0.isLocal) && Self.fits($0.path, path)
        }
        let best = candidates.map(Self.literals).max { $0.lexicographicallyPrecedes($1) }
        return candidates.filter { Self.literals($0) == best }
    }

    private static func methods(of routes: [APIRoute]) -> [AdministrationRequest.Method] {
        Set(routes.map(\.method)).sorted { $0.rawValue < $1.rawValue }
    }

    private static func fits(_ pattern: [String], _ path: [String]) -> Bool {
        zip(pattern, path).allSatisfy { Self.name($0) != nil || $0.utf8.elementsEqual($1.utf8) }
    }

    /// 1 for each literal segment, 0 for each in braces.
    private static func literals(_ route: APIRoute) -> [Int] { route.path.map { Self.name($0) == nil ? 1 : 0 } }

    private static func segments(_ pattern: [String], _ path: [String]) -> [String: String] {
        var segments: [String: String] = [:]
        for (part, segment) in zip(pattern, path) {
            if let name = Self.name(part) { segments[name] = segment }
        }
        return segments
    }

    /// `project` of `{project}`; nil for a literal segment.
    static func name(_ segment: String) -> String? {
        guard segment.hasPrefix("{"), segment.hasSuffix("}") else { return nil }
        return String(segment.dropFirst().dropLast())
    }
}
