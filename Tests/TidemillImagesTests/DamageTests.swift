import Foundation
import Testing
import TidemillValue

@testable import TidemillImages

/// Damaged, hostile and mislabelled files end in a result or a clear error.
@Suite struct DamageTests {
    private static let sources = [
        "jpeg", "jpeg-progressive", "jpeg-cmyk", "png", "png-16", "png-interlaced", "png-palette", "webp", "webp-alpha",
        "webp-animated", "gif",
        "gif-animated", "tiff", "tiff-16", "tiff-float", "tiff-jpeg", "tiff-tiles", "tiff-big", "avif", "avif-alpha",
    ]

    /// The file cut at many places, and with bits turned over.
    static func damaged(_ name: String) throws -> [Bytes] {
        let bytes = try [UInt8](Samples.named(name).bytes)
        var files = [0, 1, 2, 4, 8, 12, 20, 40, 100, 300].filter { $0 < bytes.count }.map {
            Bytes(Array(bytes.prefix($0)))
        }
        for tenth in 1...9 { files.append(Bytes(Array(bytes.prefix(bytes.count * tenth / 10)))) }
        var random = Random(seed: UInt64(bytes.count))
        for _ in 0..<12 {
            var flipped = bytes
            // Half of the time in the header, where it tells more.
            let range = random.next() % 2 == 0 ? min(200, flipped.count) : flipped.count
            for _ in 0...Int(random.next() % 8) {
                flipped[Int(random.next() % UInt64(range))] ^= 1 << UInt8(random.next() % 8)
            }
            files.append(Bytes(flipped))
        }
        return files
    }

    @Test(arguments: sources) func endsInAResultOrAnError(_ name: String) throws {
        for policy in [DamagePolicy.none, .truncated] {
            for (index, file) in try Self.damaged(name).enumerated() {
                do {
                    let image = try Image.load(file, ImageLoading(pages: -1, failOn: policy))
                    _ = try ImageOperation.run("thumbnail", image, [.value(40)])
                    _ = try image.samples()
                } catch let error as ImageError {
                    #expect([.input, .limit, .failed].contains(error.kind), "\(name) \(index): \(error)")
                    #expect(!error.reason.isEmpty)
                }
            }
        }
    }

    @Test func halfAFileIsRefusedUnlessItIsWanted() throws {
        for name in ["jpeg", "png", "webp", "gif", "tiff", "avif"] {
            let bytes = try Samples.named(name).bytes
            let half = bytes.slice(0..<bytes.count / 2)
            #expect(throws: ImageError.self, "\(name)") { try Image.load(half).samples() }
        }
        let jpeg = try Samples.named("jpeg").bytes
        let grey = try Image.load(jpeg.slice(0..<jpeg.count / 2), ImageLoading(failOn: .none))
        #expect(try grey.samples().count == 211 * 157 * 3)
    }

    @Test func nothingAndOtherThingsAreRefused() throws {
        #expect(throws: ImageError(.input, "an image of no bytes")) { try Image.load(Bytes()) }
        let svg = Bytes("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"10\"/>")
        let others = [
            svg, "%PDF-1.4\n%", "P6\n1 1\n255\nabc", "#?RADIANCE\n", "hello",
            Bytes([UInt8](repeating: 0, count: 1_000)),
        ]
        for other in others {
            let error = try #require(throws: ImageError.self) { try Image.load(other) }
            #expect(error.kind == .input)
            #expect(error.reason.hasPrefix("not an image that is allowed"), "\(error)")
        }
    }

    @Test func formatsCanBeForbidden() throws {
        var call = ImageCall()
        call.limits.formats = [.png, .avif]
        #expect(throws: ImageError.self) { try Samples.named("jpeg").load(call) }
        #expect(try Samples.named("png").load(call).format == .png)
        #expect(try Samples.named("avif").load(call).format == .avif)
        call.limits.formats = [.heif]
        #expect(throws: ImageError.self) { try Samples.named("avif").load(call) }
    }

    /// Headers that claim far more than there is.
    @Test func bombsAreRefusedByTheirHeaders() throws {
        for (name, bytes) in try Bombs.all() {
            do throws(ImageError) {
                let image = try Image.load(bytes)
                _ = try image.samples()
                // A size of zero may be mended; a large one can't be true.
                #expect(image.width * image.height <= 16, "\(name) is \(image.width) × \(image.height)")
            } catch {
                #expect([.limit, .input].contains(error.kind), "\(name): \(error)")
            }
        }
    }

    /// In a process of its own, whose memory nobody else uses.
    @Test func bombsReserveNothing() async {
        await #expect(processExitsWith: .success) {
            for (_, bytes) in try Bombs.all() {
                let before = ImageLibrary.memory
                _ = try? Image.load(bytes).samples()
                if ImageLibrary.memory > before + 50_000_000 { exit(1) }
            }
            exit(0)
        }
    }

    /// In a process of its own, whose memory nobody else uses.
    @Test func damageLeaksNothing() async {
        await #expect(processExitsWith: .success) {
            let files = try ["jpeg", "png", "webp", "gif", "tiff", "avif"].flatMap { try Self.damaged($0) }
            for _ in 0..<3 { Self.read(files) }
            let before = Self.residentBytes
            for _ in 0..<8 { Self.read(files) }
            exit(Self.residentBytes - before < 20_000_000 ? 0 : 1)
        }
    }

    private static func read(_ files: [Bytes]) {
        for file in files {
            guard let image = try? Image.load(file, ImageLoading(pages: -1, failOn: .none)) else { continue }
            _ = try? ImageOperation.run("thumbnail", image, [.value(40)])
            _ = try? image.samples()
        }
    }

    private static var residentBytes: Int {
        let text = (try? String(contentsOf: URL(filePath: "/proc/self/statm"), encoding: .utf8)) ?? ""
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * 4_096
    }
}

/// A small generator whose numbers are the same everywhere (SplitMix64).
struct Random: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
