import Synchronization
import Testing
import TidemillValue

@testable import TidemillImages

/// A call that is asked to stop stops on its way.
@Suite struct StopTests {
    /// Answers yes from the n-th time on that it is asked.
    private final class Stop: Sendable {
        private let count = Atomic(0)
        private let limit: Int
        init(at limit: Int) { self.limit = limit }
        var polls: Int { count.load(ordering: .relaxed) }
        var call: ImageCall { ImageCall(isAsked: { self.count.add(1, ordering: .relaxed).newValue >= self.limit }) }
    }

    static let operations: [(String, [ImageArgument])] = [
        ("blur", [.value(2)]), ("rotate", [.value(90)]), ("rotate", [.value(10)]), ("resize", [.value(.number(0.5))]),
        ("invert", []), ("statistics", []), ("histogram", []), ("smart_crop", [.value(500), .value(500)]),
        ("thumbnail", [.value(800)]), ("sharpen", []), ("encode", [.value("jpeg")]), ("encode", [.value("png")]),
        ("encode", [.value("tiff")]), ("encode", [.value("webp")]), ("encode", [.value("avif")]), ("bytes", []),
    ]

    @Test(arguments: operations.indices) func stopsOnItsWay(_ index: Int) throws {
        let (name, arguments) = Self.operations[index]
        // bytes alone computes nothing on pixels that are there; a file has to be decoded for it.
        let operation = try #require(ImageOperation.named(name))
        // libvips computes on a thread of its own and asks on ours: where ours gets no turn, it is asked less often
        // than there would be reason to, and the operation may even end first. So it is tried more than once.
        var wasStopped = false
        for _ in 0..<50 where !wasStopped {
            let stop = Stop(at: 6)
            // bytes alone computes nothing on pixels that are there; a file has to be decoded for it.
            let image = name == "bytes" ? try Image.load(Self.file) : Self.image
            do throws(ImageError) {
                _ = try operation.run(image, arguments: ImageArguments(arguments), call: stop.call)
                #expect(stop.polls < 6, "\(name) went on")
            } catch {
                #expect(error.kind == .stopped, "\(name): \(error)")
                wasStopped = true
            }
        }
        #expect(wasStopped, "\(name)")
        // The image is as good as before.
        #expect(
            try ImageOperation.run("crop", Self.image, [.value(0), .value(0), .value(8), .value(8)]).image?.width == 8
        )
    }

    @Test func whatIsLargeStopsInTheMiddle() throws {
        let image = try #require(
            try ImageOperation.run("new", nil, [.value(9_900), .value(9_900), .value(0)]).image
        )
        let stop = Stop(at: 100)
        let began = ContinuousClock.now
        let error = try #require(throws: ImageError.self) {
            try ImageOperation.run("blur", image, [.value(20)], call: stop.call)
        }
        #expect(error.kind == .stopped)
        // No more than what was under way when it was asked.
        #expect(stop.polls < 120)
        #expect(ContinuousClock.now - began < .seconds(20))
    }

    @Test func whoStopsBeforeItBeginsComputesNothing() throws {
        let stop = Stop(at: 1)
        for operation in ImageOperation.all
        where operation.takesImage && operation.parameters.allSatisfy({ !$0.isRequired }) {
            let error = #expect(throws: ImageError.self) { try operation.run(Self.image, call: stop.call) }
            #expect(error?.kind == .stopped, "\(operation.name)")
        }
    }

    @Test func aStoppedDecodeLeavesTheFile() throws {
        let image = try Image.load(Self.file)
        #expect(throws: ImageError.self) { try image.samples(call: Stop(at: 1).call) }
        #expect(!image.isDecoded)
        let samples = try image.samples()
        #expect(image.isDecoded)
        #expect(image.footprint > samples.count)
    }

    private static let image: Image = {
        guard let pixels = try? Samples.photograph(width: 1_200, height: 1_500) else {
            preconditionFailure("no photograph")
        }
        return Image(pixels)
    }()

    private static let file: Bytes = {
        guard let bytes = try? ImageOperation.run("encode", image, [.value("png"), .value(["effort": 1])]).bytes else {
            preconditionFailure("no file")
        }
        return bytes
    }()
}
