internal import CVips
public import TidemillValue

extension Image {
    /// The samples of one row, counted from 0 through all pages, as numbers.
    func row(_ index: Int, call: ImageCall) throws(ImageError) -> [Value] {
        let pixels = try pixels(call)
        guard let format = SampleFormat(rawValue: header.format) else {
            throw ImageError(.argument, "samples of \(header.format) are not read one by one; cast the image first")
        }
        let count = width * bands
        return try pixels.withSamples { samples in
            (index * count..<(index + 1) * count).map { place in
                switch format {
                case .uchar: .integer(Int64(samples[place]))
                case .ushort: .integer(Int64(samples.loadUnaligned(fromByteOffset: place * 2, as: UInt16.self)))
                case .float: .number(Double(samples.loadUnaligned(fromByteOffset: place * 4, as: Float.self)))
                }
            }
        }
    }

    /// A copy of the samples, row by row and page by page, each in its type's size and the machine's byte order.
    public func samples(call: ImageCall = ImageCall()) throws(ImageError) -> Bytes {
        try pixels(call).withSamples { Bytes(copying: $0) }
    }

    /// The image of samples as ``samples(call:)`` gives them.
    ///
    /// - Throws: ``ImageError`` where the sizes are out of their limits or don't fit the bytes.
    public static func make(
        samples: Bytes,
        width: Int,
        height: Int,
        bands: Int,
        format: String = "uchar",
        call: ImageCall = ImageCall()
    ) throws(ImageError) -> Image {
        guard let format = SampleFormat(rawValue: format) else {
            throw ImageError(.argument, "format is uchar, ushort or float")
        }
        guard width > 0, height > 0, (1...64).contains(bands) else {
            throw ImageError(.argument, "width and height are at least 1, and bands 1 to 64")
        }
        let size = ImageLimits.product(ImageLimits.product(width, height), bands * format.size)
        try call.limits.check("the image", width: width, pageHeight: height, pages: 1, bytes: size)
        guard samples.count == size else {
            throw ImageError(
                .argument,
                "\(width) × \(height) × \(bands) of \(format) is \(size) bytes, not \(samples.count)"
            )
        }
        return Image(
            try samples.withUnsafeBytes { (bytes) throws(ImageError) in
                try Pixels.make(
                    bytes,
                    width: width,
                    height: height,
                    bands: bands,
                    format: format,
                    interpretation: interpretation(bands, format)
                )
            }
        )
    }

    private static func interpretation(_ bands: Int, _ format: SampleFormat) -> String {
        switch (bands, format) {
        case (1...2, .ushort): "grey16"
        case (1...2, _): "b-w"
        case (3...4, .ushort): "rgb16"
        case (3...4, .float): "scrgb"
        case (3...4, .uchar): "srgb"
        default: "multiband"
        }
    }
}
