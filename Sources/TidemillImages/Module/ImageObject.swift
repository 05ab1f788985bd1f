public import TidemillValue

/// An image as a value that scripts hold by a handle.
public final class ImageObject: ValueObject, @unchecked Sendable {
    /// The image.
    public let image: Image
    /// The bytes of its file, or of its pixels.
    public override var size: Int { made }
    private let made: Int

    /// A value's image.
    public init(_ image: Image) {
        self.image = image
        made = image.footprint
        super.init(typeName: "image")
    }

    /// What the image holds by now.
    public override var footprint: Int { image.footprint }

    /// Its file, or its pixels without loss.
    public override func archived() throws -> Bytes { try image.archived().bytes }
}
