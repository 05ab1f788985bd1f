internal import CVips
import TidemillValue

// What looks at a pixel's neighbours: animations frame by frame, or one frame would show at the edge of the next.
extension ImageOperation {
    static let filters: [ImageOperation] = [blur, sharpen, median, edges]

    private static let blur = pages(
        "blur",
        "The image blurred (Gaussian).",
        [.optional("sigma", .number(0.01...300), .number(1.5), "How far, in pixels.")]
    ) { (pixels, a) throws(ImageError) in
        try pixels.applying("gaussblur", a.call, ["sigma": .number(a.number("sigma"))])
    }

    private static let sharpen = pages(
        "sharpen",
        "The image sharpened: lightness alone, flat areas less than edges.",
        [
            .optional("sigma", .number(0.000_001...10), .number(0.5), "How far, in pixels."),
            .optional("x1", .number(0...1_000_000), 2, "Where flat ends and jagged begins."),
            .optional("y2", .number(0...1_000_000), 10, "The most a pixel gets lighter."),
            .optional("y3", .number(0...1_000_000), 20, "The most a pixel gets darker."),
            .optional("m1", .number(0...1_000_000), 0, "How much in flat areas."),
            .optional("m2", .number(0...1_000_000), 3, "How much in jagged areas."),
        ]
    ) { (pixels, a) throws(ImageError) in
        try pixels.applying(
            "sharpen",
            a.call,
            [
                "sigma": .number(a.number("sigma")), "x1": .number(a.number("x1")), "y2": .number(a.number("y2")),
                "y3": .number(a.number("y3")), "m1": .number(a.number("m1")), "m2": .number(a.number("m2")),
            ]
        )
    }

    private static let median = pages(
        "median",
        "Specks removed: each pixel is the middle one of its neighbours.",
        [.optional("size", .integer(1...31), 3, "The side of the square of neighbours.")]
    ) { (pixels, a) throws(ImageError) in
        let size = a.integer("size")
        return try pixels.applying(
            "rank",
            a.call,
            ["width": .integer(size), "height": .integer(size), "index": .integer(size * size / 2)]
        )
    }

    private static let edges = pages("edges", "Where the image changes (Sobel).") { (pixels, a) throws(ImageError) in
        try pixels.applying("sobel", a.call)
    }
}
