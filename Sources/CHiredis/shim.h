#include <hiredis/hiredis.h>
// Glibc's module leaves it out.
#include <sys/eventfd.h>
