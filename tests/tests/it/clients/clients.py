# Sends the requests on standard input with the client in the argument, as its users do: with the URL as a string.
# Prints the response to each.

import asyncio, base64, json, sys


def response_of(status, size, body=b""):
    return {"status": status, "size": int(size), "body": base64.b64encode(body).decode()}


async def with_aiohttp(requests):
    import aiohttp, yarl

    async with aiohttp.ClientSession() as session:
        responses = []
        for request in requests:
            url = yarl.URL(request["url"], encoded=True) if request["as_it_is"] else request["url"]
            async with session.request(request["method"], url) as response:
                body = await response.read()
                responses.append(response_of(response.status, response.headers["content-length"], body))
        return responses


def with_fsspec(requests):
    import aiohttp, fsspec

    def send(request):
        http = fsspec.filesystem("http", encoded=request["as_it_is"], skip_instance_cache=True)
        try:
            if request["method"] == "HEAD":
                return response_of(200, http.info(request["url"])["size"])
            body = http.cat_file(request["url"])
            return response_of(200, len(body), body)
        except aiohttp.ClientResponseError as error:
            return response_of(error.status, 0)

    return [send(request) for request in requests]


def with_httpx(requests):
    import httpx

    with httpx.Client(trust_env=False) as client:
        sent = [client.request(request["method"], request["url"]) for request in requests]
    return [response_of(response.status_code, response.headers["content-length"], response.content) for response in sent]


def with_requests(requests):
    import requests as library

    with library.Session() as session:
        session.trust_env = False
        sent = [session.request(request["method"], request["url"]) for request in requests]
    return [response_of(response.status_code, response.headers["content-length"], response.content) for response in sent]


def with_aiohttp_to_the_end(requests):
    return asyncio.run(with_aiohttp(requests))


clients = {
    "aiohttp": with_aiohttp_to_the_end,
    "fsspec": with_fsspec,
    "httpx": with_httpx,
    "requests": with_requests,
}
json.dump(clients[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
