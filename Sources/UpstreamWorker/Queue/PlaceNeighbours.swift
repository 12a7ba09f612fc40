/// The other workers that share a provider's places with this one.
protocol PlaceNeighbours: AnyObject {
    /// Whether one of them, or this one, has requests waiting and fewer places than its part.
    var isOneShort: Bool { get }
    /// This one has. It is to be said again as long as it is so.
    func sayShort()
}
