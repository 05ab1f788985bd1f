#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// How many processors this process may use.
package func onlineProcessors() -> Int { max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1) }
