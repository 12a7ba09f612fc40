// swift-tools-version: 6.3
import Foundation
import PackageDescription

// One set of settings for every target. `SLUICE_CI=1` turns warnings of our own targets into errors;
// `SLUICE_TEST_HOOKS=1` compiles the fault hooks the end-to-end tests use, which a release build never has.
let environment = ProcessInfo.processInfo.environment
let warningsAreErrors = environment["SLUICE_CI"] == "1"
let testHooks = environment["SLUICE_TEST_HOOKS"] == "1"

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .strictMemorySafety(),
    ]
    + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])
    + (testHooks ? [.define("SLUICE_TEST_HOOKS")] : [])

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHPACK = Target.Dependency.product(name: "NIOHPACK", package: "swift-nio-http2")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let swiftLog = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/Programs/\(name)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "sluice",
    products: [
        .executable(name: "sluice", targets: ["sluice"]),
        .executable(name: "sluice-supervisor", targets: ["sluice-supervisor"]),
        .executable(name: "sluice-edge", targets: ["sluice-edge"]),
        .executable(name: "sluice-upstream", targets: ["sluice-upstream"]),
        .executable(name: "sluice-aggregator", targets: ["sluice-aggregator"]),
        .executable(name: "sluice-control", targets: ["sluice-control"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        // C libraries, thin: each is imported by one module only.
        .target(name: "CLinux", cSettings: testHooks ? [.define("SLUICE_TEST_HOOKS")] : []),
        .target(name: "CJournal"),
        .target(name: "CLimits"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),

        // Vocabulary and pure logic.
        module("Domain"),
        module("IPC", ["Domain"]),
        module("JSON", ["CSimdJSON", "Domain"]),
        module("Dialects", ["Domain", "JSON"]),
        module("Routing", ["Domain"]),
        module("Resilience", ["Domain"]),
        module("Configuration", ["Domain", "Cryptography", "JSON", yams]),
        module("Catalogue", ["Domain", "JSON"]),
        module("Reconciliation", ["Domain", "JSON"]),
        module("Cryptography", ["Domain", "COpenSSL"]),

        // Services.
        module("Platform", ["CLinux"]),
        module("EventLog", ["Domain", "Platform", swiftLog]),
        module("Journal", ["Domain", "Platform", "CJournal"]),
        module("Limits", ["Domain", "Platform", "Resilience", "CLimits"]),
        module("Metrics", ["Domain", "IPC", "Platform"]),
        module("IPCEpoll", ["IPC", "Metrics", "Platform"]),
        module("IPCNIO", ["IPC", "Metrics", nioCore]),
        module("HTTPClient", ["Platform", "CCurl"]),
        module("Database", ["CSQLite", "CPostgres", "Domain", "Platform"]),
        module("KeyValue", ["CLMDB", "Platform"]),
        module("Identity", ["KeyValue", "Domain", "Cryptography"]),
        module(
            "Administration",
            [
                "Domain", "JSON", "Cryptography", "Database", "KeyValue", "Identity", "UsageStore", "Platform",
                "EventLog", "Limits",
            ]),
        module("UsageStore", ["Domain", "Database", "Journal"]),
        module("WorkerRuntime", ["Domain", "IPC", "Metrics", "Platform", "EventLog"]),

        // Roles: none imports another.
        module("Supervisor", ["Domain", "IPC", "Metrics", "Platform", "EventLog"]),
        module(
            "EdgeWorker",
            [
                "Domain", "IPC", "IPCNIO", "JSON", "Dialects", "Routing", "Cryptography", "Platform", "EventLog",
                "WorkerRuntime", "Journal", "Identity", "KeyValue", "Limits", "Metrics",
                nioCore, nioPosix, nioHTTP1, nioHTTP2, nioHPACK, nioSSL, nioTLS,
            ]),
        module(
            "UpstreamWorker",
            [
                "Domain", "IPC", "IPCEpoll", "JSON", "Dialects", "HTTPClient", "Journal", "Limits", "Platform",
                "EventLog",
                "Metrics", "Resilience", "WorkerRuntime",
            ]),
        module(
            "Aggregator",
            [
                "Domain", "IPC", "IPCEpoll", "Platform", "EventLog", "Journal", "Database", "UsageStore",
                "Limits", "Metrics", "WorkerRuntime",
            ]),
        module(
            "ControlPlane",
            [
                "Administration", "Catalogue", "Domain", "HTTPClient", "IPC", "IPCEpoll", "Configuration",
                "Cryptography",
                "JSON", "Metrics", "Platform", "EventLog", "UsageStore",
                "WorkerRuntime",
            ]),

        // Programs: about 20 lines each over a role.
        program(
            "sluice",
            [
                "Administration", "Catalogue", "Configuration", "Domain", "JSON", "EventLog", "Platform",
                "Reconciliation", argumentParser,
            ]),
        program("sluice-supervisor", ["Supervisor"]),
        program("sluice-edge", ["EdgeWorker"]),
        program("sluice-upstream", ["UpstreamWorker"]),
        program("sluice-aggregator", ["Aggregator"]),
        program("sluice-control", ["ControlPlane"]),

        // Writes journals from outside: the benchmark, and what the tests kill.
        .executableTarget(
            name: "journal-load", dependencies: ["Journal", "Domain", "Platform"], path: "Benchmarks/journal",
            swiftSettings: settings),
        // Works at a limit table from outside: the benchmark.
        .executableTarget(
            name: "limit-load", dependencies: ["Limits", "Domain", "Platform"], path: "Benchmarks/limits",
            swiftSettings: settings),
        // Sends streams through the translation: the benchmark, and what counts its allocations.
        .target(name: "CAllocationCount", path: "Benchmarks/CAllocationCount"),
        .executableTarget(
            name: "dialect-load", dependencies: ["Dialects", "Domain", "CAllocationCount"], path: "Benchmarks/dialects",
            swiftSettings: settings),
        // Programs that tests run and kill.
        .executableTarget(
            name: "identity-driver", dependencies: ["Identity", "Cryptography", "Domain"],
            path: "Tests/Drivers/identity-driver", swiftSettings: settings),
        .executableTarget(
            name: "limit-driver", dependencies: ["Limits", "Domain", "Platform"], path: "Tests/Drivers/limit-driver",
            swiftSettings: settings),
        .executableTarget(
            name: "sandbox-driver", dependencies: ["WorkerRuntime", "Database", "Domain", "Platform"],
            path: "Tests/Drivers/sandbox-driver", swiftSettings: settings),

        // What tests of several modules use; no program does.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        // A database of the PostgreSQL server that scripts/test starts.
        .target(
            name: "DatabaseTestSupport", dependencies: ["Database", "Domain"], path: "Tests/DatabaseTestSupport",
            swiftSettings: settings),

        // Tests mirror the modules.
        tests("Domain", ["Domain", "TestSupport"]),
        tests("IPC", ["IPC", "Domain"]),
        tests("JSON", ["JSON", "Domain"]),
        tests("Dialects", ["Dialects", "TestSupport", "Domain", "JSON"]),
        tests("Routing", ["Routing", "Domain", "TestSupport"]),
        tests("Resilience", ["Resilience", "Domain", "TestSupport"]),
        tests("Configuration", ["Configuration", "Domain", "JSON"]),
        tests("Catalogue", ["Catalogue", "Domain"]),
        tests("Reconciliation", ["Reconciliation", "Domain"]),
        tests("Cryptography", ["Cryptography", "Domain"]),
        tests("Platform", ["Platform"]),
        tests("EventLog", ["EventLog", "Domain", "Platform", swiftLog]),
        tests("Journal", ["Journal", "TestSupport", "Domain", "Platform", "CJournal", "journal-load"]),
        tests("Limits", ["Limits", "TestSupport", "Domain", "Platform", "Resilience"]),
        tests("Metrics", ["Metrics", "Domain", "Platform"]),
        tests("IPCEpoll", ["IPCEpoll", "IPC", "Domain", "Metrics", "Platform"]),
        tests("IPCNIO", ["IPCNIO", "TestSupport", "IPC", "Domain", nioCore, nioEmbedded, nioPosix]),
        tests("HTTPClient", ["HTTPClient", "TestSupport", "Platform"]),
        tests("Database", ["Database", "DatabaseTestSupport", "Domain"]),
        tests("KeyValue", ["KeyValue"]),
        tests("Identity", ["Identity", "KeyValue", "Domain", "Cryptography", "identity-driver"]),
        tests("UsageStore", ["UsageStore", "Domain", "Database", "DatabaseTestSupport", "Journal", "TestSupport"]),
        tests("WorkerRuntime", ["WorkerRuntime", "Domain", "IPC", "EventLog", "Metrics", "Platform"]),
        tests("Supervisor", ["Supervisor", "Domain", "IPC", "EventLog", "Metrics", "Platform"]),
        tests(
            "EdgeWorker",
            [
                "EdgeWorker", "Cryptography", "Domain", "IPC", "IPCNIO", "Identity", "JSON", "Journal", "Limits",
                "EventLog", "Metrics", "Platform", "TestSupport", nioCore, nioEmbedded, nioHTTP1, nioHTTP2, nioHPACK,
                nioSSL,
                nioTLS,
            ]),
        tests(
            "UpstreamWorker",
            [
                "UpstreamWorker", "Domain", "IPC", "IPCEpoll", "Dialects", "HTTPClient", "Journal", "JSON", "EventLog",
                "Limits", "Metrics", "Platform", "Resilience", "TestSupport",
            ]),
        tests(
            "Aggregator",
            [
                "Aggregator", "Domain", "IPC", "IPCEpoll", "Limits", "EventLog", "Metrics", "Platform", "Journal",
                "Database", "DatabaseTestSupport", "TestSupport", "UsageStore",
            ]),
        tests(
            "ControlPlane",
            [
                "Administration", "Catalogue", "ControlPlane", "Configuration", "Cryptography", "Database", "Domain",
                "IPC", "Identity", "IPCEpoll", "JSON", "EventLog", "Platform",
            ]),
        tests(
            "Administration",
            [
                "Administration", "Cryptography", "Database", "DatabaseTestSupport", "Domain", "Identity", "JSON",
                "Journal", "KeyValue", "Limits", "EventLog", "Platform", "Resilience", "UsageStore",
            ]),
    ],
    cxxLanguageStandard: .cxx17
)
