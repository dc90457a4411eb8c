"""nginx and Apache as ``docs/proxies.md`` sets them up, in front of a running server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import ROOT, RunningServer, free_port, running

PAGE = ROOT / "docs" / "proxies.md"
PROGRAMS = {"nginx": "nginx", "apache": "apache2"}
_NGINX = """daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log stderr warn;
events {{}}
http {{
access_log off;
client_body_temp_path {folder}/body;
proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi;
scgi_temp_path {folder}/scgi;
{block}
}}
"""
_APACHE = """ServerRoot {folder}
ServerName crm.example.org
PidFile {folder}/pid
ErrorLog /dev/stderr
DefaultRuntimeDir {folder}
Mutex file:{folder}
Listen 127.0.0.1:{port}
User www-data
Group www-data
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
{block}
"""
MODULES = Path("/usr/lib/apache2/modules")


def program(name: str) -> str | None:
    """The proxy's program, if this machine has it."""
    return shutil.which(PROGRAMS[name], path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def block(language: str) -> str:
    """The page's block for a proxy."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, language
    return found[1]


@contextmanager
def proxied(name: str, server: RunningServer, folder: Path, *, bare: bool = False) -> Iterator[RunningServer]:
    """The proxy before that server until the block ends; `bare` is nginx with nothing but ``proxy_pass``."""
    found = program(name)
    assert found is not None
    folder.mkdir()
    # Apache's workers are another user when it is started by root.
    folder.chmod(0o755)
    port = free_port()
    text = block(name).replace("127.0.0.1:8080", f"{server.host}:{server.port}")
    if bare:
        text = f"server {{ listen 80; location / {{ proxy_pass http://{server.host}:{server.port};"
        text += " proxy_set_header X-Forwarded-For $remote_addr; } }"
    if name == "nginx":
        text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
        text = _NGINX.format(user="user root;" if os.geteuid() == 0 else "", folder=folder, block=text)
    else:
        text = text.replace("*:80>", f"127.0.0.1:{port}>")
        text = _APACHE.format(folder=folder, block=text, port=port, modules=MODULES)
    file = folder / "proxy.conf"
    file.write_text(text, encoding="utf-8")
    words = [found, *(("-p", str(folder), "-c") if name == "nginx" else ("-D", "FOREGROUND", "-f")), str(file)]
    done = subprocess.run([*words, "-t"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    with running(words, port=port) as proxy:
        yield proxy
