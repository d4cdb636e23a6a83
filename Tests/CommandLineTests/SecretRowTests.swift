import Base
import JSON
import Testing

@testable import CommandLine

@Suite struct SecretRowTests {
    private static func certificate(_ serial: String) -> JSON {
        [
            "serial_number": .string(serial), "valid_from": "2026-01-01T00:00:00Z",
            "expiration_time": "2026-02-01T00:00:00Z", "pem": "PEM",
        ]
    }
    private static let page: JSON = [
        "certificates": [["cert_chain": [certificate("AB"), certificate("CD")], "ca_cert": [certificate("1")]]],
        "credentials": [
            ["name": "kubernetes://site", "cert_chain": [certificate("2")], "ca_cert": []],
            ["name": "kubernetes://site-cacert", "cert_chain": [], "ca_cert": [certificate("3"), certificate("4")]],
            ["name": "kubernetes://gone", "problem": "not found", "cert_chain": [], "ca_cert": []],
        ],
    ]

    @Test func `shows the workload's own, then credentials, in istioctl's columns`() {
        let now = Timestamp("2026-01-15T00:00:00Z") ?? .now
        let rows = SecretRow.rows(Self.page).map { $0.cells(now: now) }
        #expect(
            rows.map { $0[0] } == ["default", "ROOTCA"]
                + ["site", "site-cacert", "site-cacert", "gone"].map { "kubernetes://\($0)" }
        )
        #expect(rows.map { $0[1] } == ["Cert Chain", "CA", "Cert Chain", "CA", "CA", "Cert Chain"])
        #expect(rows[0][4] == String(repeating: "0", count: 30) + "ab")
        #expect(rows[2].suffix(2) == ["2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z"])
        #expect(rows.map { $0[3] } == ["true", "true", "true", "true", "true", "false"])
    }

    @Test func `a credential that has not come is warming`() {
        let row = SecretRow.rows(Self.page).last
        #expect(row?.cells(now: .now) == ["kubernetes://gone", "Cert Chain", "WARMING", "false", "", "", ""])
        #expect(row?.isActive == false)
    }

    @Test func `a certificate that is not valid now is told as such`() {
        let late = Timestamp("2026-03-01T00:00:00Z") ?? .now
        #expect(SecretRow.rows(Self.page).allSatisfy { $0.cells(now: late)[3] == "false" })
    }
}
