import Glibc
import Proxy

@main struct Main {
    static func main() async { exit(await ProxyProgram.run(Array(CommandLine.arguments.dropFirst()))) }
}
