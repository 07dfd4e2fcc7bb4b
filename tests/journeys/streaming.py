"""A WSGI application that streams, behind the one that carries requests to Django: for tests, served by the real server."""

from config.serving.application import Application

THREADS = 2
LINES = 400_000
alive = 0  # streams that are being made


def lines(count, *, breaks_at=None):
    global alive
    alive += 1
    try:
        for n in range(count):
            if n == breaks_at:
                raise RuntimeError("the database went away")
            yield b"%064d\n" % n
    finally:
        alive -= 1


class Streamed:
    streaming = True

    def __init__(self, parts):
        self.parts = parts

    def __iter__(self):
        return iter(self.parts)

    def close(self):
        self.parts.close()


def wsgi(environ, start_response):
    path = environ["PATH_INFO"]
    said = b"%06d" % alive
    length = [] if path in ("/stream", "/broken") else [("Content-Length", str(len(said)))]
    start_response("200 OK", [("Content-Type", "text/plain"), *length])
    if path == "/stream":
        return Streamed(lines(LINES))
    if path == "/broken":
        return Streamed(lines(LINES, breaks_at=LINES - 1))
    return [said]


def admit(headers):
    return True


application = Application(wsgi, threads=THREADS, max_bytes=1 << 20, admit=admit, forwarded=False)
