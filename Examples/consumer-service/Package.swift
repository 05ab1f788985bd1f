// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "consumer-service",
    dependencies: [
        // In a package of your own: .package(url: "https://…/tidemill", …, traits: ["NATS"])
        .package(name: "tidemill", path: "../..", traits: ["NATS"]),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    ],
    targets: [
        .executableTarget(
            name: "consumer-service",
            dependencies: [
                .product(name: "Tidemill", package: "tidemill"),
                .product(name: "TidemillNATS", package: "tidemill"),
                .product(name: "TidemillScripting", package: "tidemill"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .executableTarget(
            name: "orders",
            dependencies: [
                .product(name: "Tidemill", package: "tidemill"),
                .product(name: "TidemillNATS", package: "tidemill"),
            ]
        ),
    ]
)
