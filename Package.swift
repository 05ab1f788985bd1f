// swift-tools-version:6.2
import PackageDescription

/// Settings of every Swift target; each is the language mode's or a proposal's own name.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
]

let package = Package(
    name: "tidemill",
    products: [
        .library(name: "Tidemill", targets: ["Tidemill"]),
        .library(name: "TidemillScripting", targets: ["TidemillScripting"]),
        .library(name: "TidemillConnectors", targets: ["TidemillConnectors"]),
        .library(name: "TidemillImages", targets: ["TidemillImages"]),
        .library(name: "TidemillBroker", targets: ["TidemillBroker"]),
        .library(name: "TidemillQueue", targets: ["TidemillQueue"]),
        .library(name: "TidemillNATS", targets: ["TidemillNATS"]),
        .library(name: "TidemillRedis", targets: ["TidemillRedis"]),
        .library(name: "TidemillTesting", targets: ["TidemillTesting"]),
        .executable(name: "tidemill", targets: ["TidemillCommand"]),
    ],
    traits: [
        .default(enabledTraits: ["Images", "NATS", "Redis"]),
        .trait(name: "Images", description: "Images in scripts and stages, by way of libvips (at run time only)."),
        .trait(name: "NATS", description: "Sources and sinks for NATS JetStream, by way of libnats."),
        .trait(name: "Redis", description: "Sources and sinks for Redis Streams, by way of hiredis."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.2.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
    ],
    targets: [
        // The flat encoding of a value and its JSON text: plain C, shared by the engine and the Lua wall.
        .target(name: "CValue"),
        .target(name: "TidemillValue", dependencies: ["CValue"], swiftSettings: settings),

        // The Lua wall: the library, the C that may raise, yield or jump, and Swift over it.
        .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
        .target(name: "CLuaHost", dependencies: ["CLua", "CValue"]),
        .target(name: "TidemillLua", dependencies: ["CLuaHost", "CValue"], swiftSettings: settings),

        // Images: libvips, opened when the first image needs it, and the operations that Tidemill has on it.
        .target(name: "CVips"),
        .target(
            name: "TidemillImages",
            dependencies: ["CVips", "TidemillValue", "Tidemill", "TidemillScripting"],
            swiftSettings: settings
        ),

        // The engine and the public API; it knows no Lua, no file and no server.
        .target(
            name: "Tidemill",
            dependencies: [
                "TidemillValue",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "TidemillScripting",
            dependencies: [
                "Tidemill", "TidemillLua",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
            ],
            swiftSettings: settings
        ),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(
            name: "TidemillConnectors",
            dependencies: [
                "Tidemill", "TidemillValue", "CZlib", "CZstd",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),

        // Message brokers: what all of them have in common, and a target for each.
        .target(
            name: "TidemillBroker",
            dependencies: [
                "Tidemill", "TidemillValue",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: settings
        ),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(
            name: "TidemillQueue",
            dependencies: [
                "TidemillBroker", "Tidemill", "TidemillValue", "CSQLite",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .systemLibrary(name: "CNATS", pkgConfig: "libnats", providers: [.apt(["libnats-dev"])]),
        .target(
            name: "TidemillNATS",
            dependencies: [
                "TidemillBroker", "Tidemill", "TidemillValue", "CNATS",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(
            name: "TidemillRedis",
            dependencies: [
                "TidemillBroker", "Tidemill", "TidemillValue", "CHiredis", "COpenSSL",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "TidemillTesting",
            dependencies: ["Tidemill", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "TidemillCommand",
            dependencies: [
                "Tidemill", "TidemillScripting", "TidemillConnectors", "TidemillBroker", "TidemillQueue",
                .target(name: "TidemillImages", condition: .when(traits: ["Images"])),
                .target(name: "TidemillNATS", condition: .when(traits: ["NATS"])),
                .target(name: "TidemillRedis", condition: .when(traits: ["Redis"])),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        // What `make bench` measures inside one process; not for users.
        .executableTarget(
            name: "tidemill-bench",
            dependencies: [
                "Tidemill", "TidemillScripting", "TidemillLua", "TidemillBroker", "TidemillQueue",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Benchmarks/programs",
            swiftSettings: settings
        ),

        .testTarget(name: "TidemillValueTests", dependencies: ["TidemillValue"], swiftSettings: settings),
        .testTarget(name: "TidemillLuaTests", dependencies: ["TidemillLua"], swiftSettings: settings),
        .testTarget(
            name: "TidemillImagesTests",
            dependencies: [
                "TidemillImages", "TidemillValue", "CVips", "Tidemill", "TidemillScripting", "TidemillTesting",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TidemillTests",
            dependencies: [
                "Tidemill", "TidemillTesting",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TidemillScriptingTests",
            dependencies: ["TidemillScripting", "TidemillTesting"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TidemillConnectorsTests",
            dependencies: [
                "TidemillConnectors", "TidemillTesting", "Tidemill", "TidemillValue", "CZlib", "CZstd",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        // What tests of several targets need: commands and servers that they start, folders that go with them.
        .target(
            name: "TestSupport",
            dependencies: ["TidemillTesting"],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .testTarget(
            name: "TidemillBrokerTests",
            dependencies: [
                "TidemillBroker", "Tidemill", "TidemillTesting",
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TidemillQueueTests",
            dependencies: ["TidemillQueue", "TidemillBroker", "Tidemill", "TidemillTesting", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TidemillNATSTests",
            dependencies: [
                "TidemillNATS", "TidemillBroker", "TidemillScripting", "Tidemill", "TidemillTesting", "TestSupport",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TidemillRedisTests",
            dependencies: [
                "TidemillRedis", "TidemillBroker", "TidemillScripting", "Tidemill", "TidemillTesting", "TestSupport",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TidemillCommandTests",
            dependencies: ["TidemillCommand", "Tidemill", "TidemillTesting", "TestSupport"],
            swiftSettings: settings
        ),
    ]
)
