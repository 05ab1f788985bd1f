// A user of the engine writes values all the time, and should not have to know that they are a module of their own:
// the Lua wall, which must not know the engine, shares it.
@_exported public import TidemillValue
