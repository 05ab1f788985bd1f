import Testing
import TidemillValue

@testable import TidemillImages

/// Nothing too large is decoded or made.
@Suite struct LimitTests {
    private func failure(
        _ name: String,
        _ image: Image?,
        _ arguments: [ImageArgument],
        _ limits: ImageLimits = ImageLimits()
    ) throws -> ImageError {
        try #require(throws: ImageError.self, "\(name)") {
            try ImageOperation.run(name, image, arguments, call: ImageCall(limits: limits))
        }
    }

    @Test func filesAreMeasuredByTheirHeaders() throws {
        let file = ImageArgument.bytes(try Samples.named("png").bytes)
        let animation = ImageArgument.bytes(try Samples.named("gif-animated").bytes)
        #expect(try failure("load", nil, [file], ImageLimits(maxPixels: 1_000)).reason.contains("max_pixels is 1000"))
        #expect(
            try failure("load", nil, [file], ImageLimits(maxDimension: 200)).reason.contains("max_dimension is 200")
        )
        let small = ImageCall(limits: ImageLimits(maxBytes: 99_000))
        let image = try #require(try ImageOperation.run("load", nil, [file], call: small).image)
        let refused = try #require(throws: ImageError.self) { try image.samples(call: small) }
        #expect(refused.kind == .limit && refused.reason.contains("bytes decoded, and 99000 are allowed"))
        #expect(try ImageOperation.run("thumbnail", image, [.value(20)], call: small).image?.width == 20)
        let pages = try failure("load", nil, [animation, .value(["pages": -1])], ImageLimits(maxPages: 5))
        #expect(pages.reason.contains("has 6 pages, and max_pages is 5"))
        #expect(pages.kind == .limit)
        let pixels = try failure(
            "load",
            nil,
            [animation, .value(["pages": -1])],
            ImageLimits(maxPixels: 90 * 70 * 6 - 1)
        )
        #expect(pixels.reason.contains("90 × 70 × 6 pages"))
        _ = try ImageOperation.run("load", nil, [animation], call: ImageCall(limits: ImageLimits(maxPages: 5)))
    }

    /// In a process of its own, whose memory nobody else uses.
    @Test func resultsAreMeasuredBeforeTheyAreComputed() async {
        await #expect(processExitsWith: .success) {
            let image = try Samples.named("png").load()
            let cases: [(String, [ImageArgument])] = [
                ("resize", [.value(900)]), ("resize", [.value(200)]), ("pad", [.value(65_000), .value(65_000)]),
                ("embed", [.value(0), .value(0), .value(50_000), .value(50_000)]),
                ("replicate", [.value(10_000), .value(10_000)]), ("replicate", [.value(100), .value(100)]),
                ("thumbnail", [.value(65_000)]),
                ("thumbnail", [.value(65_500), .value(65_500), .value(["size": "force"])]),
                ("join", Array(repeating: .image(image), count: 9) + [.value(["spacing": 10_000])]),
            ]
            for (name, arguments) in cases {
                let before = ImageLibrary.memory
                let error = try LimitTests().failure(name, image, arguments)
                #expect(error.kind == .limit, "\(name): \(error)")
                #expect(error.reason.contains("max_"), "\(error)")
                #expect(ImageLibrary.memory < before + 50_000_000)
            }
        }
    }

    @Test func whatNewOperationsMakeIsMeasured() throws {
        let image = try Samples.named("png").load()
        #expect(try failure("new", nil, [.value(60_000), .value(60_000)]).kind == .limit)
        #expect(try failure("rotate", image, [.value(45)], ImageLimits(maxPixels: 211 * 157)).kind == .limit)
        #expect(try failure("cast", image, [.value("float")], ImageLimits(maxBytes: 211 * 157 * 4)).kind == .limit)
        #expect(try failure("text", nil, [.value("a"), .value(["size": 2_000, "dpi": 1_200])]).kind == .limit)
    }

    @Test func pagesOfAnAnimationCountTogether() throws {
        let image = try Samples.named("gif-animated").load()
        let error = try failure("resize", image, [.value(2)], ImageLimits(maxPixels: 90 * 70 * 6 * 3))
        #expect(error.kind == .limit)
    }

    @Test func samplesHaveToFit() throws {
        let samples = ImageArgument.bytes(Bytes([UInt8](repeating: 7, count: 12)))
        #expect(
            try ImageOperation.run("from_bytes", nil, [samples, .value(2), .value(2), .value(3)]).image?.width == 2
        )
        #expect(
            try failure("from_bytes", nil, [samples, .value(2), .value(3), .value(3)]).reason.contains(
                "is 18 bytes, not 12"
            )
        )
        #expect(
            try failure("from_bytes", nil, [samples, .value(65_500), .value(65_500), .value(64), .value("float")]).kind
                == .limit
        )
    }
}
