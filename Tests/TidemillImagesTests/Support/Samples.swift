import CVips
import Foundation
import Testing
import TidemillValue

@testable import TidemillImages

/// An image file that was made for the tests.
struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let path: String
    let bytes: Bytes
    let format: ImageFormat
    let pages: Int

    var testDescription: String { name }
    /// The file for the command line, which reads all of its pages if there are several.
    var argument: String { pages > 1 ? "\(path)[n=-1]" : path }

    func load(_ call: ImageCall = ImageCall()) throws -> Image {
        try Image.load(bytes, ImageLoading(pages: pages > 1 ? -1 : 1), call: call)
    }
}

/// Synthetic photographs in all formats, depths, colour spaces and orientations.
enum Samples {
    static let all: [Sample] = (try? make()) ?? []
    static let names: [String] = all.map(\.name)

    static func named(_ name: String) throws -> Sample {
        guard let sample = all.first(where: { $0.name == name }) else {
            throw VipsCommand.Failure(description: "no sample \(name)")
        }
        return sample
    }

    private static let call = ImageCall()

    private static func make() throws -> [Sample] {
        let photo = try photograph(width: 211, height: 157)
        let alpha = try VipsCall("bandjoin", ["in": .images([photo, try zone(211, 157)])]).image(call)
        let grey = try photo.applying("colourspace", call, ["space": .text("b-w")])
        let deep = try photo.applying("colourspace", call, ["space": .text("rgb16")])
        let float = try photo.applying("colourspace", call, ["space": .text("scrgb")])
        let cmyk = try photo.applying("colourspace", call, ["space": .text("cmyk")])
        let lab = try photo.applying("colourspace", call, ["space": .text("lab")])
        let animation = try frames(6)
        var samples = try [
            save("jpeg", photo, .jpeg, ["Q": .integer(90)]), save("jpeg-grey", grey, .jpeg),
            save("jpeg-progressive", photo, .jpeg, ["interlace": .boolean(true)]), save("jpeg-cmyk", cmyk, .jpeg),
            save("jpeg-fine", photo, .jpeg, ["subsample-mode": .text("off"), "Q": .integer(95)]),
            save("png", photo, .png), save("png-alpha", alpha, .png), save("png-grey", grey, .png),
            save("png-16", deep, .png), save("png-interlaced", photo, .png, ["interlace": .boolean(true)]),
            save("png-palette", photo, .png, ["palette": .boolean(true)]),
            save("png-1-bit", grey, .png, ["palette": .boolean(true), "bitdepth": .integer(1)]),
            save("png-grey-16", try grey.applying("colourspace", call, ["space": .text("grey16")]), .png),
            save("webp", photo, .webp), save("webp-alpha", alpha, .webp),
            save("webp-lossless", alpha, .webp, ["lossless": .boolean(true)]),
            save("webp-animated", animation, .webp, pages: 6), save("gif", photo, .gif), save("gif-alpha", alpha, .gif),
            save("gif-animated", animation, .gif, pages: 6), save("tiff", photo, .tiff),
            save("tiff-16", deep, .tiff, ["compression": .text("lzw")]), save("tiff-float", float, .tiff),
            save("tiff-cmyk", cmyk, .tiff), save("tiff-lab", lab, .tiff), save("tiff-alpha", alpha, .tiff),
            save(
                "tiff-1-bit",
                try grey.applying("relational_const", call, ["relational": .text("more"), "c": .numbers([128])]),
                .tiff,
                ["bitdepth": .integer(1)]
            ),
            save("tiff-jpeg", photo, .tiff, ["compression": .text("jpeg")]),
            save("tiff-big", photo, .tiff, ["bigtiff": .boolean(true)]),
            save(
                "tiff-tiles",
                photo,
                .tiff,
                ["tile": .boolean(true), "tile-width": .integer(64), "tile-height": .integer(64)]
            ),
            save("tiff-pages", animation, .tiff, pages: 6),
            save("avif", photo, .avif, ["compression": .text("av1"), "effort": .integer(1)]),
            save("avif-alpha", alpha, .avif, ["compression": .text("av1"), "effort": .integer(1)]),
        ]
        for orientation in 1...8 {
            let turned = try photo.changing { tide_image_set_integer($0, "orientation", Int64(orientation)) }
            samples.append(try save("jpeg-orientation-\(orientation)", turned, .jpeg))
        }
        return samples
    }

    private static func save(
        _ name: String,
        _ pixels: Pixels,
        _ format: ImageFormat,
        _ settings: VipsCall.Settings = [:],
        pages: Int = 1
    ) throws -> Sample {
        let vips = try VipsCall(format.saver, ["in": .image(pixels)])
        for (name, setting) in settings { vips.set(name, setting) }
        let bytes = try vips.bytes(call)
        let path = VipsCommand.folder.appending(path: "\(name).\(format.rawValue)").path
        try Data([UInt8](bytes)).write(to: URL(filePath: path))
        return Sample(name: name, path: path, bytes: bytes, format: format, pages: pages)
    }

    /// Clouds, cells, noise and letters in colours: edges, gradients and grain as photographs have them.
    static func photograph(width: Int, height: Int, seed: Int = 1) throws -> Pixels {
        let size: VipsCall.Settings = ["width": .integer(width), "height": .integer(height)]
        func layer(_ operation: String, _ more: VipsCall.Settings) throws -> Pixels {
            let vips = try VipsCall(operation, size)
            for (name, setting) in more { vips.set(name, setting) }
            return try vips.image(call)
        }
        let clouds = try layer("perlin", ["cell-size": .integer(64), "uchar": .boolean(true), "seed": .integer(seed)])
        let cells = try layer("worley", ["cell-size": .integer(40), "seed": .integer(seed + 1)])
            .applying("linear", call, ["a": .numbers([6]), "b": .numbers([0]), "uchar": .boolean(true)])
        let noise = try layer("gaussnoise", ["mean": .number(128), "sigma": .number(25), "seed": .integer(seed + 2)])
            .applying("cast", call, ["format": .text("uchar")])
        let joined = try VipsCall("bandjoin", ["in": .images([clouds, cells, noise])]).image(call)
        return try joined.applying("copy", call, ["interpretation": .text("srgb")])
    }

    private static func zone(_ width: Int, _ height: Int) throws -> Pixels {
        try VipsCall("zone", ["width": .integer(width), "height": .integer(height), "uchar": .boolean(true)]).image(
            call
        )
    }

    private static func frames(_ count: Int) throws -> Pixels {
        var frames: [Pixels] = []
        for index in 0..<count { frames.append(try photograph(width: 90, height: 70, seed: 20 + index)) }
        let joined = try VipsCall("arrayjoin", ["in": .images(frames), "across": .integer(1)]).image(call)
        return try joined.changing { copy in
            tide_image_set_integer(copy, "page-height", 70)
            tide_image_set_integer(copy, "loop", 3)
            tide_image_set_integers(copy, "delay", [40, 80, 120, 160, 200, 240], 6)
        }
    }
}

extension ImageOperation {
    /// Runs an operation by its name.
    static func run(
        _ name: String,
        _ image: Image? = nil,
        _ arguments: [ImageArgument] = [],
        call: ImageCall = ImageCall()
    ) throws -> ImageResult {
        guard let operation = named(name) else { throw VipsCommand.Failure(description: "no operation \(name)") }
        return try operation.run(image, arguments: ImageArguments(arguments), call: call)
    }
}
