@testable import TidemillImages
