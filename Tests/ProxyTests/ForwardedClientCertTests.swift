import Testing

@testable import Proxy

@Suite struct ForwardedClientCertTests {
    let caller = ForwardedClientCert.Caller(hash: "ab12", uris: ["spiffe://cluster.local/ns/foo/sa/sleep"])
    let receiver = "spiffe://cluster.local/ns/foo/sa/httpbin"

    @Test func `writes Istio's element for a workload`() {
        #expect(
            ForwardedClientCert.element(receiver: receiver, caller: caller)
                == "By=spiffe://cluster.local/ns/foo/sa/httpbin;Hash=ab12;Subject=\"\";"
                + "URI=spiffe://cluster.local/ns/foo/sa/sleep"
        )
    }

    @Test func `quotes what would break the list and escapes quotes`() {
        var caller = caller
        caller.subject = "CN=a \"b\",O=c"
        caller.dnsNames = ["one.example", "two.example"]
        caller.uris = ["spiffe://a/b;c"]
        #expect(
            ForwardedClientCert.element(receiver: "", caller: caller)
                == "Hash=ab12;Subject=\"CN=a \\\"b\\\",O=c\";URI=\"spiffe://a/b;c\";DNS=one.example;DNS=two.example"
        )
    }

    @Test func `appends to what a client of the mesh received itself`() {
        #expect(ForwardedClientCert.value(received: "By=x", element: "By=y") == "By=x,By=y")
        #expect(ForwardedClientCert.value(received: nil, element: "By=y") == "By=y")
        #expect(ForwardedClientCert.value(received: "", element: "By=y") == "By=y")
    }

    @Test func `drops a forged header on plaintext`() {
        #expect(ForwardedClientCert.value(received: "URI=spiffe://forged", element: nil) == nil)
    }
}
