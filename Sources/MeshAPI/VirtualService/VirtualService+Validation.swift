extension VirtualService {
    public func validate(in context: ValidationContext) -> Validation {
        var result = Validation()
        for host in hosts { if let problem = domainNameProblem(host, allowsWildcard: true) { result.error(problem) } }
        result.warn("the routes of a VirtualService are not applied yet")
        return result + validateExportTo(exportTo, namespace: metadata.namespace)
    }
}
