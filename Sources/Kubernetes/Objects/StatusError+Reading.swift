public import JSON

extension StatusError {
    /// Reads a `Status` object, as an HTTP body or a watch's `ERROR` event carries it; nil for any other object.
    public init?(_ json: JSON) {
        guard json.kind == "Status", json["status"]?.string != "Success" else { return nil }
        self.init(
            code: json["code"]?.int.flatMap { Int(exactly: $0) } ?? 500,
            reason: json["reason"]?.string ?? "",
            message: json["message"]?.string ?? "the server gave no reason",
            details: json["details"]
        )
    }
}
