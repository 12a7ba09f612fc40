import Administration
import Configuration
import Glibc
import Testing

@testable import ControlPlane

@Suite struct ObjectsCopyTests {
    static let records = ObjectRecords(
        number: 7,
        records: [
            ObjectRecord(
                kind: 1, name: "p", body: Array(#"{"dialect":"simulated"}"#.utf8), sealed: [1, 2, 3], created: 4, changed: 5,
                version: 6),
            ObjectRecord(kind: 2, name: "größe", body: Array("{}".utf8), sealed: nil, created: 0, changed: .max),
        ])

    @Test func aCopyIsReadBack() throws {
        let folder = try TemporaryFolder()
        try folder.makeFolder("control", mode: 0o700)
        #expect(ObjectsCopy.read(stateDirectory: folder.path) == nil)
        #expect(ObjectsCopy.write(Self.records, stateDirectory: folder.path))
        #expect(ObjectsCopy.write(Self.records, stateDirectory: folder.path))
        #expect(ObjectsCopy.read(stateDirectory: folder.path) == Self.records)
        let path = "\(folder.path)/\(ObjectsCopy.name)"
        var info = stat()
        #expect(unsafe stat(path, &info) == 0 && info.st_mode & 0o777 == 0o600)
        // Half of it is nothing.
        #expect(unsafe truncate(path, info.st_size - 1) == 0)
        #expect(ObjectsCopy.read(stateDirectory: folder.path) == nil)
        #expect(!ObjectsCopy.write(Self.records, stateDirectory: "\(folder.path)/none"))
    }

    @Test func theConfigurationInForceCarriesThem() throws {
        var (source, result) = ConfigurationSource.read(
            version: 1, file: nil, environment: EnvironmentBlock(bytes: []), workingDirectory: "/w"
        ) { (_, _) throws(BoundedFile.Failure) in throw .forbidden }
        source.objects = Self.records
        #expect(ConfigurationSource(decoding: source.encoded()) == source)
        #expect(source.again(version: 9).source.objects == Self.records)
        #expect(source.again(version: 9).result == result)
        let codec = ObjectCodec(vault: SampleVault.locked())
        // Nobody can open [1, 2, 3]: a start leaves it out, whoever had it goes on with what was in force.
        let merge = ObjectMerge.made(of: source, result, codec)
        #expect(merge.reasons[ObjectName(.provider, "p")]?.contains("cannot be opened") == true)
        #expect(throws: ObjectCodec.Unreadable.self) { try ObjectMerge.remade(of: source, result, codec) }
        result.notices = []
    }
}
