/// What holds for one call of an operation: its limits, and how it is stopped.
public struct ImageCall: Sendable {
    /// How large images may be.
    public var limits: ImageLimits
    /// Asked often while an operation runs, on the thread that called it; an answer of true stops the operation.
    ///
    /// It must be quick, and must not call operations itself.
    public var isAsked: (@Sendable () -> Bool)?

    /// A call under `limits` that `isAsked` stops; without it nothing does.
    public init(limits: ImageLimits = ImageLimits(), isAsked: (@Sendable () -> Bool)? = nil) {
        self.limits = limits
        self.isAsked = isAsked
    }

    /// Stops here if the call was asked to: between the parts of what is computed outside of libvips.
    func check() throws(ImageError) {
        if isAsked?() == true { throw ImageError(.stopped, "the operation was stopped") }
    }
}
