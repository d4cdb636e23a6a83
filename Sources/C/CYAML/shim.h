// libyaml as Swift sees it: the headers, plus functions for the macros we use.
#ifndef C_YAML_SHIM_H
#define C_YAML_SHIM_H

#include <yaml.h>

#endif
