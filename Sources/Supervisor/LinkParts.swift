import Domain
import IPC
import Platform

/// What two processes are given for a link: the ends of a socket pair, and between an edge and an upstream the memory that
/// they share, which is never mapped here.
///
/// Owns the descriptors until it goes; by then they were sent.
final class LinkParts {
    private let sockets: SocketPair
    private let area: OwnedDescriptor?
    /// Why there is no memory where there should be some. A link works without.
    let areaFailure: SystemError?

    init(between a: Role, and b: Role) throws(SystemError) {
        self.sockets = try SocketPair(.stream)
        guard LinkOffer.mayShareArea(a, b) else {
            self.area = nil
            self.areaFailure = nil
            return
        }
        do throws(SystemError) {
            self.area = try SharedArea.make(name: "sluice-bodies", size: WireLimits.bodyArea)
            self.areaFailure = nil
        } catch {
            self.area = nil
            self.areaFailure = error
        }
    }

    /// For the one process.
    var first: [Int32] { [self.sockets.first.number] + self.shared }
    /// For the other.
    var second: [Int32] { [self.sockets.second.number] + self.shared }

    private var shared: [Int32] {
        switch self.area {
        case .some(let area): [area.number]
        case nil: []
        }
    }
}
