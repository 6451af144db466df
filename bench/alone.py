"""Parts of the module without a server: time, processor time, and instructions by valgrind."""
import os
import pathlib
import pwd
import re
import subprocess
import tempfile
import time

from servers import free_port

TEXTS = ("strings", "dense", "integers", "brackets")
SESSIONS = (1_000, 100_000, 1_000_000)
RULES = "/usr/share/uap-core/regexes.yaml"
POSTGRESQL = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


def run(program, *words):
    out = subprocess.run([str(program), *map(str, words)], capture_output=True, text=True)
    if out.returncode:
        raise RuntimeError(out.stderr)
    return tuple(map(float, out.stdout.split()))


def instructions(program, words, few, many, folder):
    """Of one turn: what the program needs more for many turns than for few. {} stands for the number."""
    counts = []
    for number in (few, many):
        empty(folder)
        out = subprocess.run(["valgrind", "--tool=none", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                              str(program)] + [str(word).format(number) for word in words],
                             capture_output=True, text=True, check=True).stderr
        counts.append(int(re.search(r"Collected : (\d+)", out).group(1)))
    return (counts[1] - counts[0]) / (many - few)


def empty(folder):
    subprocess.run(["rm", "-rf", folder / "journal", folder / "audit.db", folder / "audit.db-wal",
                    folder / "audit.db-shm"], check=True)
    (folder / "journal").mkdir(parents=True)


def line(name, *cells):
    print(f"| {name} | " + " | ".join(cell.strip() for cell in cells) + " |", flush=True)


def head(*names):
    print("| | " + " | ".join(names) + " |\n|---" + "|---" * len(names) + "|", flush=True)


def scanner(program, folder, _):
    head("speed", "instructions")
    for text in TEXTS:
        best = max(count / spent for count, _, spent in (run(program, "scanner", text, 300) for _ in range(3)))
        each = instructions(program, ("scanner", text, "{}"), 1, 3, folder) / (1 << 20)
        line(f"scanner, {text}", f"{best / 1e6:8.0f} MB/s", f"{each:8.2f} instructions a byte")


def gate(program, folder, _):
    head("processor time", "instructions")
    for sessions in SESSIONS:
        best = min(spent / count for count, _, spent in (run(program, "gate", sessions, 1_000_000) for _ in range(3)))
        each = instructions(program, ("gate", sessions, "{}"), 1000, 101_000, folder)
        line(f"gate, {sessions} sessions", f"{1e6 * best:8.3f} us", f"{each:8.0f} instructions")
    for sessions in SESSIONS:
        count, _, spent = run(program, "changes", sessions, 100)
        line(f"changes, {sessions} sessions", f"{1e3 * spent / count:8.3f} ms")


def simple(program, folder, _):
    head("processor time", "instructions")
    for name, words in (("event", ("event", "{}")), ("journal, a record", ("journal", folder / "journal", "{}"))):
        empty(folder)
        count, _, spent = run(program, *(str(word).format(200_000) for word in words))
        each = instructions(program, words, 1000, 21_000, folder)
        each /= 2 if "journal" in words else 1
        line(name, f"{1e6 * spent / count:8.3f} us", f"{each:8.0f} instructions")
    if pathlib.Path(RULES).exists():
        count, _, spent = run(program, "user_agent", RULES, 20_000)
        each = instructions(program, ("user_agent", RULES, "{}"), 10, 210, folder)
        line("user agent, never seen", f"{1e6 * spent / count:8.1f} us", f"{each:8.0f} instructions")


def keeper_line(name, figures, plain):
    count, seconds, spent = figures
    line(name, f"{count / seconds:8.0f} events/s", f"{1e6 * spent / count:6.1f} us of the keeper's processor time",
         f"the same rows by {plain[0]}: {count / plain[1]:.0f}/s, ratio {plain[1] / seconds:.2f}")


def keeper_sqlite(program, folder, count):
    empty(folder)
    figures = run(program, "keeper", folder, "sqlite3", folder / "audit.db", count)
    dump, copy = folder / "dump.sql", folder / "copy.db"
    copy.unlink(missing_ok=True)
    with open(dump, "w") as file:
        file.write("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;\n")
        file.flush()
        subprocess.run(["sqlite3", folder / "audit.db", ".dump events marks"], stdout=file, check=True)
    begun = time.monotonic()
    with open(dump) as file:
        subprocess.run(["sqlite3", copy], stdin=file, stdout=subprocess.DEVNULL, check=True)
    keeper_line("keeper into SQLite", figures, ("sqlite3", time.monotonic() - begun))


class Postgresql:
    """A private server in a folder of its own; root runs it as the user postgres."""

    def __init__(self, folder):
        self.folder, self.port = pathlib.Path(tempfile.mkdtemp(prefix="pg-", dir=folder)), free_port()
        self.prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.prefix:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        data = self.folder / "data"
        self.call("initdb", "-D", data, "-A", "trust", "-U", "bench")
        self.call("pg_ctl", "-D", data, "-w", "-l", self.folder / "log", "-o",
                  f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1", "start")
        self.call("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "bench", "trail")
        self.call("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "bench", "copy")

    def call(self, program, *words):
        subprocess.run(self.prefix + [str(POSTGRESQL[-1] / program), *map(str, words)], check=True,
                       stdout=subprocess.DEVNULL, cwd="/")

    def stop(self):
        self.call("pg_ctl", "-D", self.folder / "data", "-m", "fast", "stop")


def keeper_postgresql(program, folder, count):
    server = Postgresql(folder)
    try:
        empty(folder)
        words = f"host=127.0.0.1 port={server.port} user=bench dbname=trail"
        figures = run(program, "keeper", folder, "pgsql", words, count)
        dump = server.folder / "dump.sql"
        with open(dump, "w") as file:
            subprocess.run([str(POSTGRESQL[-1] / "pg_dump"), "--rows-per-insert=1", "-h", "127.0.0.1", "-p",
                            str(server.port), "-U", "bench", "-t", "events*", "-t", "marks*", "trail"],
                           stdout=file, check=True)
        begun = time.monotonic()
        server.call("psql", "-q", "-1", "-h", "127.0.0.1", "-p", server.port, "-U", "bench", "-f", dump, "copy")
        keeper_line("keeper into PostgreSQL", figures, ("psql", time.monotonic() - begun))
    finally:
        server.stop()


def keeper(program, folder, args):
    head("by the clock", "processor time", "against plain INSERTs")
    keeper_sqlite(program, folder, args.events)
    if POSTGRESQL:
        keeper_postgresql(program, folder, args.events)


PARTS = {"alone_scanner": scanner, "alone_gate": gate, "alone_rest": simple, "alone_keeper": keeper}
