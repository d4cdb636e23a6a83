import ControlPlane
import Glibc

@main struct Main {
    static func main() async {
        exit(await ControlPlaneProgram.run(arguments: Array(CommandLine.arguments.dropFirst())))
    }
}
