#!/bin/sh
# For other scripts to read in: how to use the lab's cluster.

# Points kubectl and istioctl to the lab.
use_lab() {
    KUBECONFIG=$(apus-lab kubeconfig)
    export KUBECONFIG
}
