// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "embedding",
    dependencies: [
        .package(name: "tidemill", path: "../.."),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    ],
    targets: [
        .executableTarget(
            name: "embedding",
            dependencies: [
                .product(name: "Tidemill", package: "tidemill"),
                .product(name: "TidemillScripting", package: "tidemill"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .executableTarget(
            name: "pool",
            dependencies: [
                .product(name: "Tidemill", package: "tidemill"),
                .product(name: "TidemillTesting", package: "tidemill"),
            ]
        ),
    ]
)
