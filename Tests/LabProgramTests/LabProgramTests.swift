import Base
import Glibc
import Subprocess
import Testing

/// Runs the program in namespaces of its own, beside any other lab on this machine; needs root.
@Suite(
    .serialized,
    .enabled(if: getuid() == 0, "pods are network namespaces, which need root"),
    .timeLimit(.minutes(5))
)
struct LabProgramTests {
    /// The program, which is built beside the tests.
    private static var program: String? {
        let products = CommandLine.arguments[0].split(separator: "/").dropLast().joined(separator: "/")
        return ["/\(products)/apus-lab", ".build/debug/apus-lab"].first { Files.exists($0) }
    }

    /// Runs a script with `$lab`, the program, and a home of its own; the script's last line must be `done`.
    private func run(_ script: String) async throws {
        let program = try #require(Self.program, "build the product apus-lab first")
        let prelude = """
            set -eu
            mount -t tmpfs tmpfs /run
            mkdir /run/netns /run/lock
            ip link set lo up
            export APUS_LAB_HOME=$(mktemp -d /var/tmp/apus-lab-test.XXXXXX) lab=\(program)
            export KUBECONFIG=$APUS_LAB_HOME/kubeconfig HOME=$APUS_LAB_HOME/user
            trap '$lab down >/dev/null; rm -rf $APUS_LAB_HOME' EXIT
            crash() { kill -9 $(process); while $lab status >/dev/null; do sleep 0.05; done; }
            process() { $lab status | sed -n 's/.*process \\([0-9]*\\).*/\\1/p'; }

            """
        let command = Subprocess(
            "unshare",
            ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", prelude + script]
        )
        let finished = try await command.run(timeout: .seconds(120))
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
            ! ip link show apus0 2>/dev/null
            ! nft list tables | grep apus
            mkdir -p $APUS_LAB_HOME
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
