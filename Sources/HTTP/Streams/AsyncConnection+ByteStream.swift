public import Network

extension AsyncConnection: ByteStream {}
