import Domain
import EventLog
import IPC
import Metrics
import Platform

/// Metric pages: who counts where, and who reads it.
extension SupervisorLoop {
    private static let own = Seat(role: .supervisor, index: 0)

    /// Begins to count, or goes on where the program before has stopped.
    func openOwnPage() {
        do throws(SystemError) {
            let entry = try self.pages.take(Self.own).entry
            guard let copy = OwnedDescriptor.duplicate(of: entry.number) else {
                throw SystemError.last("fcntl(F_DUPFD)")
            }
            let past = self.isResumed ? self.machine.figures.restarts : [:]
            self.metrics = SupervisorMetrics(try MetricPage(copy), pastRestarts: past)
            self.pages.began(Self.own, instance: UInt32(bitPattern: self.processID))
        } catch {
            self.log.warning("nothing of this process is counted", ["reason": .string("\(error)")])
        }
    }

    /// The page of the process that is about to be started; nil where none can be had. Aggregators hear of a new one.
    func page(of seat: Seat) -> Int32? {
        do throws(SystemError) {
            let (entry, isNew) = try self.pages.take(seat)
            if isNew {
                for reader in self.machine.pageReaders where reader != seat { self.send(pages: [entry], to: reader) }
            }
            return entry.number
        } catch {
            self.log.warning(
                "nothing of a process is counted", ["child": .string(seat.role.label), "reason": .string("\(error)")])
            return nil
        }
    }

    /// Gives an aggregator pages to read.
    func send(pages: [MetricPages.Entry], to seat: Seat) {
        var rest = pages[...]
        while !rest.isEmpty {
            let part = rest.prefix(MetricPageOffer.limit)
            rest = rest.dropFirst(part.count)
            let offer = MetricPageOffer(pages: part.map { MetricPageOffer.Page(role: $0.role, slot: $0.slot) })
            self.send(seat, offer.frame(), part.map(\.number))
        }
    }
}

extension SupervisorMachine {
    /// The aggregators that were given the pages there were.
    var pageReaders: [Seat] {
        self.seats.filter { seat in
            guard seat.role == .aggregator, let slot = self.slots[seat] else { return false }
            return slot.isReachable && slot.state != .handshaking
        }
    }
}
