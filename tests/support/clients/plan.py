"""Python: http.client, one connection."""

import base64
import http.client
import sys
from pathlib import Path
from urllib.parse import urlsplit

connection = None
for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
    method, url, headers, body = line.split("\t")
    parts = urlsplit(url)
    connection = connection or http.client.HTTPConnection(parts.netloc, timeout=30)
    pairs = dict(pair.split(": ", 1) for pair in headers.split("|") if pair)
    connection.request(method, url[len(f"http://{parts.netloc}") :], base64.b64decode(body) or None, pairs)
    response = connection.getresponse()
    data = base64.b64encode(response.read()).decode()
    print(response.status, response.getheader("Location", ""), data, sep="\t")
if connection is not None:
    connection.close()
