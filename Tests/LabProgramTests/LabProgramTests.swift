import Base
import Glibc
import Subprocess
import TestPrograms
import Testing

/// Runs the program in namespaces of its own, beside any other lab on this machine; needs root.
@Suite(
    .serialized,
    .enabled(if: getuid() == 0, "pods are network namespaces, which need root"),
    .timeLimit(.minutes(5))
)
struct LabProgramTests {
    /// Runs a script with `$lab`, the program, and a home of its own; the script's last line must be `done`.
    private func run(_ script: String) async throws {
        let program = try #require(Programs.path("apus-lab"), "build the product apus-lab first")
        let prelude = """
            set -eu
            mount -t tmpfs tmpfs /run
            mkdir /run/netns /run/lock
            ip link set lo up
            export APUS_LAB_HOME=$(mktemp -d /var/tmp/apus-lab-test.XXXXXX) lab=\(program)
            export KUBECONFIG=$APUS_LAB_HOME/kubeconfig HOME=$APUS_LAB_HOME/user
            trap '$lab down >/dev/null; rm -rf $APUS_LAB_HOME' EXIT
            crash() { kill -9 $(process); }
            process() { $lab status | sed -n 's/.*process \\([0-9]*\\).*/\\1/p'; }

            """
        let command = Subprocess(
            "unshare",
            ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", prelude + script]
        )
        let finished = try await command.run(timeout: .seconds(240))
        #expect(finished.status == .exited(0), "\(finished.text)\n\(finished.errorText)")
        #expect(finished.text.hasSuffix("done"), "\(finished.text)\n\(finished.errorText)")
    }

    @Test func `up, up again, status and down`() async throws {
        try await run(
            """
            $lab up | grep -q 'The cluster is ready'
            $lab up | grep -q 'already running'
            $lab status | grep -q 'is running'
            test "$(stat -c %a $KUBECONFIG)" = 600
            test "$(kubectl get nodes -o jsonpath='{.items[0].status.conditions[?(@.type=="Ready")].status}')" = True
            $lab down | grep -q 'is down'
            ! $lab status
            test ! -e $APUS_LAB_HOME/server
            test -z "$(ip -o link show apus0 2>/dev/null)"
            ! nft list tables | grep apus
            $lab down | grep -q 'was not running'
            mkdir -p $APUS_LAB_HOME
            echo done
            """
        )
    }

    @Test func `up at once after kill -9 starts a cluster that answers`() async throws {
        try await run(
            """
            $lab up >/dev/null
            kubectl create deployment one --image=busybox -- sleep infinity >/dev/null
            kubectl wait --for=condition=available deploy/one --timeout=120s >/dev/null
            kubectl config set-context --current --namespace=kube-public >/dev/null
            for round in $(seq 20); do
              crash
              $lab up | grep -q 'The cluster is ready'
              kubectl get --raw /readyz >/dev/null
            done
            test "$(kubectl config view --minify -o jsonpath='{..namespace}')" = kube-public
            kubectl wait -n default --for=condition=available deploy/one --timeout=120s >/dev/null
            echo done
            """
        )
    }

    @Test func `of several ups at the same time one starts the cluster, the others wait for it`() async throws {
        try await run(
            """
            for each in 1 2 3 4; do
              { $lab up && kubectl get --raw /readyz && echo; } > $APUS_LAB_HOME/said.$each &
            done
            wait
            cat $APUS_LAB_HOME/said.* > $APUS_LAB_HOME/said
            test "$(grep -c 'The cluster is ready' $APUS_LAB_HOME/said)" = 1
            test "$(grep -c 'already running' $APUS_LAB_HOME/said)" = 3
            test "$(grep -c '^ok' $APUS_LAB_HOME/said)" = 4
            echo done
            """
        )
    }

    @Test func `an up and a down at the same time leave a cluster that answers, or nothing`() async throws {
        try await run(
            """
            for round in $(seq 5); do
              $lab up >/dev/null
              $lab down >$APUS_LAB_HOME.down 2>&1 &
              $lab up >/dev/null
              wait
              if $lab status >/dev/null; then kubectl get --raw /readyz >/dev/null; else test -z "$(ip -o link show apus0 2>/dev/null)"; fi
            done
            grep -q 'The cluster is down' $APUS_LAB_HOME.down
            rm $APUS_LAB_HOME.down
            mkdir -p $APUS_LAB_HOME
            echo done
            """
        )
    }

    @Test func `an up that is interrupted leaves no cluster`() async throws {
        try await run(
            """
            $lab up >/dev/null &
            until test -e $APUS_LAB_HOME/lab.lock; do sleep 0.001; done
            kill -TERM $!
            until test "$($lab status || true)" = "The cluster is not running. Start it with: apus-lab up"; do sleep 0.05; done
            test -z "$(ip -o link show apus0 2>/dev/null)"
            $lab up | grep -q 'The cluster is ready'
            echo done
            """
        )
    }

