"""The stand-in answers hand-written requests of the recordings as the real servers did."""

import json

import recording

from .harness import Client, admin, equal, test
from .replaying import corpus

# Whose requests they were. The rest of the scenarios needs the real server's records.
SCENARIOS = {
    "errors-access": "demo",
    "errors-validation": "admin",
    "errors-missing": "admin",
    "errors-malformed": "admin",
}
JSON_HEADERS = ("content-type",)


def lines_of(version, condition):
    return [line for line in recording.read(corpus(version)) if condition(line)]


def shape(body):
    """What a client can tell an answer by, without texts and values."""
    try:
        answer = json.loads(body)
    except ValueError:
        return "no JSON"
    if not isinstance(answer, dict):
        return type(answer).__name__
    if "error" in answer:
        error = answer["error"]
        return (answer.get("id"), error["code"], error["data"]["name"], list(error["data"]))
    return (answer.get("id"), "result" in answer, type(answer.get("result")).__name__)


class Ids:
    """Recorded record ids and what they are here, as far as both sides have made them."""

    def __init__(self):
        self.here = {}

    def learn(self, recorded, got):
        pairs = zip(
            *[result if isinstance(result, list) else [result] for result in (recorded, got)]
        )
        self.here.update(
            (old, new) for old, new in pairs if isinstance(old, int) and old is not True
        )

    def body(self, line):
        """Only plain bodies name records made before; the odd ones go as they are."""
        try:
            call = json.loads(line.request_body)
            ids = call["params"]["args"][0]
        except (ValueError, LookupError, TypeError):
            return line.request_body
        if line.facts["scenario"] != "errors-missing" or not isinstance(ids, list):
            return line.request_body
        call["params"]["args"][0] = [
            self.here.get(item, item) if isinstance(item, int) else item for item in ids
        ]
        return json.dumps(call).encode()


def result_of(body):
    try:
        return json.loads(body).get("result")
    except (ValueError, AttributeError):
        return None


def compare(client, line, ids):
    sent = {
        name: value
        for name, value in line.request["headers"].items()
        if name.lower() in JSON_HEADERS
    }
    answer = client.send(line.method, line.path, ids.body(line), sent)
    step = line.facts["step"]
    equal((step, answer.status), (step, line.status))
    equal((step, shape(answer.body)), (step, shape(line.response_body)))
    mimetypes = [
        (value or "").split(";")[0]
        for value in (answer.header("Content-Type"), line.response_header("Content-Type"))
    ]
    equal((step, mimetypes[0]), (step, mimetypes[1]))
    if line.path.endswith("/create"):
        ids.learn(result_of(line.response_body), result_of(answer.body))


@test()
def refusals_and_odd_bodies_answer_as_recorded(server):
    wanted = lines_of(
        server.app.version.major,
        lambda line: line.facts["scenario"] in SCENARIOS and line.path.startswith("/web/dataset/"),
    )
    assert len(wanted) > 30, len(wanted)
    clients = {"admin": admin(server), "demo": Client(server)}
    clients["demo"].login("demo")
    ids = Ids()
    for line in wanted:
        compare(clients[SCENARIOS[line.facts["scenario"]]], line, ids)


def recorded_info(version):
    found = lines_of(
        version,
        lambda line: line.path == "/web/session/get_session_info"
        and line.status == 200
        and '"username": "admin"' in (line.response.get("body") or ""),
    )
    return json.loads(found[0].response_body)["result"]


@test()
def session_info_has_recorded_keys_in_recorded_order(server):
    mine = admin(server).rpc("/web/session/get_session_info", {}).json["result"]
    real = recorded_info(server.app.version.major)
    equal([key for key in mine if key not in real], [])
    equal(list(mine), [key for key in real if key in mine])


def cookie_form(value):
    """A cookie line without its value and dates."""
    name, _, rest = value.partition("=")
    return name, [
        part.split("=")[0].strip() + ("=" + part.split("=")[1] if "Max-Age" in part else "")
        for part in rest.split(";")[1:]
    ]


@test()
def a_login_answers_with_the_recorded_headers(server):
    line = lines_of(
        server.app.version.major,
        lambda line: line.path == "/web/login"
        and line.method == "POST"
        and line.status == 303
        and line.expect
        and line.expect[0]["op"] == "login",
    )[0]
    answer = Client(server).login()
    equal(answer.header("Location"), line.response_header("Location"))
    equal(cookie_form(answer.header("Set-Cookie")), cookie_form(line.response_header("Set-Cookie")))
    equal(
        [name for name, _ in answer.headers if name != "Content-Length"],
        [name for name, _ in line.response["headers"] if name != "Content-Length"],
    )
