"""How requests reach Django: received whole before a thread is taken, answered without holding one for a slow reader.

Granian speaks HTTP and calls `config.asgi` on an event loop. There a body is received (`receiving`), a thread is taken in turn (`turns`),
and Django's WSGI application is called in it (`calling`). Slow clients cost a socket and some disk, never a thread or a transaction.
"""
