#!/usr/bin/env python3
"""Side by side: bare mod_proxy, the same with mod_user_audit, and with ModSecurity 2.9, in front of the
same fast backend, in turn (A B C A B C ...), so that a machine whose speed drifts slows all of them.

Prints medians with their spread, and each ratio to bare mod_proxy of the same round.

    bench/run.py [--build DIR] [--rounds N] [--seconds S] [--only NAME,...]

Needs wrk and nginx (backend), and libapache2-mod-security2 for the third; the module built.
"""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
HTTPD = "/usr/sbin/apache2"
MODULES = "/usr/lib/apache2/modules"
ANSWER = '{"jsonrpc": "2.0", "id": 7, "result": [{"id": 42}]}'
COOKIE = "session_id=" + "0123456789abcdef0123456789abcdef01234567"

BASE_MODULES = ["mpm_event", "authz_core", "headers", "proxy", "proxy_http", "reqtimeout"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")


def web_save_body(size=800):
    """A form's save as Odoo 17 to 19 send it, filled up to the size."""
    body = {
        "id": 7, "jsonrpc": "2.0", "method": "call",
        "params": {
            "model": "res.partner", "method": "web_save",
            "args": [[42], {"name": "Azure Interior", "phone": "+1 555 0100", "comment": ""}],
            "kwargs": {"context": {"lang": "en_US", "tz": "Europe/Brussels", "uid": 2,
                                   "allowed_company_ids": [1]},
                       "specification": {"name": {}, "phone": {}, "comment": {}}},
        },
    }
    values = body["params"]["args"][1]
    values["comment"] = "x" * max(0, size - len(json.dumps(body)))
    return json.dumps(body)


def attachment_body(size):
    body = json.loads(web_save_body(0))
    body["params"]["args"][1]["image_1920"] = "QUJD" * (size // 4)
    return json.dumps(body)


class Backend:
    """nginx answers every path with one constant, keep-alive, body read and thrown away."""

    def __init__(self, folder):
        self.port = free_port()
        self.folder = folder
        conf = folder / "nginx.conf"
        conf.write_text(f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000; client_max_body_size 0;
 client_body_temp_path {folder}/body; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
 uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
 server {{ listen 127.0.0.1:{self.port}; default_type application/json;
  location / {{ return 200 '{ANSWER}'; }} }} }}
""")
        self.process = subprocess.Popen(["nginx", "-c", str(conf)], stderr=subprocess.DEVNULL)
        wait_for(self.port)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Httpd:
    """A private httpd with one of the three set-ups."""

    def __init__(self, name, folder, backend, extra_modules, server_lines, host_lines):
        self.name, self.port = name, free_port()
        root = folder / name
        root.mkdir()
        root.chmod(0o777)
        loads = "\n".join(f"LoadModule {m}_module {MODULES}/mod_{m}.so" for m in BASE_MODULES)
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        conf = root / "httpd.conf"
        conf.write_text(f"""
ServerRoot {root}
ServerName localhost
PidFile {root}/httpd.pid
DefaultRuntimeDir {root}
Listen 127.0.0.1:{self.port}
ErrorLog {root}/error.log
{loads}
{extra_modules}
{user}
MaxKeepAliveRequests 0
StartServers 2
ThreadsPerChild 64
MaxRequestWorkers 128
{server_lines.format(root=root)}
<VirtualHost *:{self.port}>
 {host_lines.format(root=root)}
 ProxyPass /audit-admin !
 ProxyPass / http://127.0.0.1:{backend.port}/ keepalive=On
</VirtualHost>
""")
        self.root = root
        self.process = subprocess.Popen([HTTPD, "-f", str(conf), "-DFOREGROUND"])
        wait_for(self.port)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def set_ups(build):
    """Name, modules, lines of the server and of the virtual host."""
    yield "bare", "", "", ""
    module = build / ".libs" / "mod_user_audit.so"
    yield ("audit", f"LoadModule user_audit_module {module}", "UserAuditStateDir {root}/state",
           "UserAudit On")
    security = pathlib.Path(MODULES) / "mod_security2.so"
    if security.exists():
        yield ("modsecurity",
               f"LoadModule unique_id_module {MODULES}/mod_unique_id.so\n"
               f"LoadModule security2_module {security}",
               "SecDataDir {root}", """SecRuleEngine DetectionOnly
 SecRequestBodyAccess On
 SecRequestBodyLimit 134217728
 SecRequestBodyNoFilesLimit 134217728
 SecRule REQUEST_HEADERS:Content-Type "^application/json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
 SecAuditEngine On
 SecAuditLogFormat JSON
 SecAuditLogParts ABCFHZ
 SecAuditLogType Serial
 SecAuditLog {root}/audit.log
 SecTmpDir {root}""")


def wrk(port, script, seconds, connections):
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s",
                          str(script), f"http://127.0.0.1:{port}/web/dataset/call_kw/res.partner/web_save"],
                         capture_output=True, text=True, check=True).stdout
    numbers = {"rate": 0.0}
    for line in out.splitlines():
        words = line.split()
        if line.startswith("Requests/sec"):
            numbers["rate"] = float(words[1])
        elif words[:1] in (["50%"], ["99%"]):
            numbers["p" + words[0][:-1]] = milliseconds(words[1])
        elif "Non-2xx" in line or "Socket errors" in line:
            print("  !", line.strip(), file=sys.stderr)
    return numbers


def milliseconds(text):
    for unit, factor in (("us", 0.001), ("ms", 1.0), ("s", 1000.0)):
        if text.endswith(unit):
            return float(text[:-len(unit)]) * factor
    return float(text)


def wrk_script(folder, body):
    data = folder / "body.json"
    data.write_text(body)
    script = folder / "post.lua"
    script.write_text(f"""
local file = io.open("{data}", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Cookie"] = "{COOKIE}"
""")
    return script


def bench_throughput(servers, folder, args):
    script = wrk_script(folder, web_save_body())
    for server in servers:
        wrk(server.port, script, 2, 32)
    return {server.name: results for server, results in rounds(
        servers, args.rounds, lambda server: wrk(server.port, script, args.seconds, 32))}


def post_time(port, body, times):
    """Seconds for each of some posts of one body over one connection, by curl."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(body)
        file.flush()
        url = f"http://127.0.0.1:{port}/web/dataset/call_kw/res.partner/web_save"
        out = subprocess.run(["curl", "-s", "-w", "%{time_total}\n", "-H",
                              "Content-Type: application/json", "-H", f"Cookie: {COOKIE}", "-H",
                              "Expect:", "--data-binary", f"@{file.name}"] + ["-o", "/dev/null", url] * times,
                             capture_output=True, text=True, check=True).stdout
    return {"ms": 1000 * statistics.median(float(line) for line in out.split())}


def bench_attachment(size):
    def run(servers, folder, args):
        body = attachment_body(size)
        for server in servers:
            post_time(server.port, body, 1)
        return {server.name: results for server, results in rounds(
            servers, args.rounds, lambda server: post_time(server.port, body, 5))}
    return run


def rounds(servers, count, measure):
    results = {server: [] for server in servers}
    for _ in range(count):
        for server in servers:
            results[server].append(measure(server))
    return results.items()


BENCHES = {
    "web_save": bench_throughput,
    "attachment_8mb": bench_attachment(8 << 20),
    "attachment_64mb": bench_attachment(64 << 20),
}


def report(name, results):
    print(f"\n{name}")
    bare = results["bare"]
    for server, runs in results.items():
        for figure in runs[0]:
            values = [run[figure] for run in runs]
            ratios = [run[figure] / base[figure] for run, base in zip(runs, bare) if base[figure]]
            print(f"  {server:12} {figure:5} median {statistics.median(values):10.2f} "
                  f"({min(values):.2f} .. {max(values):.2f})  ratio to bare "
                  f"{statistics.median(ratios):.3f} ({min(ratios):.3f} .. {max(ratios):.3f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=TOP / "build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--only", default=",".join(BENCHES))
    parser.add_argument("--without", default="", help="set-ups to leave out, e.g. modsecurity")
    parser.add_argument("--keep", action="store_true", help="leave logs and databases behind")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="audit-bench-"))
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack:
        if args.keep:
            print(f"kept in {folder}")
        else:
            stack.callback(shutil.rmtree, folder)
        backend = Backend(folder)
        stack.callback(backend.stop)
        servers = []
        for name, *lines in set_ups(args.build.resolve()):
            if name not in args.without.split(","):
                servers.append(Httpd(name, folder, backend, *lines))
                stack.callback(servers[-1].stop)
        for name in args.only.split(","):
            report(name, BENCHES[name](servers, folder, args))


if __name__ == "__main__":
    main()
