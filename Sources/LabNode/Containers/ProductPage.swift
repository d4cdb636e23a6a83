/// The first page of Istio's bookinfo sample, as far as examples about gateways need it.
enum ProductPage {
    /// A program for `python3 -c`, whose argument is the port.
    static let script = """
        import http.server, json, sys

        PRODUCTS = [{"id": 0, "title": "The Comedy of Errors", "descriptionHtml": "A play by William Shakespeare."}]
        PAGE = (b"<!DOCTYPE html><html><head><title>Simple Bookstore App</title>"
                b"<link rel='stylesheet' href='/static/style.css'></head>"
                b"<body><h1>The Comedy of Errors</h1></body></html>")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            server_version = "productpage"
            wbufsize = -1

            def answer(self, status, body=b"", type="text/html; charset=utf-8", fields={}):
                self.send_response(status)
                for name, value in {"Content-Type": type, "Content-Length": str(len(body)), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do_GET(self):
                path = self.path.split("?")[0]
                if path in ("/", "/productpage"):
                    self.answer(200, PAGE)
                elif path == "/health":
                    self.answer(200, b"Product page is healthy")
                elif path == "/api/v1/products":
                    self.answer(200, json.dumps(PRODUCTS).encode(), "application/json")
                elif path == "/static/style.css":
                    self.answer(200, b"body { font-family: sans-serif; }", "text/css")
                elif path in ("/login", "/logout"):
                    self.answer(302, fields={"Location": "/productpage"})
                else:
                    self.answer(404, b"not found")

            do_HEAD = do_GET

            def do_POST(self):
                self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 65536))
                self.do_GET()

            def log_message(self, *arguments):
                pass

        http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
        """
}
