import CVips
import Testing
import TidemillValue

@testable import TidemillImages

/// Animations stay animations, and metadata goes where it is wanted.
@Suite struct AnimationTests {
    @Test(arguments: ["gif-animated", "webp-animated"]) func timesSurviveOperationsAndFormats(_ name: String) throws {
        let image = try Samples.named(name).load()
        #expect(image.pages == 6)
        #expect(image.height == 70)
        var changed = image
        for (operation, arguments) in [
            ("rotate", [ImageArgument.value(90)]), ("blur", [.value(1)]), ("resize", [.value(0.5)]), ("invert", []),
        ] {
            changed = try #require(try ImageOperation.run(operation, changed, arguments).image)
            #expect(changed.pages == 6, "\(operation)")
        }
        #expect(changed.width == 35)
        #expect(changed.height == 45)
        for format in ["gif", "webp"] {
            let bytes = try #require(try ImageOperation.run("encode", changed, [.value(.string(Bytes(format)))]).bytes)
            let again = try Image.load(bytes, ImageLoading(pages: -1))
            let metadata = try #require(try ImageOperation.run("metadata", again).value)
            #expect(metadata["pages"] == 6)
            #expect(metadata["delays"] == [40, 80, 120, 160, 200, 240], "\(format)")
            #expect(metadata["loop"] == 3)
        }
    }

    @Test func operationsOnPagesAreThoseOfEachPage() throws {
        let image = try Samples.named("tiff-pages").load()
        let turned = try #require(try ImageOperation.run("rotate", image, [.value(90)]).image)
        for index in 0..<6 {
            let page = try ImageOperation.run("frame", image, [.value(.integer(Int64(index)))]).image
            let one = try #require(try ImageOperation.run("rotate", page, [.value(90)]).image)
            let other = try #require(try ImageOperation.run("frame", turned, [.value(.integer(Int64(index)))]).image)
            #expect(try one.samples() == other.samples(), "page \(index)")
        }
    }

    @Test func stillFormatsGetTheFirstFrame() throws {
        let image = try Samples.named("gif-animated").load()
        let bytes = try #require(try ImageOperation.run("encode", image, [.value("png")]).bytes)
        let still = try Image.load(bytes)
        #expect(still.height == 70)
        let first = try #require(try ImageOperation.run("frame", image, [.value(0)]).image)
        #expect(try ImageOperation.run("equal", still, [.image(first)]).value == true)
    }

    @Test func metadataIsLeftOutUnlessItIsKept() throws {
        let image = try Samples.named("jpeg-orientation-6").load()
        let plain = try Image.load(try #require(try ImageOperation.run("encode", image, [.value("jpeg")]).bytes))
        let kept = try Image.load(
            try #require(
                try ImageOperation.run("encode", image, [.value("jpeg"), .value(["keep_metadata": true])]).bytes
            )
        )
        // What says how to turn the picture is gone, so it was turned.
        #expect((plain.width, plain.height) == (image.height, image.width))
        #expect((kept.width, kept.height) == (image.width, image.height))
        #expect(try ImageOperation.run("metadata", kept).value?["orientation"] == 6)
        #expect(try ImageOperation.run("metadata", plain).value?["orientation"] == 1)
        let fields = try #require(try ImageOperation.run("metadata", kept).value?["fields"])
        #expect(fields["exif-ifd0-Orientation"]?.text?.hasPrefix("6") == true)
    }

    @Test(arguments: Samples.names) func archivesAreLossless(_ name: String) throws {
        let sample = try Samples.named(name)
        let file = try sample.load()
        #expect(try file.archived().bytes == sample.bytes)
        // The same as pixels alone.
        let pixels = Image(try file.pixels(ImageCall()))
        let (format, bytes) = try pixels.archived()
        let restored = try Image.restore(bytes)
        #expect(restored.format == format)
        #expect(restored.pages == sample.pages)
        #expect(try restored.samples() == pixels.samples(), "\(name) as \(format)")
        #expect(restored.header.interpretation == pixels.header.interpretation, "\(name) as \(format)")
    }

    @Test func footprintCountsBytesAndPixels() throws {
        let sample = try Samples.named("png")
        let image = try sample.load()
        #expect(image.footprint == 64 + sample.bytes.count)
        _ = try image.samples()
        #expect(image.footprint == 64 + sample.bytes.count + 211 * 157 * 3)
    }
}
