// Settings of sources and sinks are those of every broker: who imports this module need not know where they are from.
@_exported public import TidemillBroker
