/// The version of this build: of every program, and the tag of the images that go with it.
public enum Version {
    public static let current = "0.1.0"
}
