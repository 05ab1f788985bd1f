#include "CValue.h"
