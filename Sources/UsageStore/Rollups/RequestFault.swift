import Database
import Domain

/// Whose fault it is that a request ended as it did, where its SETTLE does not say so: records of an older version, and those that no
/// edge has written.
final class RequestFault {
    /// Codes of the gateway's own troubles; all other words under a status of 500 or more are the provider's, if one was called.
    private static let ofGateway: Set<[UInt8]> = Set(
        [
            "upstream_lost", "edge_lost", "gateway_unavailable", "gateway_draining", "identity_unavailable",
            "journal_full", "request_quarantined", "limit_table_full", "internal_error",
        ].map { Array($0.utf8) })
    private static let ofClient: Set<[UInt8]> = Set(["request_timeout", "cancelled"].map { Array($0.utf8) })
    private static let overloaded = Array("provider_overloaded".utf8)
    private static let maximum = 1024

    private let database: any DatabaseConnection
    private var codes: [Int64: [UInt8]] = [:]

    init(_ database: any DatabaseConnection) {
        self.database = database
    }

    /// After a transaction was undone: numbers it had given out may be free again.
    func forget() { self.codes = [:] }

    func source(of request: PendingRequest) throws(DatabaseError) -> GatewayError.Source {
        Self.source(code: try self.code(request.error), status: request.status, attempts: request.attempts)
    }

    private func code(_ number: Int64) throws(DatabaseError) -> [UInt8] {
        if number == 0 { return [] }
        if let known = self.codes[number] { return known }
        let statement = try self.database.statement("SELECT text FROM names WHERE id = $1")
        defer { statement.reset() }
        try statement.bind(1, number)
        let code = try statement.step() ? statement.bytes(0) : []
        if self.codes.count >= Self.maximum { self.codes = [:] }
        self.codes[number] = code
        return code
    }

    static func source(code: [UInt8], status: UInt16, attempts: UInt8) -> GatewayError.Source {
        let wasCalled = attempts > 0
        if code.isEmpty { return wasCalled || status < 500 ? GatewayError.Source(ofProviderStatus: status) : .gateway }
        if self.ofGateway.contains(code) { return .gateway }
        if self.ofClient.contains(code) { return .client }
        // Too many waited for the provider here, or it says so itself.
        if code == self.overloaded { return wasCalled ? .provider : .gateway }
        if code.starts(with: "provider_".utf8) { return .provider }
        guard wasCalled else { return (400..<500).contains(status) ? .client : .gateway }
        return GatewayError.Source(ofProviderStatus: status)
    }
}
