/// The release of Kubernetes whose API the lab serves, as its server and its node say it.
public enum KubernetesRelease {
    public static let emulated = "v1.32.4"
}
