"""The recordings come back unchanged, and the score sees every kind of mistake."""

import os
import threading

import recording
import replay
import replay_client
import score

from .harness import equal, test

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "corpus")
SOME = 400  # lines: enough of every kind, and quick


def corpus(version):
    return os.path.join(CORPUS, f"odoo-{version}.0.jsonl.gz")


def with_backend(version, act):
    server = replay.make_server(corpus(version))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        return act(server, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()


@test(16, 19)
def a_recording_comes_back_unchanged(running):
    def act(server, url):
        lines = server.app.lines[-SOME:]
        equal(replay_client.play(lines, url), [])
        equal(replay_client.play(lines, url, chunks=7), [])
        wrong = replay_client.play([recording.Line(1, lines[0].facts)], url)
        assert wrong, "another line's answer went unnoticed"

    with_backend(running.app.version.major, act)


@test()
def a_replay_knows_who_a_session_was(running):
    lines = recording.read(corpus(running.app.version.major))
    identities = replay.Identities(lines)
    login = next(
        line
        for line in lines
        if line.expect
        and line.expect[0]["op"] == "login"
        and line.new_session
        and line.expect[0].get("login") == "admin"
    )
    info = identities.info(login.new_session)
    equal((info["uid"], info["username"]), (2, "admin"))
    equal(identities.info("no such session"), None)


def perfect_trail(lines):
    events, numbers = [], {}
    for line in lines:
        for expected in score.expected_of(line):
            number = len(events) + 1
            events.append(
                score.Event(
                    number,
                    expected.operation,
                    expected.model or "",
                    expected.ids or [],
                    expected.via or "",
                    "success" if expected.ok else "denied",
                    expected.login or "",
                    line.path,
                )
            )
            numbers[number] = line.number
    return events, numbers


def scored(lines, events, numbers):
    result = score.Score(reads=True)
    result.add(lines, events, numbers)
    return [kind for _, kind, _, _ in result.differences]


@test()
def a_perfect_trail_has_the_full_score(running):
    lines = recording.read(corpus(running.app.version.major))
    events, numbers = perfect_trail(lines)
    equal(scored(lines, events, numbers), [])
    equal(scored(lines[-SOME:], *perfect_trail(lines[-SOME:])), [])


@test(17)
def each_kind_of_mistake_is_seen(running):
    lines = recording.read(corpus(17))
    events, numbers = perfect_trail(lines)
    write = next(event for event in events if event.operation == "write" and event.ids)
    for name, value in (
        ("operation", "unlink"),
        ("model", "res.users"),
        ("ids", [987654]),
        ("outcome", "unknown"),
    ):
        changed = score.Event(**{**vars(write), name: value})
        equal(
            (
                name,
                scored(lines, [changed if event is write else event for event in events], numbers),
            ),
            (name, ["wrong"]),
        )
    equal(scored(lines, [event for event in events if event is not write], numbers), ["missed"])
    again = score.Event(**{**vars(write), "id": len(events) + 1})
    equal(scored(lines, [*events, again], {**numbers, again.id: numbers[write.id]}), ["invented"])
    equal(scored(lines, [*events, again], numbers), ["invented"])


@test(18)
def without_user_agents_events_align_by_order_and_path(running):
    lines = [line for line in recording.read(corpus(18)) if line.expect][:SOME]
    events, numbers = perfect_trail(lines)
    equal(score.align(events, lines), numbers)
