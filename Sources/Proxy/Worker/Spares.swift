/// Things that are costly to make, kept for whoever needs one next: as many as were needed at the same time lately.
struct Spares<Element> {
    /// How many there are at most.
    let limit: Int
    private var elements: [Element] = []
    /// How many have stayed here since the last ``shrink()``.
    private var untouched = 0

    init(limit: Int) { self.limit = limit }

    var count: Int { elements.count }

    /// The one that came last, whose memory is the likeliest to be in the cache.
    mutating func take() -> Element? {
        let element = elements.popLast()
        untouched = min(untouched, elements.count)
        return element
    }

    mutating func give(_ element: Element) { if elements.count < limit { elements.append(element) } }

    /// Lets go of those that nobody has needed since this was called last.
    mutating func shrink() {
        elements.removeFirst(untouched)
        untouched = elements.count
    }
}
