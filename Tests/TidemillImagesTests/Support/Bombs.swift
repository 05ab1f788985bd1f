import Foundation
import TidemillValue

@testable import TidemillImages

/// Small files whose headers claim large images, or none.
enum Bombs {
    static func all() throws -> [(String, Bytes)] {
        var bombs: [(String, Bytes)] = []
        for (width, height) in [(65_000, 65_000), (65_500, 2_000), (0, 100), (100, 0), (2_147_483_647, 2_147_483_647)] {
            bombs.append(("png \(width) × \(height)", try png(width, height)))
            bombs.append(("tiff \(width) × \(height)", tiff(width, height)))
        }
        for (width, height) in [(65_000, 65_000), (65_535, 65_535), (0, 0)] {
            bombs.append(("gif \(width) × \(height)", gif(width, height)))
        }
        bombs.append(("webp 16383 × 16383", webp(16_383, 16_383)))
        bombs.append(("jpeg 65000 × 65000", try jpeg(65_000, 65_000)))
        return bombs
    }

    private static func big(_ number: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }
    private static func little(_ number: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    /// A PNG with the size in its header replaced, and the header's checksum with it.
    private static func png(_ width: Int, _ height: Int) throws -> Bytes {
        var bytes = try [UInt8](Samples.named("png").bytes)
        bytes.replaceSubrange(16..<24, with: big(width) + big(height))
        bytes.replaceSubrange(29..<33, with: big(Int(checksum(bytes[12..<29]))))
        return Bytes(bytes)
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(0xffff_ffff as UInt32) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? (sum >> 1) ^ 0xedb8_8320 : sum >> 1 }
        }
    }

    private static func gif(_ width: Int, _ height: Int) -> Bytes {
        let size = little(width, 2) + little(height, 2)
        return Bytes(
            Array("GIF89a".utf8) + size + [0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2c, 0, 0, 0, 0] + size + [
                0, 2, 2, 0x44, 1, 0, 0x3b,
            ]
        )
    }

    private static func tiff(_ width: Int, _ height: Int) -> Bytes {
        let tags: [(Int, Int, Int)] = [
            (256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1),
            (278, 4, height), (279, 4, 100),
        ]
        let entries = tags.flatMap { little($0.0, 2) + little($0.1, 2) + little(1, 4) + little($0.2, 4) }
        return Bytes(Array("II*\0".utf8) + little(8, 4) + little(tags.count, 2) + entries + little(0, 4))
    }

    private static func webp(_ width: Int, _ height: Int) -> Bytes {
        let frame: [UInt8] =
            [0x10, 0, 0, 0x9d, 1, 0x2a] + little(width, 2) + little(height, 2) + [UInt8](repeating: 0, count: 20)
        return Bytes(
            Array("RIFF".utf8) + little(frame.count + 12, 4) + Array("WEBPVP8 ".utf8) + little(frame.count, 4) + frame
        )
    }

    /// A JPEG with the size of its first frame replaced.
    private static func jpeg(_ width: Int, _ height: Int) throws -> Bytes {
        var bytes = try [UInt8](Samples.named("jpeg").bytes)
        guard let start = bytes.indices.dropLast(10).first(where: { bytes[$0] == 0xff && bytes[$0 + 1] == 0xc0 }) else {
            return Bytes(bytes)
        }
        bytes.replaceSubrange(start + 5..<start + 9, with: Array(big(height).suffix(2) + big(width).suffix(2)))
        return Bytes(bytes)
    }
}
