internal import COpenSSL

/// Reading and writing as long as OpenSSL does it, and the bytes in between (``SocketBIO``).
extension TLSConnection {
    /// - Returns: How many octets came; nil when nothing is there now.
    func readThroughOpenSSL(into room: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        var total = 0
        // Safe: OpenSSL writes no more than the count of the room it is given.
        let verdict = unsafe fill(room, &total)
        mayHaveMore = verdict == SSL_ERROR_NONE || (total > 0 && verdict != SSL_ERROR_WANT_READ)
        switch verdict {
        case SSL_ERROR_NONE, SSL_ERROR_WANT_READ: break
        case SSL_ERROR_ZERO_RETURN: hasEnded = true
        default: fail(verdict)
        }
        if total > 0 { legacy.hasRead = true }
        legacy.notice()
        if legacy.isUnwanted { leaveOpenSSL() }
        return total == 0 && verdict == SSL_ERROR_WANT_READ ? nil : total
    }

    private func fill(_ room: UnsafeMutableBufferPointer<UInt8>, _ total: inout Int) -> CInt {
        guard let base = room.baseAddress else { return SSL_ERROR_NONE }
        while total < room.count {
            var count = 0
            let result = unsafe SSL_read_ex(ssl, base + total, room.count - total, &count)
            if result != 1 { return unsafe SSL_get_error(ssl, result) }
            total += count
            // Another call would make OpenSSL allocate its read buffer only to find nothing.
            if wire.isDrained, !wire.hasEarly, unsafe SSL_has_pending(ssl) == 0 { return SSL_ERROR_WANT_READ }
        }
        return SSL_ERROR_NONE
    }

    /// - Returns: How many octets are encrypted.
    func writeThroughOpenSSL(_ octets: UnsafeBufferPointer<UInt8>) -> Int {
        var total = 0
        guard let base = octets.baseAddress else { return 0 }
        defer { areMoreRecordsDue = nil }
        while total < octets.count {
            var count = 0
            // OpenSSL is asked to return after each record.
            areMoreRecordsDue = octets.count - total > RecordHeader.content
            // Safe: OpenSSL reads no more than the count it is given.
            let result = unsafe SSL_write_ex(ssl, base + total, octets.count - total, &count)
            if result != 1 {
                let verdict = unsafe SSL_get_error(ssl, result)
                if verdict != SSL_ERROR_WANT_READ { fail(verdict) }
                break
            }
            total += count
        }
        legacy.notice()
        return total
    }

    // For SocketBIO

    /// Gives OpenSSL what comes next; nil when there is nothing now, -1 when the socket is lost.
    ///
    /// OpenSSL asks for a record's header, and then for so much as that says. So it never holds a part of what comes after
    /// the record that it deals with, which is what ``leaveOpenSSL()`` counts on.
    func receive(_ room: UnsafeMutableRawBufferPointer) -> Int? {
        let isHeader = room.count == RecordHeader.count
        if isHeader, wire.earlyCount < RecordHeader.count {
            let received = wire.receiveEarly()
            guard case .octets = received else { return received.forOpenSSL }
            if wire.earlyCount < RecordHeader.count { return nil }
        }
        if isHeader { legacy.noteReadRecord() }
        return unsafe wire.hasEarly ? wire.takeEarly(into: room) : wire.receive(into: room).forOpenSSL
    }

    /// Takes records from OpenSSL: to the kernel at once, unless others wait or are to be gathered with them.
    func take(_ records: UnsafeRawBufferPointer) {
        unsafe legacy.noteWrittenRecords(records, isServer: isServer)
        let more = areMoreRecordsDue
        guard unsafe !wire.send(records, isGathered: more == nil, more: more == true), failure == nil else { return }
        fail(SSL_ERROR_SYSCALL)
    }
}

extension Wire.Received {
    /// As a count: 0 at the end, nil when there is nothing now, -1 when the socket is lost.
    fileprivate var forOpenSSL: Int? {
        switch self {
        case .octets(let count): count
        case .nothing: nil
        case .ended: 0
        case .lost: -1
        }
    }
}
