import Foundation
import TestSupport
import Testing

/// The pipelines of `Examples/images`, as their page runs them.
@Suite(.timeLimit(.minutes(10)))
struct ImageExampleTests {
    private struct Pair: Decodable, Hashable {
        let photo: String
        let like: String
    }

    @Test func fromPhotosToDuplicates() async throws {
        let images = try Pattern(example: "images")
        let photos = try await images.run("photos.json")
        #expect(photos.status == 0 && photos.books == "taken 24 + emitted 4 = delivered 28", "\(photos.errors)")

        let sizes = try await images.run("sizes.json")
        #expect(sizes.books == "taken 24 + emitted 72 = delivered 74 + filtered 22", "\(sizes.errors)")
        let small = try images.output("sizes/small/photo-00.jpg")
        #expect(small.starts(with: [0xFF, 0xD8]) && small.count < 20_000)
        #expect(try images.output("sheets/sheet-02.jpg").count > 5_000)

        let marked = try await images.run("watermark.json")
        #expect(marked.books == "taken 24 + emitted 0 = delivered 24", "\(marked.errors)")

        let duplicates = try await images.run("duplicates.json")
        let pairs = try duplicates.values(Pair.self)
        let expected = [5, 11, 17, 23].map { number in
            Pair(photo: name(number), like: name(number - 3))
        }
        #expect(pairs == expected, "\(duplicates.errors)")

        let filtered = try await images.run("ppm.json")
        #expect(filtered.books == "taken 4 + emitted 0 = delivered 4", "\(filtered.errors)")
        let before = try images.output("ppm/photo-00.ppm")
        let after = try images.output("filtered/photo-00.ppm")
        #expect(before.count == after.count && before != after && after.starts(with: Data("P6\n64 48\n255\n".utf8)))
    }

    private func name(_ number: Int) -> String { "photo-\(number < 10 ? "0" : "")\(number).jpg" }
}
