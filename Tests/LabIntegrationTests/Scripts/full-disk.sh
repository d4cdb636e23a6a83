#!/bin/bash
# A cluster whose disk is full: nothing is written any more and everything is read, and deleting makes room. In
# namespaces of its own, as cluster.sh.
#
# usage: full-disk.sh <apus-lab>. Prints one line for each check; the exit status is 0 when all of them hold.
set -u
# shellcheck source=apart.sh
. "$(dirname "$(readlink -f "$0")")/apart.sh"

disk=$CLUSTER_TEST_HOME/disk
export APUS_LAB_HOME=$disk/lab HOME=$CLUSTER_TEST_HOME KUBECONFIG=$disk/lab/kubeconfig
PATH="$(dirname "$1"):$PATH"
export PATH
make_machine
mkdir "$disk"
mount -t tmpfs -o size=24m tmpfs "$disk"
failures=0

check() { # <what> <command...>
    local what=$1
    shift
    if "$@"; then echo "ok: $what"; else echo "NOT OK: $what"; failures=$((failures + 1)); fi
}
create() { # <name>; 900 kB
    kubectl create configmap "$1" --from-file="$CLUSTER_TEST_HOME/large" >/dev/null 2>"$CLUSTER_TEST_HOME/error"
}

head -c 900000 /dev/zero | tr '\0' x >"$CLUSTER_TEST_HOME/large"
apus-lab up >/dev/null || exit 1
stored=0
while [ "$stored" -lt 60 ] && create "c$stored"; do stored=$((stored + 1)); done
check "objects are stored until the disk is full" test "$stored" -gt 3 -a "$stored" -lt 60
check "the error says what is full and what to do" grep -q 'state.db.*disk is full.*[Ff]ree some space' "$CLUSTER_TEST_HOME/error"
# What the database had not used of the disk, somebody else takes.
dd if=/dev/zero of="$disk/other" bs=1k 2>/dev/null
check "what is stored is read" test "$(kubectl get configmaps -o name | grep -c /c)" -eq "$stored"
for i in 0 1 2; do check "an object is deleted" kubectl delete configmap "c$i"; done
check "the objects are gone" test "$(kubectl get configmaps -o name | grep -c /c)" -eq $((stored - 3))
rm "$disk/other"
check "with room, objects are stored again" create again
apus-lab down >/dev/null
check "nothing is left" test ! -e "$APUS_LAB_HOME"
exit $((failures > 0))
