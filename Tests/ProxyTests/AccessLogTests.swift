import Base
import JSON
import Testing

@testable import Proxy

@Suite struct AccessLogTests {
    var entry: AccessLogEntry {
        var entry = AccessLogEntry()
        entry.start = Timestamp(nanoseconds: 1_704_164_645_678_000_000)
        entry.method = "GET"
        entry.path = "/headers"
        entry.httpVersion = "HTTP/1.1"
        entry.status = 200
        entry.details = "via_upstream"
        entry.bytesSent = 512
        entry.duration = .milliseconds(7)
        entry.upstreamServiceTime = 6
        entry.userAgent = "curl/7.88.1"
        entry.requestID = "0b5c"
        entry.authority = "httpbin.foo:8000"
        entry.upstreamHost = "10.244.0.5:80"
        entry.cluster = "outbound|8000||httpbin.foo.svc.cluster.local"
        entry.upstreamLocalAddress = "10.244.0.4:40000"
        entry.downstreamLocalAddress = "10.96.0.7:8000"
        entry.downstreamRemoteAddress = "10.244.0.4:50000"
        entry.routeName = "default"
        entry.tlsReason = "auto mTLS"
        return entry
    }

    func line(_ entry: AccessLogEntry, _ format: AccessLogFormat = .standard) -> String {
        var bytes: [UInt8] = []
        format.write(entry, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `writes Istio's default line and the TLS reason after it`() {
        #expect(
            line(entry)
                == "[2024-01-02T03:04:05.678Z] \"GET /headers HTTP/1.1\" 200 - via_upstream - \"-\" 0 512 7 6 \"-\" \"curl/7.88.1\" "
                + "\"0b5c\" \"httpbin.foo:8000\" \"10.244.0.5:80\" outbound|8000||httpbin.foo.svc.cluster.local "
                + "10.244.0.4:40000 10.96.0.7:8000 10.244.0.4:50000 - default \"auto mTLS\"\n"
        )
    }

    @Test func `shows a connection that no filter chain took`() {
        var refused = AccessLogEntry()
        refused.flag = .noRoute
        refused.details = "filter_chain_not_found"
        let text = line(refused)
        #expect(
            text.contains(
                "\"- - -\" 0 NR filter_chain_not_found - \"-\" 0 0 0 - \"-\" \"-\" \"-\" \"-\" \"-\" - - - - - -"
            )
        )
    }

    @Test func `no peer can forge a line or a column`() {
        var forged = entry
        forged.path = "/a\" 200\n[2030-01-01T00:00:00.000Z] \"GET"
        let text = line(forged)
        #expect(text.filter { $0 == "\n" }.count == 1)
        #expect(text.contains("/a\\\" 200\\x0a["))
    }

    @Test func `understands a custom format`() {
        var entry = entry
        entry.requestHeader = { $0 == "x-team" ? "blue" : nil }
        let format = AccessLogFormat("%REQ(X-TEAM)% %RESP(X-NONE)% 100% %PROTOCOL% %NO_SUCH%\n")
        #expect(line(entry, format) == "blue - 100% HTTP/1.1 -\n")
    }

    @Test func `writes JSON with Istio's keys`() throws {
        var bytes: [UInt8] = []
        entry.writeJSON(to: &bytes)
        let object = try #require(try JSON(parsing: bytes).object)
        #expect(object["response_code"] == 200)
        #expect(object["authority"] == "httpbin.foo:8000")
        #expect(object["requested_server_name"] == .null)
        #expect(object["start_time"] == "2024-01-02T03:04:05.678Z")
        #expect(object["tls_reason"] == "auto mTLS")
    }
}
