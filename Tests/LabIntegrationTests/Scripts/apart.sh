# For other scripts to read in first: the script starts again in namespaces of its own, with CLUSTER_TEST_HOME, a
# directory that goes when it ends. Whatever else runs on this machine, also another cluster, is neither seen nor touched.
# shellcheck shell=bash
if [ -z "${CLUSTER_TEST_HOME:-}" ]; then
    lab=$(readlink -f "$1")
    CLUSTER_TEST_HOME=$(mktemp -d /var/tmp/apus-lab-test.XXXXXX)
    export CLUSTER_TEST_HOME
    unshare --mount --net --pid --fork --kill-child --mount-proc bash "$0" "$lab"
    status=$?
    rm -rf "$CLUSTER_TEST_HOME"
    exit "$status"
fi

# What a cluster of root needs of a machine.
make_machine() {
    # All of it: a mount on a directory that exists outside too would go when somebody there removes that directory.
    mount -t tmpfs tmpfs /run
    mkdir /run/netns /run/lock
    ip link set lo up
}
