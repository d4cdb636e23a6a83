// A load generator with blocking threads, one for each connection: what it measures is not its own cleverness.
//
//   bench-load paced   --port P --rate R [options]   requests at due times; latency counts from the due time
//   bench-load steady  --port P [options]            one request after the other on kept connections
//   bench-load connect --port P [options]            a new connection for each request
//   bench-load hold    --port P [options]            opens connections, one request each; keeps them until stdin ends
//
// Options: --connections N, --seconds S, --path /1k, --host NAME, --expect OCTETS (the body's length);
// with TLS: --cert FILE --key FILE [--resume], offering ALPN istio-http/1.1, istio, http/1.1; or, as a browser would, without
// a certificate: --server-name NAME [--resume], offering http/1.1. Prints one line of JSON.
// Only ever connects to 127.0.0.1.
#define _GNU_SOURCE  // strcasestr
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static struct {
    const char *mode, *path, *host, *cert, *key, *server_name;
    int port, connections, resume;
    double rate, seconds;
} options = {.path = "/1k", .host = "web.bench:8000", .connections = 16, .seconds = 2};

static SSL_CTX *context;
static char request[1024];
static int request_length;
static atomic_long completed, failed, resumed, octets;
static double begin, end;

// A connection: a socket, perhaps with TLS on it, and what was read beyond the last response.
struct connection {
    int fd;
    SSL *tls;
};

struct thread {
    pthread_t id;
    int number;
    // Microseconds of each request.
    float *latencies;
    long count, capacity;
    // A session for the next connection (TLS 1.3 tickets are used once).
    SSL_SESSION *sessions[64];
    int session_count;
};

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("bench-load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(2);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void sleep_until(double moment) {
    struct timespec time = {.tv_sec = (time_t)moment, .tv_nsec = (long)((moment - (time_t)moment) * 1e9)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {}
}

static _Thread_local struct thread *current;

static int keep_session(SSL *tls, SSL_SESSION *session) {
    (void)tls;
    if (!options.resume || current->session_count == 64) return 0;
    current->sessions[current->session_count++] = session;
    return 1;
}

static void close_connection(struct connection *connection) {
    if (connection->tls) {
        SSL_shutdown(connection->tls);
        SSL_free(connection->tls);
    }
    if (connection->fd >= 0) close(connection->fd);
    *connection = (struct connection){.fd = -1};
}

static int open_connection(struct connection *connection) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *connection = (struct connection){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    int yes = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0) return 0;
    if (!context) return 1;
    connection->tls = SSL_new(context);
    SSL_set_fd(connection->tls, connection->fd);
    const char *name = options.server_name ? options.server_name : "outbound_.8000_._.web.bench";
    SSL_set_tlsext_host_name(connection->tls, (char *)name);
    if (current->session_count > 0) {
        SSL_SESSION *session = current->sessions[--current->session_count];
        SSL_set_session(connection->tls, session);
        SSL_SESSION_free(session);
    }
    if (SSL_connect(connection->tls) != 1) return 0;
    if (SSL_session_reused(connection->tls)) atomic_fetch_add(&resumed, 1);
    return 1;
}

static ssize_t receive(struct connection *connection, char *buffer, size_t size) {
    if (!connection->tls) return read(connection->fd, buffer, size);
    return SSL_read(connection->tls, buffer, (int)size);
}

static int transmit(struct connection *connection) {
    if (!connection->tls) return write(connection->fd, request, request_length) == request_length;
    return SSL_write(connection->tls, request, request_length) == request_length;
}

// One request and its whole response, which must be 200 and have a Content-Length.
static int exchange(struct connection *connection) {
    static _Thread_local char buffer[262144];
    if (!transmit(connection)) return 0;
    size_t filled = 0;
    char *body = NULL;
    while (!body) {
        ssize_t count = receive(connection, buffer + filled, sizeof buffer - 1 - filled);
        if (count <= 0) return 0;
        filled += count;
        buffer[filled] = 0;
        body = strstr(buffer, "\r\n\r\n");
    }
    if (strncmp(buffer, "HTTP/1.1 200", 12) != 0) return 0;
    char *length = strcasestr(buffer, "\r\ncontent-length:");
    if (!length || length > body) return 0;
    long missing = atol(length + 17) - (long)(filled - (body + 4 - buffer));
    atomic_fetch_add(&octets, atol(length + 17));
    while (missing > 0) {
        ssize_t count = receive(connection, buffer, sizeof buffer);
        if (count <= 0) return 0;
        missing -= count;
    }
    return missing == 0;
}

static void record(struct thread *thread, double seconds) {
    if (thread->count == thread->capacity) {
        thread->capacity = thread->capacity ? thread->capacity * 2 : 4096;
        thread->latencies = realloc(thread->latencies, thread->capacity * sizeof(float));
    }
    thread->latencies[thread->count++] = (float)(seconds * 1e6);
}

// Requests are due at even intervals, the threads' schedules shifted against each other; whoever is late stays late.
static void paced(struct thread *thread, struct connection *connection) {
    double interval = options.connections / options.rate;
    double due = begin + interval * thread->number / options.connections;
    for (; due < end; due += interval) {
        sleep_until(due);
        if (exchange(connection)) {
            record(thread, now() - due);
        } else {
            atomic_fetch_add(&failed, 1);
            close_connection(connection);
            if (!open_connection(connection)) return;
        }
    }
}

