public import TidemillValue

/// A parameter of an operation: what it may be, and what it is where it isn't given.
public struct ImageParameter: Sendable {
    /// What an argument may be.
    public enum Kind: Sendable {
        /// A whole number in a range.
        case integer(ClosedRange<Int>)
        /// A number in a range.
        case number(ClosedRange<Double>)
        /// `true` or `false`.
        case boolean
        /// A string.
        case text
        /// One of these words.
        case choice([String])
        /// A number for a grey, an array of numbers for each band, `#rrggbb`, `#rrggbbaa`, `black` or `white`.
        /// Numbers are of 8 bits: 255 is full intensity, also of images with 16.
        case colour
        /// An array of so many numbers.
        case numbers(ClosedRange<Int>)
        /// An image.
        case image
        /// All the images that are left.
        case images
        /// A string of bytes.
        case bytes
    }

    /// The name, as in a table of options.
    public let name: String
    /// What an argument may be.
    public let kind: Kind
    /// What counts where there is no argument.
    public let standard: Value?
    /// Whether there has to be an argument.
    public let isRequired: Bool
    /// What it does, in one line.
    public let help: String

    private init(_ name: String, _ kind: Kind, _ standard: Value?, required: Bool, _ help: String) {
        self.name = name
        self.kind = kind
        self.standard = standard
        self.isRequired = required
        self.help = help
    }

    /// A parameter that has to be given.
    static func required(_ name: String, _ kind: Kind, _ help: String) -> ImageParameter {
        ImageParameter(name, kind, nil, required: true, help)
    }

    /// A parameter that may be left out; without a `standard` nothing counts then.
    static func optional(_ name: String, _ kind: Kind, _ standard: Value? = nil, _ help: String) -> ImageParameter {
        ImageParameter(name, kind, standard, required: false, help)
    }
}

extension ImageParameter.Kind: CustomStringConvertible {
    /// What an argument may be, for documents and errors.
    public var description: String {
        switch self {
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
        case .boolean: "true or false"
        case .text: "a string"
        case .choice(let choices): "one of " + choices.joined(separator: ", ")
        case .colour: "a colour"
        case .numbers(let count): "a list of \(count.lowerBound) to \(count.upperBound) numbers"
        case .image: "an image"
        case .images: "images"
        case .bytes: "a string"
        }
    }

    private static func text(_ number: Double) -> String {
        number.rounded() == number && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    }

    /// Whether an argument is what the parameter may be.
    func accepts(_ argument: ImageArgument) -> Bool {
        switch (self, argument) {
        case (.integer(let range), .value(let value)): Self.integer(value).map { range.contains($0) } ?? false
        case (.number(let range), .value(let value)): value.number.map { range.contains($0) } ?? false
        case (.boolean, .value(let value)): value.bool != nil
        case (.text, .value(let value)): value.bytes?.withUnsafeBytes { !$0.contains(0) } ?? false
        case (.choice(let choices), .value(let value)): value.text.map { choices.contains($0) } ?? false
        case (.colour, .value(let value)): Colour(value) != nil
        case (.numbers(let count), .value(let value)):
            value.elements.map { elements in
                count.contains(elements.count) && elements.allSatisfy { $0.number?.isFinite ?? false }
            } ?? false
        case (.image, .image), (.images, .images), (.bytes, .bytes), (.bytes, .value(.string)): true
        default: false
        }
    }

    /// An integer, also where it was computed as a number without a fraction.
    static func integer(_ value: Value) -> Int? {
        switch value {
        case .integer(let integer): Int(integer)
        case .number(let number): Int(exactly: number)
        default: nil
        }
    }
}
