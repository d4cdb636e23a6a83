/// Which end of an HTTP/2 connection one is.
public enum HTTP2Role: Sendable { case client, server }
