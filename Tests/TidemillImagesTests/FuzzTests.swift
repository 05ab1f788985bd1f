import Foundation
import Testing
import TidemillValue

@testable import TidemillImages

/// Random operations on damaged images: whatever happens is a result or an error.
///
/// TIDEMILL_FUZZ_SECONDS says for how long, TIDEMILL_FUZZ_SEED begins elsewhere; a failure names its seed.
@Suite struct FuzzTests {
    @Test func randomCallsEnd() throws {
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["TIDEMILL_FUZZ_SECONDS"].flatMap { Double($0) } ?? 3
        var seed = environment["TIDEMILL_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
        let end = ContinuousClock.now + .seconds(seconds)
        var results = 0
        while ContinuousClock.now < end {
            results += Self.round(seed)
            seed += 1
        }
        #expect(results > 0)
    }

    /// How many calls of a round gave something.
    private static func round(_ seed: UInt64) -> Int {
        var random = Random(seed: seed)
        guard let sample = Samples.all.randomElement(using: &random) else { return 0 }
        var bytes = [UInt8](sample.bytes)
        for _ in 0..<Int(random.next() % 4) {
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        }
        if random.next() % 8 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
        let limits = ImageLimits(maxPixels: 400_000, maxDimension: 4_000)
        let loading = ImageLoading(
            pages: random.next() % 2 == 0 ? 1 : -1,
            failOn: DamagePolicy.allCases.randomElement(using: &random) ?? .none
        )
        guard var image = try? Image.load(Bytes(bytes), loading, call: ImageCall(limits: limits)) else { return 0 }
        var results = 0
        for _ in 0..<6 {
            guard let operation = ImageOperation.all.randomElement(using: &random) else { break }
            var arguments: [(name: String, argument: ImageArgument)] = []
            for parameter in operation.parameters where parameter.isRequired || random.next() % 2 == 0 {
                arguments.append((name: parameter.name, argument: argument(parameter.kind, image, &random)))
            }
            let polls = Int(random.next() % 200)
            let counter = Countdown(polls)
            var call = ImageCall(limits: limits)
            if random.next() % 4 == 0 { call.isAsked = { counter.isOver() } }
            let result = try? operation.run(image, arguments: ImageArguments([], named: arguments), call: call)
            guard let result else { continue }
            results += 1
            image = result.image ?? image
        }
        return results
    }

    private static func argument(_ kind: ImageParameter.Kind, _ image: Image, _ random: inout Random) -> ImageArgument {
        switch kind {
        // Small numbers mostly: the large ones end at the limits.
        case .integer(let range):
            return .value(
                .integer(
                    Int64(
                        Int.random(
                            in: range.lowerBound...min(range.upperBound, max(range.lowerBound, 300)),
                            using: &random
                        )
                    )
                )
            )
        case .number(let range):
            return .value(
                .number(
                    Double.random(
                        in: range.lowerBound...min(range.upperBound, max(range.lowerBound, 20)),
                        using: &random
                    )
                )
            )
        case .boolean: return .value(.bool(Bool.random(using: &random)))
        case .text:
            let texts: [Value] = ["a", "mill & tide", "<b>x</b>", "", "ffffffffffffffff", "\u{1F600}"]
            return .value(texts.randomElement(using: &random) ?? "")
        case .choice(let choices): return .value(.string(Bytes(choices.randomElement(using: &random) ?? "")))
        case .colour:
            let colours: [Value] = ["#102030", "#10203040", 9, [1, 2, 3], [1, 2, 3, 4], [1, 2]]
            return .value(colours.randomElement(using: &random) ?? 0)
        case .numbers(let count): return .value(.array(Array(repeating: .number(2), count: count.lowerBound)))
        case .image: return .image(image)
        case .images: return .images([image, image])
        case .bytes: return .bytes(Bytes((0..<UInt8.random(in: 0...64, using: &random)).map { $0 }))
        }
    }
}

/// Says yes once it was asked often enough.
private final class Countdown: @unchecked Sendable {
    // Asked by the one thread that made it.
    private var left: Int
    init(_ count: Int) { left = count }

    func isOver() -> Bool {
        left -= 1
        return left < 0
    }
}
