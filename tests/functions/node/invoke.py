"""invoke.py URL N SEED PATH: N requests of 0 to 200 ms each, one after the other, on one connection. PATH holds {ms}
for an HTTP function; without it the wait goes as a JSON event by POST. Prints what each took at the client, in ms."""
import http.client
import json
import random
import sys
import time
import urllib.parse

url, n, seed, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
randoms = random.Random(seed)
for _ in range(n):
    ms = randoms.randint(0, 200)
    start = time.monotonic()
    if '{ms}' in path:
        connection.request('GET', path.replace('{ms}', str(ms)))
    else:
        connection.request('POST', path, json.dumps({'ms': ms}))
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        sys.exit(f'status {answer.status}')
    print((time.monotonic() - start) * 1000)
