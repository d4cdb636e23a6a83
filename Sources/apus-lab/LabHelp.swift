/// The help of `apus-lab` and of each of its commands.
enum LabHelp {
    static func text(for command: LabArguments.Command?) -> String { command.map(text) ?? overview }

    private static let overview = """
        apus-lab runs a Kubernetes cluster on this machine.

        Usage:
          apus-lab up [--port 6443]      starts the cluster and waits until its node is ready
          apus-lab down [--keep]         stops it and removes every trace; --keep leaves its objects for the next up
          apus-lab status [-o json]      says whether it runs and answers
          apus-lab kubeconfig            prints the path of the file that kubectl needs
          apus-lab logs [-f]             prints what the cluster logged
          apus-lab run [--port 6443]     runs the cluster in the foreground until Ctrl-C
          apus-lab help [command]

        The cluster keeps its state in /var/lib/apus-lab, or in the directory that APUS_LAB_HOME names.

        Exit status: 0 when done, 1 when it failed, 2 for arguments that no command knows; status: 3 when the cluster
        does not run, 4 when it runs and does not answer.
        """

    private static func text(for command: LabArguments.Command) -> String {
        let options = command.options.filter { !$0.help.isEmpty }.map { option in
            let names = option.names.sorted { $0.count < $1.count }.joined(separator: ", ")
            return "  \(names)\(option.value.map { " \($0)" } ?? "")    \(option.help)"
        }
        let usage = "Usage:\n  apus-lab \(command)\(options.isEmpty ? "" : " [options]")"
        let parts = [description(of: command), usage]
        return (parts + (options.isEmpty ? [] : ["Options:\n" + options.joined(separator: "\n")]))
            .joined(separator: "\n\n")
    }

    private static func description(of command: LabArguments.Command) -> String {
        switch command {
        case .up:
            """
            Starts the cluster in the background and returns when its node is ready.

            A cluster that runs already is left alone; what one that was killed has left is cleared away first. Ctrl-C
            before it is ready stops it again.
            """
        case .down: "Stops the cluster and removes every trace of it. There need not be one."
        case .status: "Says whether the cluster runs and answers. Exit status: 0 yes, 3 it does not run, 4 no answer."
        case .kubeconfig: "Prints the path of the administrator's kubeconfig: export KUBECONFIG=$(apus-lab kubeconfig)"
        case .logs: "Prints what the cluster logged since its last start."
        case .run: "Runs the cluster in the foreground until Ctrl-C or SIGTERM; then nothing but its objects is left."
        }
    }
}
