import ArgumentParser
import Logging
import Tidemill
import TidemillConnectors
import TidemillQueue
import TidemillScripting

#if Images
    import TidemillImages
#endif
#if NATS
    import TidemillNATS
#endif
#if Redis
    import TidemillRedis
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Components {
    /// Everything that this program has.
    static let standard: Components = {
        var components = Components()
        components.addConnectors()
        components.addScripting(libraries)
        components.addQueue()
        components.add(.generate)
        #if NATS
            components.addNATS()
        #endif
        #if Redis
            components.addRedis()
        #endif
        return components
    }()

    /// What scripts find by `require` beside what every Tidemill has.
    static var libraries: [ScriptLibrary] {
        #if Images
            [.images]
        #else
            []
        #endif
    }
}

/// A configuration file, named on the command line.
struct ConfigurationOption: ParsableArguments {
    @Argument(help: "The configuration file.")
    var config = "config.json"

    /// Loads and checks the file; what is wrong with it is printed, all of it, and ends the program with status 78.
    func load() throws -> PipelineConfiguration {
        try reportingIssues {
            try PipelineConfiguration.load(
                path: config,
                registry: Components.standard.registry,
                environment: ProcessInfo.processInfo.environment
            )
        }
    }

    /// Builds the pipeline, which also compiles and checks every script.
    func build(_ configuration: PipelineConfiguration, _ options: PipelineOptions) throws -> Pipeline {
        try reportingIssues { try Pipeline(configuration, components: .standard, options: options) }
    }

    func reportingIssues<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ConfigurationError {
            complain(error.description)
            throw ExitCode.configuration
        } catch let error as PipelineError {
            complain("\(config): \(error)")
            throw ExitCode.configuration
        }
    }
}
