"""Load, and what it measures."""
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from servers import PATIENCE, WRITE

COOKIE = "session_id=" + "0123456789abcdef0123456789abcdef01234567"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CONNECTIONS = 32


def call_body(method, arguments, keywords, size=0, filled="comment"):
    """A call as Odoo 17 to 19 send it; a field of its first dictionary filled up to the size."""
    keywords = {"context": {"lang": "en_US", "tz": "Europe/Brussels", "uid": 2, "allowed_company_ids": [1]},
                **keywords}
    body = {"id": 7, "jsonrpc": "2.0", "method": "call",
            "params": {"model": "res.partner", "method": method, "args": arguments, "kwargs": keywords}}
    if size:
        arguments[1][filled] = "x" * max(0, size - len(json.dumps(body)))
    return json.dumps(body)


def web_save_body(size=800):
    values = {"name": "Azure Interior", "phone": "+1 555 0100", "comment": ""}
    return call_body("web_save", [[42], values], {"specification": {"name": {}, "phone": {}, "comment": {}}}, size)


def read_body():
    return call_body("web_search_read", [], {"domain": [], "limit": 200, "specification": {
        "display_name": {}, "email": {}, "phone": {}, "country_id": {"fields": {"display_name": {}}}, "active": {}}})


def attachment_body(size):
    return call_body("web_save", [[42], {"image_1920": "QUJD" * (size // 4)}], {"specification": {}})


def milliseconds(text):
    for unit, factor in (("us", 0.001), ("ms", 1.0), ("s", 1000.0)):
        if text.endswith(unit):
            return float(text[:-len(unit)]) * factor
    return float(text)


def script_of(folder, name, body):
    lines = ['wrk.headers["Cookie"] = "%s"' % COOKIE, 'wrk.headers["User-Agent"] = "%s"' % AGENT]
    if body:
        data = folder / f"{name}.json"
        data.write_text(body)
        lines += [f'local file = io.open("{data}", "rb")', 'wrk.method = "POST"', 'wrk.body = file:read("*a")',
                  'wrk.headers["Content-Type"] = "application/json"']
    script = folder / f"{name}.lua"
    script.write_text("\n".join(lines) + "\n")
    return script


def wrk(server, path, script, seconds):
    """At saturation. Processor time counts until the keeper has stored the last event."""
    server.settle()
    before = server.processor_time()
    out = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script),
                          f"http://127.0.0.1:{server.port}{path}"], capture_output=True, text=True, check=True,
                         timeout=seconds + PATIENCE).stdout
    server.settle()
    numbers, requests = {}, 0
    for line in out.splitlines():
        words = line.split()
        if line.startswith("Requests/sec"):
            numbers["requests/s"] = float(words[1])
        elif "requests in" in line:
            requests = int(words[0])
        elif words[:1] in (["50%"], ["99%"]):
            numbers[f"p{words[0][:-1]} ms"] = milliseconds(words[1])
        elif "Non-2xx" in line or "Socket errors" in line:
            print(f"  ! {server.name}: {line.strip()}", file=sys.stderr)
    spent = [1e6 * (now - then) / requests for now, then in zip(server.processor_time(), before)]
    numbers["httpd us"], numbers["keeper us"] = spent
    return numbers


def paced(server, path, folder, body, rate, seconds):
    """At a given rate, by h2load: latency without a queue."""
    data, log = folder / "paced.json", folder / "paced.log"
    data.write_text(body)
    log.unlink(missing_ok=True)
    clients = 16
    subprocess.run(["h2load", "--h1", "-t1", f"-c{clients}", f"--rps={max(1, rate // clients)}", "-n",
                    str(rate * seconds), "-d", str(data), "-H", "Content-Type: application/json", "-H",
                    f"Cookie: {COOKIE}", "-H", f"User-Agent: {AGENT}", f"--log-file={log}",
                    f"http://127.0.0.1:{server.port}{path}"], stdout=subprocess.DEVNULL, check=True,
                   timeout=seconds + PATIENCE)
    times = sorted(int(line.split()[2]) for line in log.read_text().splitlines())
    server.settle()
    return {"p50 ms": times[len(times) // 2] / 1000, "p99 ms": times[len(times) * 99 // 100] / 1000}


class Watch(threading.Thread):
    """The most that stood in the folder for temporary files at one time."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.most, self.over = folder, 0, threading.Event()

    def run(self):
        while not self.over.wait(0.005):
            total = 0
            with contextlib.suppress(FileNotFoundError):  # they come and go
                for file in self.folder.iterdir():
                    with contextlib.suppress(FileNotFoundError):
                        total += file.stat().st_size
            self.most = max(self.most, total)


def post_file(server, body, times):
    """One body some times over one connection, by curl."""
    server.forget_peak()
    before = server.memory("VmRSS")
    watch = Watch(server.temporary)
    watch.start()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(body)
        file.flush()
        url = f"http://127.0.0.1:{server.port}{WRITE}"
        out = subprocess.run(["curl", "-s", "-w", "%{time_total} %{http_code}\n", "-H",
                              "Content-Type: application/json", "-H", f"Cookie: {COOKIE}", "-H", "Expect:",
                              "--data-binary", f"@{file.name}", "--max-time", str(PATIENCE * times)]
                             + ["-o", "/dev/null", url] * times, capture_output=True, text=True, check=False).stdout
    watch.over.set()
    watch.join()
    seconds = [float(line.split()[0]) for line in out.splitlines() if line.endswith(" 200")]
    if len(seconds) != times:
        raise RuntimeError(f"{server.name}: {times - len(seconds)} of {times} uploads failed")
    return {"ms": 1000 * statistics.median(seconds), "memory MB": max(0, server.memory() - before) / 1024,
            "temporary MB": watch.most / (1 << 20)}


def versions(build):
    """What a reader of the figures must know."""
    cpu = next(line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
               if line.startswith("model name"))
    packages = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", "apache2-bin",
                               "libapache2-mod-security2", "nginx", "wrk", "libsqlite3-0", "postgresql-15", "libssl3"],
                              capture_output=True, text=True).stdout.split("\n")
    cpus = len([line for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("processor")])
    load = pathlib.Path("/proc/loadavg").read_text().split()[0]
    kernel = pathlib.Path("/proc/sys/kernel/osrelease").read_text().strip()
    return (f"{time.strftime('%Y-%m-%d')}, {cpus} x {cpu}, Linux {kernel}, load before the start {load}\n"
            + ", ".join(filter(None, packages)))
