public import TidemillValue

/// One argument of an operation.
public enum ImageArgument: Sendable {
    /// A number, text, truth value, array or table.
    case value(Value)
    /// An image.
    case image(Image)
    /// Several images.
    case images([Image])
    /// Bytes that are no text: a file, or samples.
    case bytes(Bytes)

    /// What it is, for errors.
    var kind: String {
        switch self {
        case .image: "an image"
        case .images: "a list of images"
        case .bytes: "a string"
        case .value(.null): "nothing"
        case .value(.bool): "a boolean"
        case .value(.integer), .value(.number): "a number"
        case .value(.string): "a string"
        case .value(.record(let record)): record.isArray ? "a list" : "a table"
        case .value(.object(let object)): "a value of the type \(object.typeName)"
        }
    }
}

/// The arguments of a call: some by their place, others by name.
public struct ImageArguments: Sendable {
    /// In the order of the operation's parameters.
    public var positional: [ImageArgument]
    /// By name.
    public var named: [(name: String, argument: ImageArgument)]

    /// Arguments by place and by name; a table at the end of those by place gives names as well.
    public init(_ positional: [ImageArgument] = [], named: [(name: String, argument: ImageArgument)] = []) {
        self.positional = positional
        self.named = named
        if case .value(let last)? = positional.last, let fields = last.fields {
            self.positional.removeLast()
            self.named += fields.map { (name: $0.key, argument: ImageArgument.value($0.value)) }
        }
    }
}

/// What an operation gives.
public enum ImageResult: Sendable {
    /// Another image.
    case image(Image)
    /// A number, a text or a table.
    case value(Value)
    /// A string of bytes.
    case bytes(Bytes)

    /// The image, where it is one.
    public var image: Image? {
        if case .image(let image) = self { image } else { nil }
    }

    /// The value, where it is one.
    public var value: Value? {
        if case .value(let value) = self { value } else { nil }
    }

    /// The bytes, where it is bytes.
    public var bytes: Bytes? {
        if case .bytes(let bytes) = self { bytes } else { nil }
    }
}
