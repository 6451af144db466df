"""Parts of the module without a server: time, processor time, and instructions by valgrind."""
import os
import pathlib
import pwd
import re
import statistics
import subprocess
import tempfile
import time

from servers import free_port

TEXTS = ("strings", "dense", "integers", "brackets", "skipped")
SESSIONS = (1_000, 100_000, 1_000_000)
RULES = "/usr/share/uap-core/regexes.yaml"
ROUNDS = 3
PER_TRANSACTION = 2500  # events: as many as the keeper's 5,000 records make, if each has an intent
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
    """Instructions are not counted where it takes valgrind minutes to make the sessions."""
    head("processor time", "instructions")
    for sessions in SESSIONS:
        best = min(spent / count for count, _, spent in (run(program, "gate", sessions, 1_000_000) for _ in range(3)))
        each = (f"{instructions(program, ('gate', sessions, '{}'), 1000, 101_000, folder):8.0f} instructions"
                if sessions < SESSIONS[-1] else "")
        line(f"gate, {sessions} sessions", f"{1e6 * best:8.3f} us", each)
    for sessions in SESSIONS:
        count, _, spent = run(program, "changes", sessions, 100)
        line(f"changes, {sessions} sessions", f"{1e3 * spent / count:8.3f} ms", "")


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


def timed(words, server=None, **more):
    """Seconds by the clock, and of processor time of the program and the server."""
    before, begun = server.processor_time() if server else 0, time.monotonic()
    child = subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL, **more)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begun
    if status:
        raise RuntimeError(f"{words[0]} failed")
    spent = usage.ru_utime + usage.ru_stime
    return seconds, spent + (server.processor_time() - before if server else 0)


def keeper_line(name, rounds):
    """Rounds of (events, seconds, processor time) of the keeper and of each plain way."""
    for way in rounds[0]:
        clock = statistics.median(count / seconds for count, seconds, _ in (each[way] for each in rounds))
        spent = statistics.median(1e6 * spent / count for count, _, spent in (each[way] for each in rounds))
        ratios = [statistics.median(each["keeper"][0] / each["keeper"][at] / (each[way][0] / each[way][at])
                                    for each in rounds) for at in (1, 2)]
        line(f"{name}, {way}", f"{clock:8.0f} events/s", f"{spent:6.1f} us",
             "" if way == "keeper" else "{:.2f}, {:.2f}".format(*ratios))


def in_batches(source, target, head):
    """A dump with one transaction for as many events as the keeper takes for one."""
    inserts = 0
    target.write(head)
    for statement in source:
        if statement.startswith(("BEGIN", "COMMIT", "PRAGMA")):
            continue
        if statement.startswith("INSERT INTO events") and inserts % PER_TRANSACTION == 0:
            target.write("COMMIT;\nBEGIN;\n" if inserts else "BEGIN;\n")
        inserts += statement.startswith("INSERT INTO events")
        target.write(statement)
    target.write("COMMIT;\n")


def keeper_sqlite(program, folder, count):
    empty(folder)
    rounds, dump, copy = [], folder / "dump.sql", folder / "copy.db"
    for _ in range(ROUNDS):
        empty(folder)
        figures = {"keeper": run(program, "keeper", folder, "sqlite3", folder / "audit.db", count)}
        if not dump.exists():
            with subprocess.Popen(["sqlite3", folder / "audit.db", ".dump events marks"], text=True,
                                  stdout=subprocess.PIPE) as source, open(dump, "w") as target:
                in_batches(source.stdout, target, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;\n")
        for name in copy, folder / "copy.db-wal", folder / "copy.db-shm":
            name.unlink(missing_ok=True)
        with open(dump) as file:
            figures["plain sqlite3, INSERT"] = (count, *timed(["sqlite3", copy], stdin=file))
        rounds.append(figures)
    keeper_line("into SQLite", rounds)


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
        self.pid = int((data / "postmaster.pid").read_text().split()[0])

    def call(self, program, *words):
        subprocess.run(self.prefix + [str(POSTGRESQL[-1] / program), *map(str, words)], check=True,
                       stdout=subprocess.DEVNULL, cwd="/",
                       env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"})

    def words(self, database):
        return f"host=127.0.0.1 port={self.port} user=bench dbname={database}"

    def anew(self, database):
        for program in "dropdb --if-exists", "createdb":
            self.call(*program.split(), "-h", "127.0.0.1", "-p", self.port, "-U", "bench", database)

    def processor_time(self):
        """Of the server's processes, those that have ended included."""
        ticks = 0
        for process in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                words = process.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(process.parent.name) == self.pid:
                ticks += sum(map(int, words[11:15]))
            elif int(words[1]) == self.pid:
                ticks += sum(map(int, words[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.call("pg_ctl", "-D", self.folder / "data", "-m", "fast", "stop")


def keeper_postgresql(program, folder, count):
    server = Postgresql(folder)
    try:
        rounds = []
        for _ in range(ROUNDS):
            server.anew("trail")
            empty(folder)
            before = server.processor_time()
            events, seconds, spent = run(program, "keeper", folder, "pgsql", server.words("trail"), count)
            figures = {"keeper": (events, seconds, spent + server.processor_time() - before)}
            for way, option in (("plain psql, INSERT", "--inserts"), ("plain psql, COPY", "--encoding=UTF8")):
                dump = server.folder / f"{option}.sql"
                if not dump.exists():
                    with open(dump, "w") as file:
                        subprocess.run([POSTGRESQL[-1] / "pg_dump", option, "-d", server.words("trail"),
                                        "-t", "events*", "-t", "marks*"], stdout=file, check=True)
                server.anew("copy")
                figures[way] = (count, *timed([POSTGRESQL[-1] / "psql", "-q", "-1", "-d", server.words("copy"),
                                               "-f", dump], server))
            rounds.append(figures)
        keeper_line("into PostgreSQL with its server", rounds)
    finally:
        server.stop()


def keeper(program, folder, args):
    head("by the clock", "processor time", "the keeper's speed to it, by clock and processor time")
    keeper_sqlite(program, folder, args.events)
    if POSTGRESQL:
        keeper_postgresql(program, folder, args.events)


def verify_line(name, words, count, server=None):
    figures = [timed(words, server) for _ in range(ROUNDS)]
    line(name, f"{count / min(seconds for seconds, _ in figures):8.0f} events/s",
         f"{1e6 * statistics.median(spent for _, spent in figures) / count:6.2f} us")


def verify(program, folder, args):
    """user-audit verify on a trail of the keeper's, in each form that it reads."""
    count = 2 * args.events
    head("by the clock, best", "processor time")
    tool, export = program.parent.parent / "user-audit", folder / "export.csv"
    empty(folder)
    run(program, "keeper", folder, "sqlite3", folder / "audit.db", count)
    with open(export, "w") as file:
        subprocess.run([tool, "-p", folder / "audit.db", "export"], stdout=file, check=True)
    verify_line("verify, SQLite", [tool, "-p", folder / "audit.db", "verify"], count)
    verify_line("verify, CSV", [tool, "--csv", export, "verify"], count)
    if POSTGRESQL:
        server = Postgresql(folder)
        try:
            server.anew("trail")
            empty(folder)
            run(program, "keeper", folder, "pgsql", server.words("trail"), args.events)
            verify_line("verify, PostgreSQL", [tool, "-d", "pgsql", "-p", server.words("trail"), "-s", folder,
                                               "verify"], args.events, server)
        finally:
            server.stop()


PARTS = {"alone_scanner": scanner, "alone_gate": gate, "alone_rest": simple, "alone_keeper": keeper,
         "alone_verify": verify}
