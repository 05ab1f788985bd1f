internal import CVips
internal import TidemillValue

/// What a property of an operation of libvips is set to.
enum VipsSetting {
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    /// Text, the nickname of an enumeration's case, or an interpolator's name.
    case text(String)
    case numbers([Double])
    case image(Pixels)
    case images([Pixels])
    case bytes(Bytes)
}

/// One call of an operation of libvips, by its name.
final class VipsCall {
    typealias Settings = KeyValuePairs<String, VipsSetting>

    private let operation: String
    private let handle: OpaquePointer
    /// What the call points into: the memory of bytes doesn't move as long as it is held.
    private var held: [Bytes] = []

    init(_ operation: String, _ settings: Settings) throws(ImageError) {
        try ImageLibrary.open()
        self.operation = operation
        handle = tide_call_new(operation)
        for (name, setting) in settings { set(name, setting) }
    }

    deinit { tide_call_free(handle) }

    func set(_ name: String, _ setting: VipsSetting) {
        switch setting {
        case .integer(let value): tide_call_set_integer(handle, name, Int64(value))
        case .number(let value): tide_call_set_number(handle, name, value)
        case .boolean(let value): tide_call_set_boolean(handle, name, value)
        case .text(let value): tide_call_set_text(handle, name, value)
        case .numbers(let values): tide_call_set_numbers(handle, name, values, values.count)
        case .image(let image): tide_call_set_image(handle, name, image.handle)
        case .images(let images): for image in images { tide_call_add_image(handle, name, image.handle) }
        case .bytes(let bytes):
            held.append(bytes)
            bytes.withUnsafeBytes { bytes in
                if let start = bytes.baseAddress { tide_call_set_bytes(handle, name, start, bytes.count) }
            }
        }
    }

    /// The image `name` that the operation gives, in memory.
    func image(_ call: ImageCall, named name: String = "out") throws(ImageError) -> Pixels {
        tide_call_want(handle, name)
        try run(call)
        return try taken()
    }

    /// The image that the operation gives, of which the header alone is read; it lives no longer than the call.
    func header(_ call: ImageCall) throws(ImageError) -> Pixels {
        tide_call_want_header(handle, "out")
        try run(call)
        return try taken()
    }

    /// The bytes `name` that the operation gives.
    func bytes(_ call: ImageCall, named name: String = "buffer") throws(ImageError) -> Bytes {
        try run(call)
        var size = 0
        let block = Block()
        block.adopt(tide_call_take_bytes(handle, name, &size), count: size)
        return Bytes(block, start: 0, count: block.capacity)
    }

    private func taken() throws(ImageError) -> Pixels {
        guard let image = tide_call_take_image(handle) else { throw ImageError(.failed, "\(operation) gave no image") }
        return Pixels(image)
    }

    private func run(_ call: ImageCall) throws(ImageError) {
        let limits = tide_call_limits(
            dimension: Int64(call.limits.maxDimension),
            pixels: Int64(call.limits.maxPixels),
            bytes: Int64(call.limits.maxBytes)
        )
        let outcome: tide_call_outcome
        if let isAsked = call.isAsked {
            outcome = withUnsafePointer(to: isAsked) {
                tide_call_run(handle, limits, asked, UnsafeMutableRawPointer(mutating: $0))
            }
        } else {
            outcome = tide_call_run(handle, limits, nil, nil)
        }
        switch outcome {
        case TIDE_CALL_DONE: return
        case TIDE_CALL_STOPPED: throw ImageError(.stopped, "\(operation) was stopped")
        case TIDE_CALL_TOO_LARGE: throw tooLarge(call.limits)
        default: throw ImageError(.failed, text)
        }
    }

    private func tooLarge(_ limits: ImageLimits) -> ImageError {
        let header = Header(tide_call_refused(handle))
        do {
            try limits.check(
                "the result of \(operation)",
                width: header.width,
                pageHeight: header.pageHeight,
                pages: header.pages,
                bytes: header.bytes
            )
        } catch { return error }
        return ImageError(.limit, "the result of \(operation) is too large")
    }

    /// libvips' text, which has a line for each level that gave up, as one line.
    private var text: String {
        let lines = String(cString: tide_call_error(handle)).split(separator: "\n")
        return lines.isEmpty ? "\(operation) failed" : lines.joined(separator: "; ")
    }
}

private func asked(_ context: UnsafeMutableRawPointer?) -> Bool {
    guard let context else { return false }
    let isAsked = context.assumingMemoryBound(to: (@Sendable () -> Bool).self).pointee
    return isAsked()
}

extension Pixels {
    /// What an operation with one input makes of the image.
    func applying(
        _ operation: String,
        _ call: ImageCall,
        _ settings: VipsCall.Settings = [:],
        input: String = "in"
    ) throws(ImageError) -> Pixels {
        let vips = try VipsCall(operation, [input: .image(self)])
        for (name, setting) in settings { vips.set(name, setting) }
        return try vips.image(call)
    }
}
