"""The HTTP function of the tests as a WSGI application: gunicorn wsgi:app."""

from work import wishes_of_query, work


def app(environ, start_response):
    environ["wsgi.input"].read()
    wish = wishes_of_query(environ.get("QUERY_STRING", ""))
    body = work(wish)
    start_response(f"{wish['status']} Asked", [("Content-Length", str(len(body)))])
    return [body]
