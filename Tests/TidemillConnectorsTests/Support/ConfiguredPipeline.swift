import Tidemill
import TidemillConnectors

extension Components {
    /// Everything that this library has.
    static let connectors: Components = {
        var components = Components()
        components.addConnectors()
        return components
    }()
}

extension TemporaryFolder {
    /// Builds the pipeline of a configuration in the folder, as the command does.
    func pipeline(_ configuration: String) throws -> Pipeline {
        try write("config.json", configuration)
        let loaded = try PipelineConfiguration.load(
            path: path("config.json"),
            registry: Components.connectors.registry,
            environment: [:]
        )
        return try Pipeline(loaded, components: .connectors)
    }
}
