"""The HTTP function of the tests as an ASGI application: uvicorn asgi:app. It answers in chunks."""

import asyncio

from work import wishes_of_query, work


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    wish = wishes_of_query(scope["query_string"].decode())
    body = await asyncio.to_thread(work, wish)
    await send({"type": "http.response.start", "status": wish["status"], "headers": []})
    await send({"type": "http.response.body", "body": body})
