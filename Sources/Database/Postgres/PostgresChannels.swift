/// The channels of notifications of one connection.
final class PostgresChannels {
    /// Names as they stand in SQL.
    var listened: [SQL] = []
    /// Those whose notifications may have been missed, as the link is new.
    var missed: [SQL] = []
}
