internal import CVips
import TidemillValue

extension ImageParameter {
    static let anySize = Kind.integer(1...65_500)
    static let anyPlace = Kind.integer(-1_000_000...1_000_000)

    fileprivate static let loading: [ImageParameter] = [
        .optional("pages", .integer(-1...100_000), 1, "How many pages are read; -1 reads all."),
        .optional("page", .integer(0...99_999), 0, "The first of them, counted from 0."),
        .optional(
            "fail_on",
            .choice(DamagePolicy.allCases.map(\.rawValue)),
            "truncated",
            "From which damage on a file is refused."
        ),
    ]
}

extension BoundArguments {
    fileprivate var loading: ImageLoading {
        ImageLoading(
            page: integer("page"),
            pages: integer("pages"),
            failOn: DamagePolicy(rawValue: text("fail_on")) ?? .truncated
        )
    }
}

// Images from bytes and back.
extension ImageOperation {
    static let files: [ImageOperation] = [load, probe, fromBytes, new, toBytes, encode, metadata]

    private static let load = source(
        "load",
        "The image of a file's bytes; it is decoded when its pixels are needed.",
        [.required("bytes", .bytes, "The file.")] + ImageParameter.loading
    ) { (a) throws(ImageError) in
        try Image.load(a.bytes("bytes"), a.loading, call: a.call)
    }

    private static let probe = function(
        "probe",
        "What the header of a file says: format, width, height, pages, bands, has_alpha, orientation, space.",
        [.required("bytes", .bytes, "The file.")] + ImageParameter.loading
    ) { (a) throws(ImageError) in
        let file = try ImageFile(a.bytes("bytes"), a.loading, a.call)
        return .table(Metadata.description(of: file.header, format: file.format))
    }

    private static let fromBytes = source(
        "from_bytes",
        "An image of samples, row by row.",
        [
            .required("bytes", .bytes, "The samples, in the machine's byte order."),
            .required("width", ImageParameter.anySize, "Pixels in a row."),
            .required("height", ImageParameter.anySize, "Rows."),
            .required("bands", .integer(1...64), "Samples of a pixel."),
            .optional("format", .choice(["uchar", "ushort", "float"]), "uchar", "The type of a sample."),
        ]
    ) { (a) throws(ImageError) in
        try Image.make(
            samples: a.bytes("bytes"),
            width: a.integer("width"),
            height: a.integer("height"),
            bands: a.integer("bands"),
            format: a.text("format"),
            call: a.call
        )
    }

    private static let new = source(
        "new",
        "An image of one colour.",
        [
            .required("width", ImageParameter.anySize, "Pixels in a row."),
            .required("height", ImageParameter.anySize, "Rows."),
            .optional("colour", .colour, "black", "The colour, which also says how many bands there are."),
        ]
    ) { (a) throws(ImageError) in
        Image(try Pixels.canvas(a.integer("width"), a.integer("height"), a.colour("colour").parts, a.call))
    }

    private static let toBytes = bytes("bytes", "The samples, row by row and page by page.") {
        (image, a) throws(ImageError) in
        try image.samples(call: a.call)
    }

    private static let encode = bytes(
        "encode",
        "The image as a file.",
        [.required("format", .choice(ImageFormat.allCases.map(\.rawValue)), "The file's format.")] + Encoding.parameters
    ) { (image, a) throws(ImageError) in
        guard let format = ImageFormat(rawValue: a.text("format")) else {
            throw ImageError(.argument, "no such format")
        }
        return try Encoding(format, a).encode(try image.pixels(a.call), a.call)
    }

    private static let metadata = value(
        "metadata",
        "What the header and the fields of metadata say, EXIF included."
    ) { (image, a) throws(ImageError) in
        if let file = image.file {
            return try file.withFields({ Metadata.value(of: $0, header: image.header, format: file.format) }, a.call)
        }
        return Metadata.value(of: try image.pixels(a.call), header: image.header, format: nil)
    }
}

extension Pixels {
    /// An image of one colour, 8 bits a sample.
    static func canvas(_ width: Int, _ height: Int, _ colour: [Double], _ call: ImageCall) throws(ImageError) -> Pixels
    {
        try call.limits.check(
            "the image",
            width: width,
            pageHeight: height,
            pages: 1,
            bytes: ImageLimits.product(ImageLimits.product(width, height), colour.count)
        )
        let black = try VipsCall(
            "black",
            ["width": .integer(width), "height": .integer(height), "bands": .integer(colour.count)]
        )
        .image(call)
        let filled = try black.applying(
            "linear",
            call,
            ["a": .numbers([1]), "b": .numbers(colour), "uchar": .boolean(true)]
        )
        let space = colour.count < 3 ? "b-w" : colour.count < 5 ? "srgb" : "multiband"
        return try filled.applying("copy", call, ["interpretation": .text(space)])
    }
}
