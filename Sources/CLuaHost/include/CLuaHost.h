#ifndef CLUAHOST_H
#define CLUAHOST_H
#include <CValue.h>
#endif