static void steady(struct thread *thread, struct connection *connection) {
    double last = now();
    while (last < end) {
        if (!exchange(connection)) {
            atomic_fetch_add(&failed, 1);
            close_connection(connection);
            if (!open_connection(connection)) return;
        }
        double time = now();
        record(thread, time - last);
        last = time;
    }
}

static void connecting(struct thread *thread) {
    double last = now();
    while (last < end) {
        struct connection connection;
        int good = open_connection(&connection) && exchange(&connection);
        if (good) atomic_fetch_add(&completed, 1); else atomic_fetch_add(&failed, 1);
        close_connection(&connection);
        double time = now();
        if (good) record(thread, time - last);
        last = time;
    }
}

static void *run(void *argument) {
    struct thread *thread = current = argument;
    if (strcmp(options.mode, "connect") == 0) {
        sleep_until(begin);
        connecting(thread);
        return NULL;
    }
    struct connection connection;
    if (!open_connection(&connection)) {
        atomic_fetch_add(&failed, 1);
        return NULL;
    }
    sleep_until(begin);
    if (strcmp(options.mode, "paced") == 0) paced(thread, &connection); else steady(thread, &connection);
    atomic_fetch_add(&completed, thread->count);
    close_connection(&connection);
    return NULL;
}

static int ascending(const void *left, const void *right) {
    float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

static void report(struct thread *threads) {
    long count = 0;
    for (int i = 0; i < options.connections; i++) count += threads[i].count;
    float *all = malloc((count + 1) * sizeof(float));
    long filled = 0;
    for (int i = 0; i < options.connections; i++) {
        memcpy(all + filled, threads[i].latencies, threads[i].count * sizeof(float));
        filled += threads[i].count;
    }
    qsort(all, count, sizeof(float), ascending);
    all[count] = count ? all[count - 1] : 0;
    printf("{\"completed\": %ld, \"failed\": %ld, \"resumed\": %ld, \"octets\": %ld, \"seconds\": %.3f, "
           "\"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, \"max\": %.1f}\n",
           completed, failed, resumed, octets, now() - begin,
           all[count / 2], all[count * 9 / 10], all[count * 99 / 100], all[count]);
}

static int hold(void) {
    struct connection *connections = calloc(options.connections, sizeof *connections);
    static struct thread only;
    current = &only;
    for (int i = 0; i < options.connections; i++)
        if (!open_connection(&connections[i]) || !exchange(&connections[i])) die("connection %d failed", i);
    printf("{\"held\": %d}\n", options.connections);
    fflush(stdout);
    while (getchar() != EOF) {}
    return 0;
}

static void read_options(int count, char **arguments) {
    if (count < 2) die("usage: bench-load paced|steady|connect|hold --port P [options]");
    options.mode = arguments[1];
    for (int i = 2; i < count; i++) {
        const char *name = arguments[i];
        if (strcmp(name, "--resume") == 0) {
            options.resume = 1;
            continue;
        }
        if (i + 1 == count) die("%s needs a value", name);
        const char *value = arguments[++i];
        if (strcmp(name, "--port") == 0) options.port = atoi(value);
        else if (strcmp(name, "--connections") == 0) options.connections = atoi(value);
        else if (strcmp(name, "--seconds") == 0) options.seconds = atof(value);
        else if (strcmp(name, "--rate") == 0) options.rate = atof(value);
        else if (strcmp(name, "--path") == 0) options.path = value;
        else if (strcmp(name, "--host") == 0) options.host = value;
        else if (strcmp(name, "--cert") == 0) options.cert = value;
        else if (strcmp(name, "--key") == 0) options.key = value;
        else if (strcmp(name, "--server-name") == 0) options.server_name = value;
        else die("unknown option %s", name);
    }
    if (options.port <= 0 || options.connections <= 0) die("--port and --connections must be positive");
    if (strcmp(options.mode, "paced") == 0 && options.rate <= 0) die("--rate must be positive");
}

static void prepare(void) {
    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int closes = strcmp(options.mode, "connect") == 0;
    request_length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", options.path, options.host,
                              closes ? "Connection: close\r\n" : "");
    if (!options.cert && !options.server_name) return;
    static const unsigned char protocols[] = "\x0eistio-http/1.1\x05istio\x08http/1.1", plain[] = "\x08http/1.1";
    context = SSL_CTX_new(TLS_client_method());
    if (options.server_name) {
        SSL_CTX_set_alpn_protos(context, plain, sizeof plain - 1);
    } else {
        // What a sidecar of Istio offers to another.
        SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1);
        SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-GCM-SHA256");
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
    }
    if (options.cert && (SSL_CTX_use_certificate_chain_file(context, options.cert) != 1
        || SSL_CTX_use_PrivateKey_file(context, options.key, SSL_FILETYPE_PEM) != 1))
        die("cannot use %s and %s", options.cert, options.key);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
}

int main(int count, char **arguments) {
    read_options(count, arguments);
    prepare();
    if (strcmp(options.mode, "hold") == 0) return hold();
    struct thread *threads = calloc(options.connections, sizeof *threads);
    begin = now() + 0.2;
    end = begin + options.seconds;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 512 * 1024);
    for (int i = 0; i < options.connections; i++) {
        threads[i].number = i;
        if (pthread_create(&threads[i].id, &attributes, run, &threads[i]) != 0) die("cannot start a thread");
    }
    for (int i = 0; i < options.connections; i++) pthread_join(threads[i].id, NULL);
    report(threads);
    return completed == 0;
}
