"""What is compared: the backend, and httpd in front of it, bare, with this module, with ModSecurity."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

HTTPD = "/usr/sbin/apache2"
MODULES = pathlib.Path("/usr/lib/apache2/modules")
BASE_MODULES = ["mpm_event", "authz_core", "headers", "proxy", "proxy_http", "proxy_wstunnel", "reqtimeout"]
WRITE = "/web/dataset/call_kw/res.partner/web_save"
READ = "/web/dataset/call_kw/res.partner/web_search_read"
STATIC = "/web/static/src/app.js"
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 120  # seconds, for what should take few

WRITTEN = '{"jsonrpc": "2.0", "id": 7, "result": [{"id": 42}]}'
SESSION_INFO = ('{"jsonrpc": "2.0", "id": 0, "result": {"uid": 2, "is_system": true, "username": "admin", '
                '"name": "Mitchell Admin", "db": "production"}}')


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")


def read_answer(records=200):
    record = ('{"id": %d, "display_name": "Azure Interior, Brandon Freeman", "email": "brandon%d@example.com", '
              '"phone": "+1 555 0100", "country_id": {"id": 233, "display_name": "United States"}, "active": true}')
    rows = ", ".join(record % (n, n) for n in range(1, records + 1))
    return '{"jsonrpc": "2.0", "id": 7, "result": {"length": %d, "records": [%s]}}' % (records, rows)


class Backend:
    """nginx answers every path with a constant, keep-alive, body read and thrown away."""

    def __init__(self, folder):
        self.port = free_port()
        answers = folder / "answers"
        (answers / "static").mkdir(parents=True)
        (answers / "read.json").write_text(read_answer())
        (answers / "static" / "app.js").write_text("/* a module of the web client */\n" * 300)
        conf = folder / "nginx.conf"
        conf.write_text(f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_max_body_size 0;
 client_body_temp_path {folder}/body; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
 uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
 server {{ listen 127.0.0.1:{self.port}; default_type application/json;
  location / {{ return 200 '{WRITTEN}'; }}
  location = /web/session/get_session_info {{ return 200 '{SESSION_INFO}'; }}
  location = {READ} {{ root {answers}; try_files /read.json =404; error_page 405 =200 /read.json; }}
  location = /read.json {{ root {answers}; }}
  location = {STATIC} {{ root {answers}; try_files /static/app.js =404; }} }} }}
""")
        self.process = subprocess.Popen(["nginx", "-c", str(conf)], stderr=subprocess.DEVNULL)
        wait_for(self.port)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Httpd:
    """A private httpd. All differ in the lines of one of the set-ups only."""

    def __init__(self, set_up, folder, backend, threads=64, children=2, sockets=0, under=(), alone=False):
        self.name, modules, server_lines, host_lines = set_up
        self.port, self.root = free_port(), folder / self.name
        self.temporary = self.root / "tmp"
        self.temporary.mkdir(parents=True)
        self.root.chmod(0o777)
        self.temporary.chmod(0o777)
        loads = "\n".join(f"LoadModule {m}_module {MODULES}/mod_{m}.so" for m in BASE_MODULES)
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        upgrade = f"ProxyPass /websocket ws://127.0.0.1:{sockets}/websocket" if sockets else ""
        conf = self.root / "httpd.conf"
        conf.write_text(f"""
ServerRoot {self.root}
ServerName localhost
PidFile {self.root}/httpd.pid
DefaultRuntimeDir {self.root}
Listen 127.0.0.1:{self.port}
ErrorLog {self.root}/error.log
{loads}
{modules}
{user}
MaxKeepAliveRequests 0
StartServers {children}
ServerLimit {children}
ThreadLimit {threads}
ThreadsPerChild {threads}
MaxRequestWorkers {threads * children}
MaxSpareThreads {threads * children}
{server_lines.format(root=self.root)}
<VirtualHost *:{self.port}>
 {host_lines.format(root=self.root)}
 ProxyPass /audit-admin !
 {upgrade}
 ProxyPass / http://127.0.0.1:{backend.port}/ keepalive=On
</VirtualHost>
""")
        self.process = subprocess.Popen([*under, HTTPD, "-f", str(conf), "-X" if alone else "-DFOREGROUND"],
                                        env={**os.environ, "TMPDIR": str(self.temporary)})
        wait_for(self.port)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def processes(self):
        """(pid, is the keeper) of all that belong to it."""
        found, pids = [], [self.process.pid]
        while pids:
            pid = pids.pop()
            with contextlib.suppress(OSError):
                name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
                found.append((pid, name == "audit-keeper"))
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    pids += map(int, (task / "children").read_text().split())
        return found

    def processor_time(self):
        """Seconds of httpd, of the keeper."""
        seconds = [0.0, 0.0]
        for pid, is_keeper in self.processes():
            with contextlib.suppress(OSError):
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                seconds[is_keeper] += (int(fields[11]) + int(fields[12])) / TICKS
        return seconds

    def settle(self):
        """Until the keeper has nothing more to do, so that no round pays for the one before it."""
        before, quiet, until = -1.0, 0, time.monotonic() + PATIENCE
        while quiet < 4 and time.monotonic() < until:
            time.sleep(0.25)
            spent = self.processor_time()[1]
            quiet = quiet + 1 if spent - before < 0.015 else 0
            before = spent

    def memory(self, key="VmHWM"):
        """Kilobytes of the largest process."""
        most = 0
        for pid, is_keeper in self.processes():
            with contextlib.suppress(OSError):
                if not is_keeper:
                    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                        if line.startswith(key + ":"):
                            most = max(most, int(line.split()[1]))
        return most

    def forget_peak(self):
        for pid, _ in self.processes():
            with contextlib.suppress(OSError):
                pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def modsecurity():
    return ("modsecurity",
            f"LoadModule unique_id_module {MODULES}/mod_unique_id.so\n"
            f"LoadModule security2_module {MODULES}/mod_security2.so",
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


def set_ups(build):
    """(name, modules, lines of the server, of the virtual host); bare comes first."""
    module = f"LoadModule user_audit_module {build}/.libs/mod_user_audit.so"
    state = "UserAuditStateDir {root}/state"
    found = [("bare", "", "", ""), ("audit", module, state, "UserAudit On")]
    if (MODULES / "mod_security2.so").exists():
        found.append(modsecurity())
    return found


def untracked(build):
    name, modules, server_lines, host_lines = set_ups(build)[1]
    return ("untracked", modules, server_lines, host_lines + "\n UserAuditTrack create none.none")
