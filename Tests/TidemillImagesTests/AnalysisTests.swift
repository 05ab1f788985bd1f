import Foundation
import Testing
import TidemillValue

@testable import TidemillImages

/// What is computed here rather than by libvips.
@Suite struct AnalysisTests {
    private func hash(_ image: Image, _ kind: String) throws -> String {
        try #require(try ImageOperation.run("hash", image, [.value(.string(Bytes(kind)))]).value?.text)
    }

    private func distance(_ one: String, _ two: String) throws -> Int64 {
        try #require(
            try ImageOperation.run("hash_distance", nil, [.value(.string(Bytes(one))), .value(.string(Bytes(two)))])
                .value?.integer
        )
    }

    @Test(arguments: ["dhash", "phash"]) func hashesOfTheSamePictureAreAlike(_ kind: String) throws {
        let image = try Samples.named("png").load()
        let own = try hash(image, kind)
        #expect(own.utf8.count == 16)
        #expect(try hash(image, kind) == own)
        let small = try #require(try ImageOperation.run("resize", image, [.value(0.5)]).image)
        #expect(try distance(own, hash(small, kind)) <= 6)
        #expect(try distance(own, hash(Samples.named("jpeg").load(), kind)) <= 6)
        let other = Image(try Samples.photograph(width: 211, height: 157, seed: 77))
        #expect(try distance(own, hash(other, kind)) >= 12)
        #expect(try distance(own, own) == 0)
    }

    @Test func hashOfAGradientIsKnown() throws {
        // Each row falls from left to right: every pixel is lighter than its right neighbour.
        let samples = (0..<8).flatMap { _ in (0..<9).map { UInt8(240 - $0 * 20) } }
        let image = try Image.make(samples: Bytes(samples), width: 9, height: 8, bands: 1)
        #expect(try hash(image, "dhash") == "ffffffffffffffff")
        let flipped = try #require(try ImageOperation.run("flip", image, [.value("horizontal")]).image)
        #expect(try hash(flipped, "dhash") == "0000000000000000")
    }

    @Test func blurhashOfOneColourIsKnown() throws {
        // Of the public algorithm: size flag, no waves, the colour in base 83, and waves of zero (fQ).
        let red = try #require(try ImageOperation.run("new", nil, [.value(32), .value(32), .value("#ff0000")]).image)
        #expect(try ImageOperation.run("blurhash", red, [.value(1), .value(1)]).value?.text == "00TI:j")
        let photo = try Samples.named("png").load()
        let text = try #require(try ImageOperation.run("blurhash", photo).value?.text)
        #expect(text.utf8.count == 4 + 2 * 4 * 3)
        #expect(text.hasPrefix("L"))
        #expect(try ImageOperation.run("blurhash", photo).value?.text == text)
    }

    @Test func coloursOfStripesAreFound() throws {
        let stripes: [(UInt8, UInt8, UInt8)] = [(255, 0, 0), (255, 0, 0), (0, 0, 255), (0, 255, 0)]
        let samples = (0..<40).flatMap { row in
            (0..<40).flatMap { _ in [stripes[row / 10].0, stripes[row / 10].1, stripes[row / 10].2] }
        }
        let image = try Image.make(samples: Bytes(samples), width: 40, height: 40, bands: 3)
        let found = try #require(try ImageOperation.run("dominant_colours", image).value?.elements)
        #expect(found.count == 3)
        #expect(found.first == ["colour": "#ff0000", "share": .number(0.5)])
        #expect(Set(found.compactMap { $0["colour"]?.text }) == ["#ff0000", "#0000ff", "#00ff00"])
        #expect(try ImageOperation.run("average_colour", image).value == "#804040")
    }

    @Test func comparingSaysHowFar() throws {
        let image = try #require(try ImageOperation.run("new", nil, [.value(10), .value(10), .value(100)]).image)
        let other = try #require(try ImageOperation.run("new", nil, [.value(10), .value(10), .value(107)]).image)
        #expect(
            try ImageOperation.run("compare", image, [.image(other)]).value == [
                "mean": .number(7), "max": .number(7), "equal": false,
            ]
        )
        #expect(try ImageOperation.run("compare", image, [.image(image)]).value?["equal"] == true)
        #expect(try ImageOperation.run("equal", image, [.image(other)]).value == false)
        #expect(try ImageOperation.run("equal", image, [.image(image)]).value == true)
    }

    @Test func watermarksShowWhereTheyAreWanted() throws {
        let black = try #require(try ImageOperation.run("new", nil, [.value(300), .value(200)]).image)
        let options: Value = ["gravity": "south-east", "margin": 12, "opacity": 1.0, "size": 40]
        let marked = try #require(try ImageOperation.run("watermark", black, [.value("mill"), .value(options)]).image)
        #expect(marked.bands == 3)
        func maximum(_ x: Int64, _ y: Int64, _ width: Int64, _ height: Int64) throws -> Double? {
            let part = try ImageOperation.run("crop", marked, [x, y, width, height].map { .value(.integer($0)) }).image
            return try ImageOperation.run("statistics", part).value?[0]?["max"]?.number
        }
        #expect(try maximum(150, 100, 150, 100) == 255)
        #expect(try maximum(0, 0, 150, 100) == 0)
        #expect(try maximum(288, 0, 12, 200) == 0)
        let faint = try ImageOperation.run("watermark", black, [.value("mill"), .value(["opacity": 0.5])]).image
        let most = try #require(try ImageOperation.run("statistics", faint).value?[0]?["max"]?.number)
        #expect((120...132).contains(most))
    }

    @Test func textWithoutFontsIsAnError() async {
        await #expect(processExitsWith: .success) {
            let file = VipsCommand.file(".conf")
            do {
                try Data("<fontconfig></fontconfig>".utf8).write(to: URL(filePath: file))
                setenv("FONTCONFIG_FILE", file, 1)
                _ = try ImageOperation.run("text", nil, [.value("hello")])
                exit(3)
            } catch let error as ImageError {
                exit(error.kind == .unavailable && error.reason.contains("fonts-dejavu-core") ? 0 : 4)
            }
        }
    }
}
