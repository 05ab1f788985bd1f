import Foundation
import Testing
import TidemillValue

@testable import TidemillImages

/// Every operation that is libvips' gives the very samples that its command line gives.
@Suite struct OperationParityTests {
    /// A call of ours and the same on the command line, as steps of which each may name results of earlier ones by
    /// their number.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var arguments: [Value] = []
        var others: [String] = []
        let steps: [[String]]
        var on: [String] = ["png", "jpeg", "png-alpha", "png-16"]
        var testDescription: String { "\(name) \(arguments)" }
    }

    static let cases: [Case] = [
        Case(
            name: "thumbnail",
            arguments: [100, ["height": 80, "crop": "centre"]],
            steps: [["thumbnail", "in", "out", "100", "--height", "80", "--crop", "centre"]]
        ),
        Case(
            name: "thumbnail",
            arguments: [64, ["crop": "attention"]],
            steps: [["thumbnail", "in", "out", "64", "--crop", "attention"]]
        ),
        Case(
            name: "thumbnail",
            arguments: [64, ["crop": "entropy"]],
            steps: [["thumbnail", "in", "out", "64", "--crop", "entropy"]]
        ),
        Case(
            name: "thumbnail",
            arguments: [300, 50, ["size": "force"]],
            steps: [["thumbnail", "in", "out", "300", "--height", "50", "--size", "force"]]
        ),
        Case(
            name: "thumbnail",
            arguments: [300, ["size": "down"]],
            steps: [["thumbnail", "in", "out", "300", "--size", "down"]]
        ),
        Case(
            name: "thumbnail",
            arguments: [77, ["linear": true]],
            steps: [["thumbnail", "in", "out", "77", "--linear"]]
        ),
        Case(name: "resize", arguments: [0.37], steps: [["resize", "in", "out", "0.37"]]),
        Case(
            name: "resize",
            arguments: [1.7, ["vscale": 0.6, "kernel": "cubic"]],
            steps: [["resize", "in", "out", "1.7", "--vscale", "0.6", "--kernel", "cubic"]]
        ),
        Case(
            name: "crop",
            arguments: [10, 20, 100, 90],
            steps: [["extract_area", "in", "out", "10", "20", "100", "90"]]
        ),
        Case(name: "smart_crop", arguments: [80, 60], steps: [["smartcrop", "in", "out", "80", "60"]]),
        Case(
            name: "smart_crop",
            arguments: [80, 60, "entropy"],
            steps: [["smartcrop", "in", "out", "80", "60", "--interesting", "entropy"]]
        ),
        Case(name: "rotate", arguments: [90], steps: [["rot", "in", "out", "d90"]]),
        Case(name: "rotate", arguments: [-90], steps: [["rot", "in", "out", "d270"]]),
        Case(name: "rotate", arguments: [180], steps: [["rot", "in", "out", "d180"]]),
        Case(
            name: "rotate",
            arguments: [17.5, ["background": [9, 80, 200]]],
            steps: [["rotate", "in", "out", "17.5", "--background", "9 80 200"]],
            on: ["png", "jpeg"]
        ),
        Case(name: "flip", arguments: ["horizontal"], steps: [["flip", "in", "out", "horizontal"]]),
        Case(name: "flip", arguments: ["vertical"], steps: [["flip", "in", "out", "vertical"]]),
        Case(name: "auto_orient", steps: [["autorot", "in", "out"]], on: (1...8).map { "jpeg-orientation-\($0)" }),
        Case(
            name: "pad",
            arguments: [300, 250, "south-east", ["extend": "mirror"]],
            steps: [["gravity", "in", "out", "south-east", "300", "250", "--extend", "mirror"]]
        ),
        Case(
            name: "pad",
            arguments: [300, 250, ["background": [1, 2, 3]]],
            steps: [
                ["gravity", "in", "out", "centre", "300", "250", "--extend", "background", "--background", "1 2 3"]
            ],
            on: ["png", "jpeg"]
        ),
        Case(
            name: "embed",
            arguments: [-20, 30, 200, 222, ["extend": "repeat"]],
            steps: [["embed", "--extend=repeat", "--", "in", "out", "-20", "30", "200", "222"]]
        ),
        Case(name: "replicate", arguments: [3, 2], steps: [["replicate", "in", "out", "3", "2"]]),
        Case(
            name: "grayscale",
            steps: [["colourspace", "in", "out", "b-w"]],
            on: ["png", "jpeg", "png-alpha", "jpeg-cmyk"]
        ),
        Case(
            name: "to_srgb",
            steps: [["colourspace", "in", "out", "srgb"]],
            on: ["png", "png-16", "tiff-float", "tiff-lab", "jpeg-grey", "tiff-16"]
        ),
        Case(name: "colourspace", arguments: ["lab"], steps: [["colourspace", "in", "out", "lab"]]),
        Case(name: "colourspace", arguments: ["hsv"], steps: [["colourspace", "in", "out", "hsv"]]),
        Case(
            name: "gamma",
            arguments: [1.8],
            steps: [["gamma", "in", "out", "--exponent", "1.8"]],
            on: ["png", "jpeg", "png-16"]
        ),
        Case(
            name: "gamma",
            arguments: [1.8],
            steps: [
                ["extract_band", "in", "r1", "0", "--n", "3"], ["gamma", "r1", "r2", "--exponent", "1.8"],
                ["extract_band", "in", "r3", "3"], ["bandjoin", "r2 r3", "out"],
            ],
            on: ["png-alpha"]
        ),
        Case(
            name: "brightness",
            arguments: [1.3],
            steps: [["linear", "in", "out", "1.3 1.3 1.3", "0 0 0", "--uchar"]],
            on: ["png", "jpeg"]
        ),
        Case(
            name: "brightness",
            arguments: [0.7],
            steps: [["linear", "in", "r1", "0.7 0.7 0.7", "0 0 0"], ["cast", "r1", "out", "ushort"]],
            on: ["png-16"]
        ),
        Case(
            name: "contrast",
            arguments: [1.5],
            steps: [["linear", "--uchar", "--", "in", "out", "1.5 1.5 1.5 1", "-63.75 -63.75 -63.75 0"]],
            on: ["png-alpha"]
        ),
        Case(
            name: "modulate",
            arguments: [1.1, 0.5, 30],
            steps: [
                ["colourspace", "in", "r1", "lch"], ["linear", "r1", "r2", "1.1 0.5 1", "0 0 30"],
                ["colourspace", "r2", "out", "srgb", "--source-space", "lch"],
            ],
            on: ["png", "jpeg"]
        ),
        Case(
            name: "threshold",
            arguments: [100],
            steps: [
                ["colourspace", "in", "r1", "b-w"], ["extract_band", "r1", "r2", "0"],
                ["relational_const", "r2", "out", "moreeq", "100"],
            ],
            on: ["png", "png-alpha"]
        ),
        Case(name: "invert", steps: [["invert", "in", "out"]], on: ["png", "jpeg", "png-16"]),
        Case(
            name: "flatten",
            arguments: [["background": [10, 200, 30]]],
            steps: [["flatten", "in", "out", "--background", "10 200 30"]],
            on: ["png-alpha", "webp-alpha"]
        ),
        Case(name: "blur", arguments: [3.5], steps: [["gaussblur", "in", "out", "3.5"]]),
        Case(
            name: "sharpen",
            arguments: [1.2, ["m2": 5]],
            steps: [["sharpen", "in", "out", "--sigma", "1.2", "--m2", "5"]]
        ),
        Case(name: "median", arguments: [5], steps: [["rank", "in", "out", "5", "5", "12"]]),
        Case(name: "edges", steps: [["sobel", "in", "out"]]),
        Case(name: "extract_band", arguments: [1, 2], steps: [["extract_band", "in", "out", "1", "--n", "2"]]),
        Case(name: "join_bands", others: ["jpeg"], steps: [["bandjoin", "in other", "out"]], on: ["png", "jpeg"]),
        Case(name: "add_alpha", steps: [["bandjoin_const", "in", "out", "255"]], on: ["png", "jpeg"]),
        Case(name: "cast", arguments: ["float"], steps: [["cast", "in", "out", "float"]]),
        Case(
            name: "composite",
            arguments: [["x": 15, "y": -5, "mode": "multiply"]],
            others: ["png-alpha"],
            steps: [["composite2", "in", "other", "out", "multiply", "--x", "15", "--y=-5"]],
            on: ["png", "jpeg"]
        ),
        Case(
            name: "composite",
            arguments: [["gravity": "centre", "opacity": 0.4]],
            others: ["webp-alpha"],
            steps: [
                ["linear", "other", "r1", "1 1 1 0.4", "0 0 0 0", "--uchar"],
                ["composite2", "in", "r1", "out", "over", "--x", "0", "--y", "0"],
            ],
            on: ["png", "jpeg"]
        ),
        Case(
            name: "join",
            arguments: [["columns": 2, "spacing": 7, "background": [5, 6, 7]]],
            others: ["jpeg", "webp"],
            steps: [["arrayjoin", "in other other2", "out", "--across", "2", "--shim", "7", "--background", "5 6 7"]],
            on: ["png", "gif"]
        ),
        Case(
            name: "difference",
            others: ["jpeg"],
            steps: [["subtract", "in", "other", "r1"], ["abs", "r1", "r2"], ["cast", "r2", "out", "uchar"]],
            on: ["png", "webp"]
        ),
    ]

    @Test(arguments: cases) func equalsTheCommandLine(_ test: Case) throws {
        for name in test.on {
            let sample = try Samples.named(name)
            let others = try test.others.map { try Samples.named($0) }
            // Named options come last, as scripts give them.
            let images: [ImageArgument] = try others.map { .image(try $0.load()) }
            let ours = try ImageOperation.run(test.name, sample.load(), images + test.arguments.map { .value($0) })
                .image
            let theirs = try run(test.steps, sample, others)
            try expectSame(ours, theirs, "\(test.name) of \(name)")
        }
    }

    private func run(_ steps: [[String]], _ sample: Sample, _ others: [Sample]) throws -> String {
        var files = ["in": sample.argument]
        for (index, other) in others.enumerated() { files[index == 0 ? "other" : "other\(index + 1)"] = other.argument }
        for step in steps {
            let operation = step[0]
            let arguments = step.dropFirst().map { argument in
                argument.split(separator: " ").allSatisfy { files[String($0)] != nil || isOutput(String($0)) }
                    ? argument.split(separator: " ").map { file(String($0), &files) }.joined(separator: " ") : argument
            }
            try VipsCommand.run([operation] + arguments)
        }
        return files["out"] ?? ""
    }

    private func isOutput(_ name: String) -> Bool { name == "out" || ["r1", "r2", "r3"].contains(name) }

    private func file(_ name: String, _ files: inout [String: String]) -> String {
        if let known = files[name] { return known }
        let made = VipsCommand.file(".v")
        files[name] = made
        return made
    }
}

/// Expects the samples of an image to be those of a file in libvips' own format.
func expectSame(_ image: Image?, _ file: String, _ what: String, sourceLocation: SourceLocation = #_sourceLocation)
    throws
{
    let image = try #require(image, sourceLocation: sourceLocation)
    let header = image.header
    let theirs = try VipsCommand.header(file)
    #expect(
        [header.width, header.height, header.bands] == Array(theirs.prefix(3)),
        "\(what)",
        sourceLocation: sourceLocation
    )
    guard [header.width, header.height, header.bands] == Array(theirs.prefix(3)) else { return }
    let same = try image.samples() == VipsCommand.samples(file, count: header.bytes)
    #expect(same, "\(what) differs", sourceLocation: sourceLocation)
}
