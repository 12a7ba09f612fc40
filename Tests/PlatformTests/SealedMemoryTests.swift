import Glibc
import Platform
import Testing

@Suite struct SealedMemoryTests {
    @Test func nobodyCanChangeIt() throws {
        let memory = try SealedMemory.make(name: "test", bytes: [1, 2, 3])
        #expect(SealedMemory.isSealed(memory.number))
        #expect(unsafe pwrite(memory.number, [9], 1, 0) == -1)
        #expect(ftruncate(memory.number, 0) == -1)
        #expect(try SealedMemory.read(memory.number, limit: 3) == [1, 2, 3])
        // Twice: reading moves nothing.
        #expect(try SealedMemory.read(memory.number, limit: 3) == [1, 2, 3])
    }

    @Test func tooMuchIsRefused() throws {
        let memory = try SealedMemory.make(name: "test", bytes: [1, 2, 3])
        let failure = #expect(throws: SystemError.self) { try SealedMemory.read(memory.number, limit: 2) }
        #expect(failure?.code == EFBIG)
    }

    @Test func whatIsNotSealedIsRefused() throws {
        let file = OwnedDescriptor(adopting: unsafe open("/dev/null", O_RDONLY | O_CLOEXEC))
        #expect(!SealedMemory.isSealed(file.number))
        let failure = #expect(throws: SystemError.self) { try SealedMemory.read(file.number, limit: 2) }
        #expect(failure?.code == EPERM)
    }

    @Test func emptyIsFine() throws {
        let memory = try SealedMemory.make(name: "test", bytes: [])
        #expect(try SealedMemory.read(memory.number, limit: 0) == [])
    }
}
