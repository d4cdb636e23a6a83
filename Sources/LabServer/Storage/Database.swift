import Base
import CSQLite
import Glibc
import JSON

/// The SQLite file that holds every object; used by one task at a time.
///
/// Write-ahead log with `synchronous=FULL`: a commit that returned is on the disk.
@safe final class Database {
    /// Pages of 4 KiB in the write-ahead log after which it is emptied.
    static let logLimit = 256

    private let handle: OpaquePointer

    /// Opens or makes the file.
    ///
    /// - Throws: ``MeshError`` that names the file, also when another process holds it.
    init(path: String) throws(MeshError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard let handle = unsafe opened, code == SQLITE_OK else {
            unsafe sqlite3_close(opened)
            let reason = unsafe String(cString: sqlite3_errstr(code))
            throw MeshError(.unavailable, "cannot open the database \(path): \(reason)")
        }
        unsafe self.handle = handle
        do {
            try execute("PRAGMA locking_mode=EXCLUSIVE")
            try execute("PRAGMA journal_mode=WAL")
            try execute("PRAGMA synchronous=FULL")
            try execute("PRAGMA wal_autocheckpoint=\(Self.logLimit)")
            try execute("CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
            try execute(
                """
                CREATE TABLE IF NOT EXISTS objects (resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
                revision INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (resource, namespace, name)) WITHOUT ROWID
                """
            )
        } catch {
            throw MeshError(.unavailable, "cannot use the database \(path)", cause: error)
        }
    }

    deinit { unsafe sqlite3_close(handle) }

    /// Everything committed, and the revision of the last write.
    func load() throws -> (objects: [StorageKey: StoredObject], revision: Int64) {
        var revision: Int64 = 0
        try query("SELECT value FROM settings WHERE name = 'revision'") { row in revision = row.integer(0) }
        var objects: [StorageKey: StoredObject] = [:]
        try query("SELECT resource, namespace, name, revision, value FROM objects") { row in
            let key = StorageKey(resource: row.text(0), namespace: row.text(1), name: row.text(2))
            objects[key] = StoredObject(value: try JSON(parsing: row.blob(4)), revision: row.integer(3))
        }
        return (objects, revision)
    }

    /// Makes all `changes` durable, or none of them.
    ///
    /// - Throws: ``MeshError`` (`unavailable`), for example when the disk is full.
    func commit(_ changes: [Change], revision: Int64) throws(MeshError) {
        try execute("BEGIN IMMEDIATE")
        do {
            for change in changes { try apply(change) }
            try run("INSERT OR REPLACE INTO settings VALUES ('revision', ?)", [.integer(revision)])
            try execute("COMMIT")
        } catch {
            try? execute("ROLLBACK")  // Fails when SQLite has already rolled back, which is as good.
            throw error
        }
    }

    /// Moves what the write-ahead log holds to where it belongs, and gives the log's room back.
    func shrinkLog() {
        try? execute("PRAGMA wal_checkpoint(TRUNCATE)")  // Where that fails there is no room for it yet.
    }

    /// Keeps the file from growing beyond so many pages, as a full disk would.
    func limitSize(pages: Int) throws(MeshError) { try execute("PRAGMA max_page_count = \(pages)") }

    private func apply(_ change: Change) throws(MeshError) {
        let key: [Value] = [.text(change.key.resource), .text(change.key.namespace), .text(change.key.name)]
        if let new = change.new {
            try run(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
                key + [.integer(new.revision), .blob(new.value.bytes())]
            )
        } else {
            try run("DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?", key)
        }
    }

    // MARK: Statements

    private enum Value {
        case text(String)
        case integer(Int64)
        case blob([UInt8])
    }

    private func failure() -> MeshError {
        let reason = unsafe String(cString: sqlite3_errmsg(handle))
        let path = unsafe sqlite3_db_filename(handle, "main").map { unsafe String(cString: $0) } ?? ""
        return MeshError(.unavailable, "database \(path): \(reason)")
    }

    private func execute(_ statement: String) throws(MeshError) {
        guard unsafe sqlite3_exec(handle, statement, nil, nil, nil) == SQLITE_OK else { throw failure() }
    }

    private func run(_ statement: String, _ values: [Value]) throws(MeshError) {
        let prepared = try unsafe Statement(handle: handle, statement, values)
        guard unsafe sqlite3_step(prepared.handle) == SQLITE_DONE else { throw failure() }
    }

    private func query(_ statement: String, _ body: (Statement) throws -> Void) throws {
        let prepared = try unsafe Statement(handle: handle, statement, [])
        while true {
            switch unsafe sqlite3_step(prepared.handle) {
            case SQLITE_ROW: try body(prepared)
            case SQLITE_DONE: return
            default: throw failure()
            }
        }
    }

    @safe private final class Statement {
        let handle: OpaquePointer

        init(handle database: OpaquePointer, _ text: String, _ values: [Value]) throws(MeshError) {
            var prepared: OpaquePointer?
            guard unsafe sqlite3_prepare_v2(database, text, -1, &prepared, nil) == SQLITE_OK,
                let handle = unsafe prepared
            else {
                let reason = unsafe String(cString: sqlite3_errmsg(database))
                throw MeshError(.unavailable, "database: \(reason)")
            }
            unsafe self.handle = handle
            for (index, value) in values.enumerated() { bind(value, at: CInt(index + 1)) }
        }

        deinit { unsafe sqlite3_finalize(handle) }

        private func bind(_ value: Value, at index: CInt) {
            // Safe: SQLITE_TRANSIENT (-1) has SQLite copy the bytes before the call returns.
            let transient = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            switch value {
            case .text(let text):
                unsafe sqlite3_bind_text(handle, index, text, CInt(text.utf8.count), transient)
            case .integer(let number): unsafe sqlite3_bind_int64(handle, index, number)
            case .blob(let bytes):
                unsafe sqlite3_bind_blob(handle, index, bytes, CInt(bytes.count), transient)
            }
        }

        func integer(_ column: CInt) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

        func text(_ column: CInt) -> String { String(decoding: blob(column), as: UTF8.self) }

        func blob(_ column: CInt) -> [UInt8] {
            let count = Int(unsafe sqlite3_column_bytes(handle, column))
            guard count > 0, let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
            // Safe: SQLite keeps `count` octets at `start` until the statement is stepped again.
            return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
        }
    }
}
