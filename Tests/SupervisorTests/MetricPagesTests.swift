import Domain
import Glibc
import Metrics
import Platform
import Testing

@testable import Supervisor

@Suite struct MetricPagesTests {
    private func seat(_ role: Role, _ index: UInt16, generation: UInt32 = 1) -> Seat {
        Seat(role: role, index: index, generation: generation)
    }

    private func reader(_ pages: MetricPages, _ index: Int) throws -> MetricPageReader {
        try MetricPageReader(OwnedDescriptor(adopting: dup(pages.entries[index].number)))
    }

    @Test func aPlaceKeepsItsPage() throws {
        let pages = MetricPages()
        let first = try pages.take(self.seat(.edge, 0))
        #expect(first.isNew && first.entry.role == .edge && first.entry.slot == 0)
        #expect(try pages.take(self.seat(.edge, 1)).isNew && pages.take(self.seat(.upstream, 0)).isNew)
        // It could not be started, and is tried again.
        #expect(try pages.take(self.seat(.edge, 0)).entry == first.entry)
        pages.began(self.seat(.edge, 0), instance: 12)
        let reader = try self.reader(pages, 0)
        #expect(reader.isInUse)
        #expect(try !self.reader(pages, 1).isInUse)
        pages.ended(self.seat(.edge, 0))
        #expect(!reader.isInUse)
        let again = try pages.take(self.seat(.edge, 0))
        #expect(!again.isNew && again.entry.number == first.entry.number && pages.entries.count == 3)
    }

    @Test func twoGenerationsHavePagesOfTheirOwnAndTheThirdTheFirsts() throws {
        let pages = MetricPages()
        let old = try pages.take(self.seat(.edge, 0)).entry
        pages.began(self.seat(.edge, 0), instance: 5)
        let new = try pages.take(self.seat(.edge, 0, generation: 2))
        #expect(new.isNew && new.entry.number != old.number)
        pages.began(self.seat(.edge, 0, generation: 2), instance: 9)
        pages.ended(self.seat(.edge, 0))
        #expect(try !self.reader(pages, 0).isInUse && self.reader(pages, 1).isInUse)
        let third = try pages.take(self.seat(.edge, 0, generation: 3))
        #expect(!third.isNew && third.entry.number == old.number)
    }

    @Test func theProgramThatReplacesThisOneHasThem() throws {
        let pages = MetricPages()
        _ = try pages.take(self.seat(.edge, 0))
        pages.began(self.seat(.edge, 0), instance: 5)
        _ = try pages.take(self.seat(.edge, 1))
        pages.ended(self.seat(.edge, 1))
        let copies = pages.entries.map {
            MetricPages.Entry(role: $0.role, slot: $0.slot, number: dup($0.number), holder: $0.holder)
        }
        let next = MetricPages(adopting: copies)
        #expect(next.entries == copies)
        #expect(try next.take(self.seat(.edge, 1)).entry.number == copies[1].number)
        #expect(try next.take(self.seat(.edge, 0, generation: 2)).isNew)
        next.ended(self.seat(.edge, 0))
        #expect(try !self.reader(next, 0).isInUse)
    }

    @Test func theTreeIsShown() {
        let page = MetricPage()
        var metrics = SupervisorMetrics(page)
        var figures = TreeFigures(quarantined: 2, isDegraded: true, version: 7)
        figures.up = [.edge: 2, .control: 0]
        figures.restarts = [.edge: 3]
        metrics.update(figures)
        metrics.missedBeat(.edge)
        metrics.noted(.reloaded(7, milliseconds: 1))
        metrics.noted(.reloadFailed("no"))
        metrics.noted(.stopped)
        metrics.beat(droppedLines: 4)
        // The program that replaces it goes on: what it knows of restarts is on the page already.
        figures.restarts = [.edge: 4]
        figures.isDegraded = false
        var next = SupervisorMetrics(page, pastRestarts: [.edge: 3])
        next.update(figures)
        let values = Dictionary(
            uniqueKeysWithValues: page.series().map { series in
                (([series.name] + series.labels.map(\.value)).joined(separator: " "), series.value)
            })
        #expect(values["sluice_process_up edge"] == .gauge(2) && values["sluice_process_up control"] == .gauge(0))
        #expect(values["sluice_process_restarts_total edge"] == .counter(4))
        #expect(values["sluice_process_restarts_total control"] == .counter(0))
        #expect(values["sluice_heartbeats_missed_total edge"] == .counter(1))
        #expect(values["sluice_configuration_reloads_total in_force"] == .counter(1))
        #expect(values["sluice_configuration_reloads_total failed"] == .counter(1))
        #expect(values["sluice_configuration_version"] == .gauge(7) && values["sluice_degraded"] == .gauge(0))
        #expect(values["sluice_requests_quarantined"] == .gauge(2))
        #expect(values["sluice_log_lines_dropped_total supervisor"] == .counter(4))
    }
}
