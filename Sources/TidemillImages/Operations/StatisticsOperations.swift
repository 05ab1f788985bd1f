internal import CVips
import TidemillValue

// What an image is like, in numbers.
extension ImageOperation {
    static let statistics: [ImageOperation] = [statisticsOfBands, histogram, averageColour, dominantColours]

    private static let statisticsOfBands = value(
        "statistics",
        "The min, max, mean and deviation of each band."
    ) { (image, a) throws(ImageError) in
        .array(try Statistics(of: try image.pixels(a.call), a.call).bands.map(\.value))
    }

    private static let histogram = value(
        "histogram",
        "For each band, how many samples have each of 256 intensities."
    ) { (image, a) throws(ImageError) in
        var pixels = try image.pixels(a.call)
        if pixels.header.format == "ushort" { pixels = try pixels.applying("msb", a.call) }
        if pixels.header.format != "uchar" { pixels = try pixels.applying("cast", a.call, ["format": .text("uchar")]) }
        let counts = try pixels.applying("hist_find", a.call)
        let bands = counts.header.bands
        return try counts.withSamples { samples in
            let counts = samples.bindMemory(to: UInt32.self)
            return .array(
                (0..<bands).map { band in
                    .array(
                        (0..<256).map {
                            .integer(Int64($0 * bands + band < counts.count ? counts[$0 * bands + band] : 0))
                        }
                    )
                }
            )
        }
    }

    private static let averageColour = value(
        "average_colour",
        "The mean of all pixels as `#rrggbb`."
    ) { (image, a) throws(ImageError) in
        let small = try SmallPixels(of: image, within: 256, a.call)
        return .string(Bytes(small.average.hex))
    }

    private static let dominantColours = value(
        "dominant_colours",
        "The colours that describe the image best, as tables of `colour` (`#rrggbb`) and `share`.",
        [.optional("count", .integer(1...16), 5, "How many at most.")]
    ) { (image, a) throws(ImageError) in
        let small = try SmallPixels(of: image, within: 96, a.call)
        return .array(
            Palette(of: small, count: a.integer("count")).colours.map { colour in
                .table([
                    (key: "colour", value: .string(Bytes(colour.colour.hex))),
                    (key: "share", value: .number(colour.share)),
                ])
            }
        )
    }
}
