internal import Base
internal import EventLoop

extension DescriptorCore {
    func localAddress() throws -> SocketAddress {
        try inspect { state -> Result<SocketAddress, any Error> in
            guard let descriptor = state.descriptor?.raw else {
                return .failure(MeshError(.cancelled, "\(name) was closed by this side"))
            }
            return Result { try Socket.localAddress(of: descriptor) }
        }.get()
    }
}
