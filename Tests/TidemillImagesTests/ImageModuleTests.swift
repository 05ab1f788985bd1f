import Synchronization
import Testing
import Tidemill
import TidemillScripting
import TidemillTesting
import TidemillValue

@testable import TidemillImages

/// `require "image"` in whole pipelines.
@Suite(.timeLimit(.minutes(5)))
struct ImageModuleTests {
    private func run(
        _ scripts: [String],
        _ values: [Value],
        _ settings: StageSettings = StageSettings(),
        memory: Int = 64 << 20,
        limits: ImageLimits = ImageLimits()
    ) async throws -> (values: [Value], reasons: [String]) {
        let (sink, letters) = (CollectingSink(), CollectingSink())
        let stages = try scripts.enumerated().map { index, source in
            try PipelineNode.script(
                "stage\(index)",
                source: "local image = require 'image'; " + source,
                settings,
                memory: memory,
                modules: [.image(limits)]
            )
        }
        _ = try await runPipeline(
            [.source("in", ScriptedSource(values: values))] + stages + [.sink("out", sink)],
            deadLetters: letters
        )
        return (sink.values, letters.values.compactMap { $0["error"]?["message"]?.text })
    }

    private func file(_ name: String) throws -> Value { .object(Blob(try Samples.named(name).bytes)) }

    @Test func aThumbnailIsWhatTheOperationsGive() async throws {
        let script = "return function(v) return image.thumbnail(v, 64):encode('png') end"
        let found = try await run([script], [file("jpeg"), .string(Samples.named("jpeg").bytes)])
        let image = try Samples.named("jpeg").load()
        let thumbnail = try ImageOperation.run("thumbnail", image, [.value(64)]).image
        let expected = try ImageOperation.run("encode", thumbnail, [.value("png")]).bytes
        #expect(found.values.map(\.content) == [expected, expected])
    }

    @Test func imagesCrossStagesAsTheyAre() async throws {
        let stages = [
            "return function(v) return {image = image.load(v), name = 'a'} end",
            "return function(v) v.small = v.image:resize(0.5); return v end",
            """
            return function(v)
              assert(v.image.width == 211 and v.image.height == 157 and v.image.format == 'jpeg')
              assert(v.small.width == 106 and v.small.bands == 3 and v.small.format == nil and v.name == 'a')
              assert(tostring(v.small):find('^image of 106 x '), tostring(v.small))
              return v.image
            end
            """,
        ]
        let found = try await run(stages, [file("jpeg")])
        #expect(found.reasons == [])
        let image = try #require(found.values.first?.object as? ImageObject).image
        #expect(image.isDecoded && image.format == .jpeg)
    }

    @Test func pixelsInLua() async throws {
        let script = """
            return function(v)
              local rows = {}
              for y = 1, 4 do rows[y] = {y * 10, 300, -5, y * 20, 0.6, 255} end
              local made = image.from_rows(rows, 3)
              assert(made.width == 2 and made.height == 4 and made.bands == 3)
              local row = made:row(3)
              local same = image.from_bytes(made:bytes(), 2, 4, 3)
              assert(same:equal(made) and made:bytes():sub(1, 1) == string.char(10))
              assert(not pcall(made.row, made, 5) and not pcall(image.from_rows, {{1, 2}, {1}}, 1))
              return row
            end
            """
        let found = try await run([script], [1])
        #expect(found.reasons == [])
        #expect(found.values == [[30, 255, 0, 60, 1, 255]])
    }

    @Test(arguments: [
        ("return image.load(v):resize(0.5)", "the image is damaged"),
        ("return image.load('no image')", "not an image that is allowed"),
        ("return image.load(v):blur('much')", "blur: sigma is a number"),
        ("return image.load(v):blur{sigmar = 2}", "blur has no sigmar"),
        ("return image.resize(7, 2)", "an image expected"),
        ("return image.read('/etc/passwd')", "not granted"),
        ("return image.new(2000, 2000)", "max_pixels"),
        ("return image.new(100, 100):resize(15)", "max_pixels"),
    ])
    func whatGoesWrongIsSaid(body: String, reason: String) async throws {
        let whole = try Samples.named("jpeg").bytes
        let damaged = Value.object(Blob(whole.slice(0..<whole.count / 2)))
        let found = try await run(
            ["return function(v) \(body) end"],
            [damaged],
            limits: ImageLimits(maxPixels: 1_000_000)
        )
        #expect(found.values == [] && found.reasons.count == 1)
        #expect(found.reasons.first?.contains(reason) == true, "\(found.reasons)")
        #expect(found.reasons.first?.hasPrefix("stage0:1: ") == true, "the place in the script")
    }

    /// Garbage makes room; what a script keeps does not, and then memory is out.
    @Test func pixelsCountAsMemory() async throws {
        let many = "return function(v) for i = 1, 50 do image.new(500, 500, {0, 0, i}) end return v end"
        #expect(try await run([many], [1], memory: 3 << 20).values == [1])
        let kept = "local k = {}; return function(v) for i = 1, 50 do k[i] = image.new(500, 500, {0, 0, i}) end end"
        #expect(try await run([kept], [1], memory: 3 << 20).reasons.first?.contains("not enough memory") == true)
    }

    /// A photo that would not fit decoded has a thumbnail all the same.
    @Test func aThumbnailOfWhatWouldNotFit() async throws {
        let large = try ImageOperation.run("new", nil, [.value(3_000), .value(2_000), .value("#336699")]).image
        let file = try #require(try ImageOperation.run("encode", large, [.value("jpeg")]).bytes)
        let script = "return function(v) return image.thumbnail(v, 100).width end"
        #expect(try await run([script], [.object(Blob(file))], memory: 4 << 20).values == [100])
        let whole = "return function(v) return image.load(v):invert() end"
        let refused = try await run([whole], [.object(Blob(file))], memory: 4 << 20)
        #expect(refused.reasons.first?.contains("takes 18000000 bytes decoded, and 4194304 are allowed") == true)
    }

    @Test func aTimeoutStopsAnOperation() async throws {
        var settings = StageSettings()
        settings.timeout = .milliseconds(50)
        let script = "return function(v) return image.new(6000, 6000, {1, 2, 3}):blur(8) end"
        let found = try await run([script], [1], settings, memory: 1 << 30)
        #expect(found.values == [] && found.reasons.count == 1)
        #expect(found.reasons.first?.contains("timeout") == true, "\(found.reasons)")
    }

    @Test func aReplayHasTheImageAgain() async throws {
        let archived = try Samples.named("tiff-float").load()
        let object = ArchivedObject(type: "image", contents: try archived.archived().bytes)
        let script = "return function(v) return {v.width, v:bytes()} end"
        let found = try await run([script], [.object(object)])
        #expect(found.reasons == [])
        #expect(found.values.first?[0] == .integer(Int64(archived.width)))
        #expect(found.values.first?[1]?.content == (try archived.samples()))
    }
}

extension ImageOperation {
    fileprivate static func run(
        _ name: String,
        _ image: Image?,
        _ arguments: [ImageArgument]
    ) throws -> ImageResult {
        try #require(named(name)).run(image, arguments: ImageArguments(arguments))
    }
}
