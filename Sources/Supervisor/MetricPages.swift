import Domain
import EventLog
import Metrics
import Platform

/// The metric pages of the tree. Each place has one, which stays when its process has gone and is given to the next; during an upgrade the
/// places of both generations have their own, and the older ones' are there for the generation after.
///
/// Maps none of them but the supervisor's own: what is on the others is written by their processes and read by the aggregator.
final class MetricPages {
    private final class Page {
        let role: Role
        let slot: UInt16
        let memory: OwnedDescriptor
        /// Whose process writes there.
        var holder: Seat?

        init(_ role: Role, _ slot: UInt16, _ memory: consuming OwnedDescriptor, holder: Seat?) {
            self.role = role
            self.slot = slot
            self.memory = memory
            self.holder = holder
        }
    }

    /// One page by its number, for the aggregator and for the program that replaces this one.
    struct Entry: Hashable {
        var role: Role
        var slot: UInt16
        var number: Int32
        var holder: Seat?
    }

    private var pages: [Page] = []

    init() {}

    /// Takes over what another program of this process had.
    init(adopting entries: [Entry]) {
        self.pages = entries.map { Page($0.role, $0.slot, OwnedDescriptor(adopting: $0.number), holder: $0.holder) }
    }

    /// All of them, the oldest first.
    var entries: [Entry] {
        self.pages.map { Entry(role: $0.role, slot: $0.slot, number: $0.memory.number, holder: $0.holder) }
    }

    /// The page for the process that is about to be started in the seat.
    func take(_ seat: Seat) throws(SystemError) -> (entry: Entry, isNew: Bool) {
        let free = self.pages.first {
            $0.role == seat.role && $0.slot == seat.index && [nil, seat].contains($0.holder)
        }
        let page: Page
        if let free {
            page = free
        } else {
            page = Page(seat.role, seat.index, try MetricPage.make(seat.role.label), holder: nil)
            self.pages.append(page)
        }
        page.holder = seat
        let entry = Entry(role: page.role, slot: page.slot, number: page.memory.number, holder: seat)
        return (entry, free == nil)
    }

    /// The process of the seat writes there from now on.
    func began(_ seat: Seat, instance: UInt32) {
        for page in self.pages where page.holder == seat {
            SharedArea.put(UInt64(instance), at: MetricPageLayout.instanceOffset, in: page.memory.number)
        }
    }

    /// The process of the seat has ended: its levels are worth nothing any more.
    func ended(_ seat: Seat) {
        for page in self.pages where page.holder == seat {
            SharedArea.put(0, at: MetricPageLayout.instanceOffset, in: page.memory.number)
            page.holder = nil
        }
    }
}
