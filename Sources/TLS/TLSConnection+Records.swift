internal import COpenSSL

/// Reading and writing when the handshake is forgotten.
extension TLSConnection {
    /// Gives back what only the handshake needed, some 15 KiB, as soon as nothing of it can come any more; nobody must want
    /// to know ``info`` then.
    ///
    /// Does nothing before TLS 1.3, and without ``KeySchedule``. Clients first wait for the tickets that a server sends
    /// before anything else.
    public func forgetHandshake() {
        legacy.isUnwanted = true
        leaveOpenSSL()
    }

    /// Goes on without OpenSSL's end, if it has told all and holds nothing.
    func leaveOpenSSL() {
        guard records == nil, isFinished, failure == nil, isServer || legacy.hasRead, let ssl = unsafe ssl,
            unsafe SSL_version(ssl) == TLS1_3_VERSION, unsafe SSL_has_pending(ssl) == 0,
            unsafe SSL_get_shutdown(ssl) == 0,
            let suite = RecordSuite(wireNumber: unsafe SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl))),
            let layer = legacy.recordLayer(suite, isServer: isServer)
        else { return }
        records = layer
        freeOpenSSL()
        mayHaveMore = mayHaveMore || wire.hasEarly
    }

    // Reading

    /// - Returns: How many octets came; nil when nothing is there now.
    func readRecords(into room: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        if room.isEmpty { return 0 }
        if !opened.isEmpty { return unsafe takeOpened(into: room) }
        let scratch = Scratch()
        var total = 0
        var records = unsafe 0..<wire.takeEarly(into: UnsafeMutableRawBufferPointer(scratch.all))
        var wantsMore = true
        repeat {
            wantsMore = unsafe open(&records, scratch, into: room, &total)
        } while wantsMore && receive(&records, scratch)
        unsafe wire.keepEarly(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(scratch.all)[records]))
        // Where it did not come to a look at the socket, nobody knows what that has; and how it ended is told next time.
        mayHaveMore = !wantsMore || failure != nil
        return total == 0 && failure == nil && !hasEnded ? nil : total
    }

    /// Opens records as long as they are whole and there is room; false when no more are wanted.
    private func open(
        _ arrived: inout Range<Int>,
        _ scratch: borrowing Scratch,
        into room: UnsafeMutableBufferPointer<UInt8>,
        _ total: inout Int
    ) -> Bool {
        guard let layer = records, let base = room.baseAddress else { return false }
        while total < room.count {
            guard arrived.count >= RecordHeader.count else { return true }
            // Safe: the record lies within the scratch, or is found impossible by its header.
            let record = unsafe scratch.octets + arrived.lowerBound
            let header = unsafe RecordHeader(record)
            let size = RecordHeader.count + header.length
            guard size <= arrived.count || !header.isPossible else { return true }
            let fits = header.length - RecordSuite.tag - 1 <= room.count - total
            if !fits, total > 0 { return false }
            let out = unsafe fits ? base + total : record + RecordHeader.count
            let content = unsafe layer.open(record, header, into: out)
            arrived = min(arrived.lowerBound + size, arrived.upperBound)..<arrived.upperBound
            if case .data(let count) = content {
                total += count
                if !fits {
                    unsafe opened = Array(UnsafeBufferPointer(start: out, count: count))
                    total = unsafe takeOpened(into: room)
                }
            } else if !obey(content) {
                arrived = arrived.upperBound..<arrived.upperBound
                return false
            }
        }
        return false
    }

    /// Does what a record without data asks for; false when the connection is over.
    private func obey(_ content: RecordLayer.Content) -> Bool {
        switch content {
        case .data, .nothing: return true
        case .ended: hasEnded = true
        case .alert(let alert):
            alertReceived = alert
            fail(TLSFailure(kind: .rejectedByPeer, reason: "\(alert)", alertReceived: alert, alertSent: nil))
        case .violation(let alert):
            sendAlert(alert)
            alertSent = alert
            fail(TLSFailure(kind: .protocolError, reason: alert.accusation, alertReceived: nil, alertSent: alert))
        }
        return false
    }

    /// Adds what the socket has to what has arrived; false when that is nothing.
    private func receive(_ arrived: inout Range<Int>, _ scratch: borrowing Scratch) -> Bool {
        if wire.isDrained { return false }
        // Safe: both lie within the scratch.
        let (octets, start) = unsafe (scratch.octets, arrived.lowerBound)
        if start > 0 { unsafe octets.update(from: octets + start, count: arrived.count) }
        arrived = 0..<arrived.count
        let all = unsafe UnsafeMutableRawBufferPointer(scratch.all)
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: all[arrived.count...])
        switch unsafe wire.receive(into: room) {
        case .octets(let count):
            arrived = 0..<(arrived.count + count)
            return true
        case .nothing: break
        case .ended, .lost: fail(SSL_ERROR_SYSCALL)
        }
        return false
    }

    /// Takes from what was opened before, for which there was no room.
    private func takeOpened(into room: UnsafeMutableBufferPointer<UInt8>) -> Int {
        let count = min(room.count, opened.count)
        // Safe: there are so many on either side.
        unsafe opened.withUnsafeBufferPointer { _ = unsafe room.update(from: $0[..<count]) }
        opened.removeFirst(count)
        mayHaveMore = true
        return count
    }

    // Writing

    /// - Returns: How many octets are encrypted: all, unless the connection is lost.
    func writeRecords(_ octets: UnsafeBufferPointer<UInt8>) -> Int {
        let isDone = unsafe send { layer, room in
            var (taken, filled) = (0, 0)
            while taken < octets.count {
                let part = unsafe UnsafeBufferPointer(rebasing: octets[taken...].prefix(RecordHeader.content))
                // Safe: there is room for so many full records and a change of the key.
                guard let count = unsafe layer.seal(part, into: room + filled) else { return nil }
                (taken, filled) = (taken + part.count, filled + count)
            }
            return filled
        }
        return isDone ? octets.count : 0
    }

    /// Tells the peer why this side ends, once.
    func sendAlert(_ alert: TLSAlert) {
        if hasFinishedSending { return }
        hasFinishedSending = true
        _ = unsafe send { layer, room in unsafe layer.sealAlert(alert, into: room) }
    }

    /// Sends the records that `seal` puts into the room it is given, of which it says how much it has used.
    private func send(_ seal: (RecordLayer, UnsafeMutablePointer<UInt8>) -> Int?) -> Bool {
        guard let records else { return false }
        let scratch = Scratch()
        guard let count = unsafe seal(records, scratch.octets) else {
            fail(SSL_ERROR_SSL)
            return false
        }
        // Safe: so much of the scratch has been written.
        if unsafe wire.send(UnsafeRawBufferPointer(start: scratch.octets, count: count)) { return true }
        if failure == nil { fail(SSL_ERROR_SYSCALL) }
        return false
    }
}

extension TLSAlert {
    /// What the peer has done to be told this, in OpenSSL's words.
    fileprivate var accusation: String {
        switch self {
        case .badRecordMAC: "decryption failed or bad record mac"
        case .recordOverflow: "packet length too long"
        default: description.replacing("_", with: " ")
        }
    }
}
