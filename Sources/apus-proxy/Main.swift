import Glibc
import Proxy

@main struct Main {
    static func main() { exit(ProxyProgram.run(Array(CommandLine.arguments.dropFirst()))) }
}
