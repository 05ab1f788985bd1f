import Foundation
import Testing
import TidemillValue

@testable import TidemillImages

/// Files are read, made small and written as the command line does it, to the sample and to the byte.
@Suite struct FileParityTests {
    @Test func samplesAreThere() { #expect(Samples.all.count >= 40) }

    @Test(arguments: Samples.names) func decodes(_ name: String) throws {
        let sample = try Samples.named(name)
        let image = try sample.load()
        #expect(!image.isDecoded)
        let copy = try VipsCommand.result("copy", [sample.argument])
        #expect(image.format == sample.format)
        #expect(image.pages == sample.pages)
        try expectSame(image, copy, name)
    }

    @Test(arguments: Samples.names) func makesThumbnails(_ name: String) throws {
        let sample = try Samples.named(name)
        let image = try sample.load()
        let small = try ImageOperation.run("thumbnail", image, [.value(48)]).image
        // A thumbnail is made of the file, not of decoded pixels.
        #expect(!image.isDecoded)
        try expectSame(small, try VipsCommand.result("thumbnail", [sample.argument], ["48"]), name)
        #expect(small?.pages == sample.pages)
    }

    @Test(arguments: Samples.names) func probes(_ name: String) throws {
        let sample = try Samples.named(name)
        let found = try #require(try ImageOperation.run("probe", nil, [.bytes(sample.bytes)]).value)
        let image = try sample.load()
        #expect(found["format"]?.text == sample.format.rawValue)
        #expect(found["width"]?.integer == Int64(image.width))
        #expect(found["height"]?.integer == Int64(image.height))
        #expect(found["pages"]?.integer == Int64(sample.pages))
        if name.hasSuffix("alpha") { #expect(found["has_alpha"]?.bool == true) }
        if name.hasPrefix("jpeg") { #expect(found["has_alpha"]?.bool == false) }
        if let turned = name.split(separator: "-").last.flatMap({ Int64($0) }), name.hasPrefix("jpeg-orientation") {
            #expect(found["orientation"]?.integer == turned)
        }
    }

    struct Encoding: Sendable, CustomTestStringConvertible {
        let format: String
        var options: Value = .table([])
        let saver: [String]
        var on: [String] = ["png", "png-alpha", "png-16"]
        var testDescription: String { "\(format) \(options)" }
    }

    static let encodings: [Encoding] = [
        Encoding(format: "jpeg", saver: ["jpegsave", "--strip", "--background", "255 255 255"]),
        Encoding(
            format: "jpeg",
            options: ["quality": 40, "progressive": true],
            saver: ["jpegsave", "--strip", "--background", "255 255 255", "--Q", "40", "--interlace"]
        ),
        Encoding(format: "png", saver: ["pngsave", "--strip"]),
        Encoding(
            format: "png",
            options: ["effort": 9, "progressive": true],
            saver: ["pngsave", "--strip", "--compression", "9", "--interlace"]
        ),
        Encoding(
            format: "png",
            options: ["colours": 16],
            saver: ["pngsave", "--strip", "--palette", "--bitdepth", "4"],
            on: ["png"]
        ),
        Encoding(format: "webp", saver: ["webpsave", "--strip"]),
        Encoding(
            format: "webp",
            options: ["quality": 30, "effort": 1],
            saver: ["webpsave", "--strip", "--Q", "30", "--effort", "1"]
        ),
        Encoding(format: "webp", options: ["lossless": true], saver: ["webpsave", "--strip", "--lossless"]),
        Encoding(format: "webp", saver: ["webpsave", "--strip"], on: ["gif-animated"]),
        Encoding(format: "gif", saver: ["gifsave", "--strip"]),
        Encoding(
            format: "gif",
            options: ["colours": 8, "dither": 0.5],
            saver: ["gifsave", "--strip", "--bitdepth", "3", "--dither", "0.5"]
        ),
        Encoding(format: "gif", saver: ["gifsave", "--strip"], on: ["webp-animated"]),
        Encoding(
            format: "tiff",
            saver: ["tiffsave", "--strip", "--compression", "deflate"],
            on: ["png", "png-16", "tiff-float", "tiff-pages"]
        ),
        Encoding(
            format: "avif",
            options: ["effort": 0],
            saver: ["heifsave", "--strip", "--compression", "av1", "--effort", "0", "--bitdepth", "8"],
            on: ["png", "png-alpha"]
        ),
    ]

    @Test(arguments: encodings) func encodes(_ encoding: Encoding) throws {
        for name in encoding.on {
            let sample = try Samples.named(name)
            let ours = try ImageOperation.run(
                "encode",
                sample.load(),
                [.value(.string(Bytes(encoding.format))), .value(encoding.options)]
            ).bytes
            let suffix = ["jpeg": ".jpg", "avif": ".avif"][encoding.format] ?? ".\(encoding.format)"
            let file = VipsCommand.file(suffix)
            try VipsCommand.run([encoding.saver[0], sample.argument, file] + encoding.saver.dropFirst())
            let theirs = Bytes([UInt8](try Data(contentsOf: URL(filePath: file))))
            #expect(ours == theirs, "\(encoding.format) of \(name)")
        }
    }

    @Test func statisticsEqualTheCommandLines() throws {
        let sample = try Samples.named("png")
        let values = try #require(try ImageOperation.run("statistics", sample.load()).value?.elements)
        #expect(values.count == 3)
        for (band, value) in values.enumerated() {
            let file = try VipsCommand.result("extract_band", [sample.path], ["\(band)"])
            for (key, operation) in [("mean", "avg"), ("deviation", "deviate"), ("min", "min"), ("max", "max")] {
                let text = try VipsCommand.run([operation, file]).split(separator: "\n").first.map { String($0) }
                let number = try #require(text.flatMap { Double($0) })
                #expect(abs((value[key]?.number ?? -1) - number) < 1e-4, "\(key) of band \(band)")
            }
        }
    }

    @Test func histogramEqualsTheCommandLines() throws {
        let sample = try Samples.named("png")
        let values = try #require(try ImageOperation.run("histogram", sample.load()).value?.elements)
        let file = try VipsCommand.result("hist_find", [sample.path])
        let theirs = try [UInt8](VipsCommand.samples(file, count: 256 * 3 * 4))
        for (band, counts) in values.enumerated() {
            let ours = try #require(counts.elements).map { $0.integer ?? -1 }
            #expect(
                ours
                    == (0..<256).map { level in
                        Int64(
                            theirs.withUnsafeBytes {
                                $0.loadUnaligned(fromByteOffset: (level * 3 + band) * 4, as: UInt32.self)
                            }
                        )
                    }
            )
        }
    }

    @Test func textEqualsTheCommandLines() throws {
        let ours = try ImageOperation.run(
            "text",
            nil,
            [.value("Tide & <mill>"), .value(["font": "DejaVu Sans", "size": 30])]
        ).image
        let mask = try VipsCommand.result(
            "text",
            [],
            ["Tide &amp; &lt;mill&gt;", "--font", "DejaVu Sans 30.0", "--dpi", "72"]
        )
        let image = try #require(ours)
        #expect(image.bands == 4)
        let alpha = try #require(try ImageOperation.run("extract_band", image, [.value(3)]).image)
        try expectSame(alpha, mask, "text")
    }
}
