/// A client's connection, or one of the streams on it, as whoever has a list of them sees it: something that is asked for its
/// patience now and then, and that ends when the edge does.
///
/// Lives on the event loop.
protocol ClientConnection: AnyObject {
    /// Index in the list; -1: in none. The list's own.
    var place: Int { get set }

    /// Ends what has taken too long; `now` in nanoseconds of the event loop's clock. To be called every second or so.
    func tick(now: UInt64)
    /// Takes no further request.
    func drain()
    /// Ends what still runs with an error.
    func endDraining()
    /// The process ends: settles what has begun.
    func giveUp()
}