    @Test func `in the foreground it runs until it is interrupted, and leaves its objects only`() async throws {
        try await run(
            """
            $lab run --port 6450 2>$APUS_LAB_HOME/log &
            until kubectl create cm kept 2>/dev/null; do sleep 0.05; done
            kubectl create deployment one --image=busybox -- sleep 4321 >/dev/null
            kubectl wait --for=condition=available deploy/one --timeout=120s >/dev/null
            kill -TERM $!
            wait $!
            test -z "$(ip -o link show apus0 2>/dev/null)"
            ! pgrep -f 'sleep 4321'
            $lab up >/dev/null
            kubectl get cm kept >/dev/null
            echo done
            """
        )
    }

    @Test func `arguments that no command knows, and what status says, are told by the exit status`() async throws {
        try await run(
            """
            status() { "$@" >$APUS_LAB_HOME/out 2>$APUS_LAB_HOME/err && echo 0 || echo $?; }
            test $(status $lab uup) = 2; grep -q 'unknown command "uup"' $APUS_LAB_HOME/err
            test $(status $lab up --prot 1) = 2; grep -q 'takes no "--prot"' $APUS_LAB_HOME/err
            test $(status $lab up --port) = 2
            test $(status $lab up --port 65536) = 2; grep -q 'between 1 and 65535' $APUS_LAB_HOME/err
            test $(status $lab logs) = 1; grep -q 'apus-lab up' $APUS_LAB_HOME/err
            test $(status $lab up --help) = 0; grep -q -- --port $APUS_LAB_HOME/out
            test $(status $lab status) = 3
            test $(status $lab status -o json) = 3; grep -q '"running":false' $APUS_LAB_HOME/out
            $lab up >/dev/null
            test $(status $lab status -o json) = 0; grep -q '"answering":true' $APUS_LAB_HOME/out
            kill -STOP $(process)
            test $(status $lab status) = 4
            kill -CONT $(process)
            echo done
            """
        )
    }

    @Test func `a home that cannot be written is named`() async throws {
        try await run(
            """
            mkdir $APUS_LAB_HOME/server
            mount -t tmpfs -o ro tmpfs $APUS_LAB_HOME/server
            $lab up 2>&1 | grep -q "cannot keep its objects in $APUS_LAB_HOME/server.*Read-only"
            umount $APUS_LAB_HOME/server
            APUS_LAB_HOME=/proc/nowhere $lab up 2>&1 | grep -q 'cannot make /proc/nowhere'
            APUS_LAB_HOME=/etc/passwd $lab up 2>&1 | grep -q 'cannot write to /etc/passwd.*Not a directory'
            mount -t tmpfs -o size=64k tmpfs $APUS_LAB_HOME/server
            dd if=/dev/zero of=$APUS_LAB_HOME/server/full 2>/dev/null || true
            APUS_LAB_HOME=$APUS_LAB_HOME/server $lab up 2>&1 | grep -q 'free some space there'
            umount -l $APUS_LAB_HOME/server
            echo done
            """
        )
    }

    @Test func `on a full disk writes are refused, reads go on, and nothing acknowledged is lost`() async throws {
        try await run(
            """
            home=$APUS_LAB_HOME
            mkdir $home/server
            mount -t tmpfs -o size=3m tmpfs $home/server
            $lab up >/dev/null
            head -c 100000 /dev/urandom | base64 > $home/blob
            for i in $(seq 60); do
              kubectl create cm c$i --from-file=$home/blob -o name >> $home/acknowledged 2>$home/refusal || break
            done
            grep -q 'is the disk full' $home/refusal
            kubectl get cm c1 >/dev/null
            crash
            $lab up >/dev/null
            kubectl get cm -o name | sort > $home/have
            test -z "$(sort $home/acknowledged | comm -13 $home/have -)"
            mount -o remount,size=12m $home/server
            kubectl create cm again --from-file=$home/blob >/dev/null
            $lab down >/dev/null
            umount $home/server
            echo done
            """
        )
    }

    @Test func `nothing acknowledged is lost by kill -9`() async throws {
        try await run(
            """
            for round in 1 2 3; do
              $lab up >/dev/null
              kubectl get cm -o name | sort > have
              (while kubectl create cm "c-$round-$RANDOM$RANDOM" -o name 2>/dev/null >> acknowledged; do :; done) &
              sleep 1.$RANDOM
              crash
              wait
              $lab up >/dev/null
              kubectl get cm -o name | sort > have
              sort acknowledged > wanted
              test -s wanted
              test -z "$(comm -13 have wanted)"
              crash
            done
            echo done
            """.replacing("have", with: "$APUS_LAB_HOME/have").replacing("wanted", with: "$APUS_LAB_HOME/wanted")
                .replacing("acknowledged", with: "$APUS_LAB_HOME/acknowledged")
        )
    }

    @Test func `a port that is taken is said`() async throws {
        try await run(
            """
            python3 -m http.server 6443 --bind 127.0.0.1 >/dev/null 2>&1 &
            until ss -ltn | grep -q 127.0.0.1:6443; do sleep 0.05; done
            $lab up 2>&1 | grep -q 'Choose another one: apus-lab up --port'
            $lab up --port 6444 | grep -q 'The cluster is ready'
            kubectl get ns default >/dev/null
            echo done
            """
        )
    }
}
