import Base
import JSON
import Kubernetes
import Synchronization

/// The API server's behaviour without HTTP: every read and write of an object passes here.
final class Registry: Sendable {
    let store: Store
    let issuer: TokenIssuer
    private let builtIn: [ResourceDefinition]
    private let currentCatalog: Mutex<ResourceCatalog>
    private let currentAdmission = Mutex<any Admission>(OpenAdmission())
    let snapshots = ListSnapshots()

    /// - Parameter store: Its CustomResourceDefinitions are served at once.
    init(store: Store, builtIn: [ResourceDefinition], issuer: TokenIssuer) {
        self.store = store
        self.issuer = issuer
        self.builtIn = builtIn
        currentCatalog = Mutex(ResourceCatalog(builtIn))
        reloadCustomResources()
    }

    var catalog: ResourceCatalog { currentCatalog.withLock { $0 } }

    var admission: any Admission {
        get { currentAdmission.withLock { $0 } }
        set { currentAdmission.withLock { $0 = newValue } }
    }

    /// Serves what the stored CustomResourceDefinitions say; to be called after each change of one.
    func reloadCustomResources() {
        // Inside the lock, so that of two reloads the one that saw more is the last.
        currentCatalog.withLock { catalog in
            catalog = ResourceCatalog(builtIn + CustomResources.definitions(in: store.index))
        }
    }

    /// - Throws: ``StatusError`` (404) when the server does not have it.
    func definition(_ type: ResourceType) throws -> ResourceDefinition {
        let found = catalog.definition(group: type.group, version: type.version, plural: type.plural)
        guard let found else { throw StatusError.pathNotFound() }
        return found
    }

    func get(_ definition: ResourceDefinition, namespace: String?, name: String) throws -> JSON {
        guard let found = store.index[definition.key(namespace: namespace, name: name)] else {
            throw StatusError.notFound(definition.type, name)
        }
        return definition.shown(found.value)
    }
}
