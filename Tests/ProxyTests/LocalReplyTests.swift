import Base
import Discovery
import Testing

@testable import Proxy

@Suite struct LocalReplyTests {
    @Test(arguments: [
        (LocalReply.ResetReason.connectionTermination, 503, ResponseFlag.upstreamTermination),
        (.remoteConnectionFailure, 503, .upstreamConnectionFailure),
        (.connectionTimeout, 503, .upstreamConnectionFailure),
        (.overflow, 503, .upstreamOverflow), (.protocolError, 502, .upstreamProtocolError),
    ])
    func `speaks Envoy's words`(reason: LocalReply.ResetReason, status: Int, flag: ResponseFlag) {
        let reply = LocalReply.reset(reason, wasRetried: false)
        #expect(reply.status == status && reply.flag == flag)
        #expect(
            reply.body == "upstream connect error or disconnect/reset before headers. reset reason: \(reason.rawValue)"
        )
    }

    @Test(arguments: [
        (400, "Bad Request"), (431, "Request Header Fields Too Large"), (501, "Not Implemented"),
        (505, "HTTP Version Not Supported"),
    ])
    func `says of bytes that are not HTTP what its status says`(status: Int, body: String) {
        let reply = LocalReply.badRequest("http1.some reason", status: status)
        #expect(reply.status == status && reply.body == body && reply.details == "http1.some_reason")
    }

    @Test func `says that it tried again, and keeps the cause to the log`() {
        let reply = LocalReply.reset(
            .remoteConnectionFailure,
            wasRetried: true,
            cause: "delayed connect error: Connection refused"
        )
        #expect(
            reply.body
                == "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: "
                + "remote connection failure"
        )
        #expect(
            reply.details == "upstream_reset_before_response_started{remote_connection_failure|"
                + "delayed_connect_error:_Connection_refused}"
        )
    }

    @Test func `a request id is a random UUID`() {
        var random = SplitMix64(seed: 3)
        let id = RequestID.make(using: &random)
        let text = String(decoding: id.indices.map { id[$0] }, as: UTF8.self)
        #expect(text.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
    }
}
