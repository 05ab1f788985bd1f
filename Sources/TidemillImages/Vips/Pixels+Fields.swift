internal import CVips

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Musl
#endif

extension Pixels {
    /// The names of the fields of metadata.
    var fieldNames: [String] {
        var names: [String] = []
        withUnsafeMutablePointer(to: &names) { names in
            tide_image_fields(
                handle,
                { $0?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: $1)) },
                names
            )
        }
        return names
    }

    /// Whether there is a field of that name.
    func hasField(_ name: String) -> Bool { tide_image_has(handle, name) }

    /// A field as text, unless it is bytes.
    func text(_ name: String) -> String? {
        var size = 0
        guard tide_image_blob(handle, name, &size) == nil, let text = tide_image_text(handle, name) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// A field that is an integer.
    func integer(_ name: String) -> Int? {
        var value: Int64 = 0
        return tide_image_integer(handle, name, &value) ? Int(value) : nil
    }

    /// A field that is an array of integers.
    func integers(_ name: String) -> [Int]? {
        var none: Int64 = 0
        let count = Int(tide_image_integers(handle, name, &none, 0))
        guard count >= 0 else { return nil }
        var values = [Int64](repeating: 0, count: count)
        tide_image_integers(handle, name, &values, Int32(count))
        return values.map { Int($0) }
    }

    /// The same pixels with other fields.
    func changing(_ change: (OpaquePointer) -> Void) throws(ImageError) -> Pixels {
        guard let copy = tide_image_copy(handle) else { throw ImageError(.failed, "an image could not be copied") }
        change(copy)
        return Pixels(copy)
    }

    /// The same pixels as pages of that height, one below the other.
    func withPages(height: Int) throws(ImageError) -> Pixels {
        try changing { tide_image_set_integer($0, "page-height", Int64(height)) }
    }
}
