internal import TidemillValue

/// An operation on images, as scripts and programs call it by its name.
public struct ImageOperation: Sendable {
    /// What an operation gives.
    public enum Result: String, Sendable {
        /// Another image.
        case image
        /// A number, a text or a table.
        case value
        /// A string of bytes.
        case bytes
    }

    /// The name.
    public let name: String
    /// What it does, in one line.
    public let help: String
    /// Whether it works on an image; else it makes or reads one.
    public let takesImage: Bool
    /// What it gives.
    public let result: Result
    /// The parameters, in the order of arguments by place.
    public let parameters: [ImageParameter]

    private let body: @Sendable (Image?, BoundArguments) throws(ImageError) -> ImageResult

    private init(
        _ name: String,
        _ help: String,
        takesImage: Bool,
        _ result: Result,
        _ parameters: [ImageParameter],
        _ body: @escaping @Sendable (Image?, BoundArguments) throws(ImageError) -> ImageResult
    ) {
        self.name = name
        self.help = help
        self.takesImage = takesImage
        self.result = result
        self.parameters = parameters
        self.body = body
    }

    /// Runs the operation.
    ///
    /// - Throws: ``ImageError``: of the kind `argument` where the call was wrong, `stopped` where it was asked to stop.
    public func run(
        _ image: Image?,
        arguments: ImageArguments = ImageArguments(),
        call: ImageCall = ImageCall()
    ) throws(ImageError) -> ImageResult {
        if takesImage, image == nil { throw ImageError(.argument, "\(name) works on an image, and got none") }
        let bound = try BoundArguments(arguments, of: self, call)
        try call.check()
        do throws(ImageError) { return try body(image, bound) } catch {
            throw error.reason.hasPrefix(name) ? error : ImageError(error.kind, "\(name): \(error.reason)")
        }
    }
}

// How the table is written.
extension ImageOperation {
    /// An operation that makes an image's pixels into others.
    static func pixels(
        _ name: String,
        _ help: String,
        _ parameters: [ImageParameter] = [],
        _ body: @escaping @Sendable (Pixels, BoundArguments) throws(ImageError) -> Pixels
    ) -> ImageOperation {
        image(name, help, parameters) { (image, arguments) throws(ImageError) in
            Image(try body(try image.pixels(arguments.call), arguments))
        }
    }

    /// The same, page by page.
    static func pages(
        _ name: String,
        _ help: String,
        _ parameters: [ImageParameter] = [],
        _ body: @escaping @Sendable (Pixels, BoundArguments) throws(ImageError) -> Pixels
    ) -> ImageOperation {
        pixels(name, help, parameters) { (pixels, arguments) throws(ImageError) in
            try pixels.mappingPages(arguments.call) { (page) throws(ImageError) in try body(page, arguments) }
        }
    }

    /// An operation on an image, whatever it gives.
    private static func onImage(
        _ name: String,
        _ help: String,
        _ result: Result,
        _ parameters: [ImageParameter],
        _ body: @escaping @Sendable (Image, BoundArguments) throws(ImageError) -> ImageResult
    ) -> ImageOperation {
        ImageOperation(name, help, takesImage: true, result, parameters) { (image, arguments) throws(ImageError) in
            guard let image else { throw ImageError(.argument, "no image") }
            return try body(image, arguments)
        }
    }

    /// An operation on an image that gives one.
    static func image(
        _ name: String,
        _ help: String,
        _ parameters: [ImageParameter] = [],
        _ body: @escaping @Sendable (Image, BoundArguments) throws(ImageError) -> Image
    ) -> ImageOperation {
        onImage(name, help, .image, parameters) { (image, arguments) throws(ImageError) in
            .image(try body(image, arguments))
        }
    }

    /// An operation that makes an image of no other.
    static func source(
        _ name: String,
        _ help: String,
        _ parameters: [ImageParameter] = [],
        _ body: @escaping @Sendable (BoundArguments) throws(ImageError) -> Image
    ) -> ImageOperation {
        ImageOperation(name, help, takesImage: false, .image, parameters) { (_, arguments) throws(ImageError) in
            .image(try body(arguments))
        }
    }

    /// An operation that says something of an image.
    static func value(
        _ name: String,
        _ help: String,
        _ parameters: [ImageParameter] = [],
        _ body: @escaping @Sendable (Image, BoundArguments) throws(ImageError) -> Value
    ) -> ImageOperation {
        onImage(name, help, .value, parameters) { (image, arguments) throws(ImageError) in
            .value(try body(image, arguments))
        }
    }

    /// An operation that says something of its arguments alone.
    static func function(
        _ name: String,
        _ help: String,
        _ parameters: [ImageParameter],
        _ body: @escaping @Sendable (BoundArguments) throws(ImageError) -> Value
    ) -> ImageOperation {
        ImageOperation(name, help, takesImage: false, .value, parameters) { (_, arguments) throws(ImageError) in
            .value(try body(arguments))
        }
    }

    /// An operation that makes bytes of an image.
    static func bytes(
        _ name: String,
        _ help: String,
        _ parameters: [ImageParameter] = [],
        _ body: @escaping @Sendable (Image, BoundArguments) throws(ImageError) -> Bytes
    ) -> ImageOperation {
        onImage(name, help, .bytes, parameters) { (image, arguments) throws(ImageError) in
            .bytes(try body(image, arguments))
        }
    }
}

extension ImageOperation {
    /// All operations.
    public static let all: [ImageOperation] =
        files + geometry + composition + colour + filters + bands + comparison + statistics + fingerprints

    /// The operation of that name.
    public static func named(_ name: String) -> ImageOperation? { byName[name] }

    private static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}
