import Resilience
import Testing

@Suite struct KeySetTests {
    @Test func holdsWhatWasPutIn() {
        var keys = KeySet()
        #expect(keys.isEmpty)
        keys.insert(0)
        keys.insert(63)
        keys.insert(64)
        keys.insert(255)
        #expect((0...255).filter { keys.contains(UInt8($0)) } == [0, 63])
    }
}
