public import Tidemill

extension Components {
    /// Adds the sources `file`, `stdin`, `directory` and `generate` and the sinks `file`, `stdout`, `directory` and
    /// `drop`.
    public mutating func addConnectors() {
        for source in [
            FileSource.component, StandardInputSource.component, DirectorySource.component, GenerateSource.component,
        ] { add(source) }
        for sink in [
            FileSink.component, StandardOutputSink.component, DirectorySink.component, DropSink.component,
        ] { add(sink) }
    }
}
