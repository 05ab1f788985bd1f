import TidemillValue

/// The arguments of a call, checked against the operation's parameters.
struct BoundArguments: Sendable {
    private var arguments: [String: ImageArgument] = [:]
    let call: ImageCall

    /// Checks the arguments.
    ///
    /// - Throws: ``ImageError`` of the kind `argument` that names the operation, the parameter and what it may be.
    init(_ given: ImageArguments, of operation: ImageOperation, _ call: ImageCall) throws(ImageError) {
        self.call = call
        try bind(given.positional, operation)
        for (name, argument) in given.named {
            guard let parameter = operation.parameters.first(where: { $0.name == name }) else {
                let known = operation.parameters.map(\.name).joined(separator: ", ")
                throw ImageError(
                    .argument,
                    "\(operation.name) has no \(name)" + (known.isEmpty ? "" : "; it has \(known)")
                )
            }
            if arguments[name] != nil { throw ImageError(.argument, "\(operation.name) got \(name) twice") }
            try bind(argument, parameter, operation)
        }
        for parameter in operation.parameters where arguments[parameter.name] == nil {
            if let standard = parameter.standard {
                arguments[parameter.name] = .value(standard)
            } else if parameter.isRequired {
                throw ImageError(.argument, "\(operation.name) needs \(parameter.name), \(parameter.kind)")
            }
        }
    }

    private mutating func bind(_ positional: [ImageArgument], _ operation: ImageOperation) throws(ImageError) {
        var rest = positional[...]
        for parameter in operation.parameters where !rest.isEmpty {
            if case .images = parameter.kind {
                arguments[parameter.name] = .images(Self.takeImages(&rest))
            } else {
                try bind(rest.removeFirst(), parameter, operation)
            }
        }
        guard rest.isEmpty else {
            throw ImageError(
                .argument,
                "\(operation.name) takes \(operation.parameters.count) arguments, and got \(positional.count)"
            )
        }
    }

    private static func takeImages(_ rest: inout ArraySlice<ImageArgument>) -> [Image] {
        var images: [Image] = []
        while let next = rest.first {
            switch next {
            case .image(let image): images.append(image)
            case .images(let more): images += more
            default: return images
            }
            rest.removeFirst()
        }
        return images
    }

    private mutating func bind(
        _ argument: ImageArgument,
        _ parameter: ImageParameter,
        _ operation: ImageOperation
    ) throws(ImageError) {
        if case .value(.null) = argument, !parameter.isRequired { return }
        guard parameter.kind.accepts(argument) else {
            throw ImageError(
                .argument,
                "\(operation.name): \(parameter.name) is \(parameter.kind), not \(Self.shown(argument))"
            )
        }
        arguments[parameter.name] = argument
    }

    private static func shown(_ argument: ImageArgument) -> String {
        guard case .value(let value) = argument, value.footprint < 100,
            case .some = value.number ?? (value.bytes == nil ? nil : 0)
        else { return argument.kind }
        return value.description
    }

    /// Whether an argument was given, or there is a standard.
    func has(_ name: String) -> Bool { arguments[name] != nil }

    // What these read was checked, and the table of operations is tested to ask only for parameters that it has.
    private func value(_ name: String) -> Value? {
        if case .value(let value)? = arguments[name] { value } else { nil }
    }

    func optionalInteger(_ name: String) -> Int? { value(name).flatMap { ImageParameter.Kind.integer($0) } }
    func integer(_ name: String) -> Int { optionalInteger(name) ?? 0 }
    func optionalNumber(_ name: String) -> Double? { value(name)?.number }
    func number(_ name: String) -> Double { optionalNumber(name) ?? 0 }
    func boolean(_ name: String) -> Bool { value(name)?.bool ?? false }
    func optionalText(_ name: String) -> String? { value(name)?.text }
    func text(_ name: String) -> String { optionalText(name) ?? "" }
    func numbers(_ name: String) -> [Double] { value(name)?.elements?.compactMap(\.number) ?? [] }
    func colour(_ name: String) -> Colour { value(name).flatMap { Colour($0) } ?? Colour([0]) }

    func bytes(_ name: String) -> Bytes {
        if case .bytes(let bytes)? = arguments[name] { bytes } else { value(name)?.bytes ?? Bytes() }
    }

    func image(_ name: String) throws(ImageError) -> Image {
        guard case .image(let image)? = arguments[name] else { throw ImageError(.argument, "\(name) is an image") }
        return image
    }

    func images(_ name: String) -> [Image] {
        if case .images(let images)? = arguments[name] { images } else { [] }
    }
}
