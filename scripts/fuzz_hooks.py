"""How the fuzzing of scripts/fuzz gets a company, and keeps its administrator signed in."""

import email
import email.policy
import glob
import json
import os
import re
import time
import urllib.request

API = os.environ["FUZZ_API"]
PASSWORD = "only the fuzzing knows"


def post(path, body):
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(API + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


def register():
    post("/tenants/register", {
        "companyName": "Fuzz", "slug": "fuzz", "adminEmail": "ada@fuzz.example",
        "adminPassword": PASSWORD, "adminFirstName": "Ada", "adminLastName": "Lovelace",
    })
    # Settings are tried too, and one of them lets in only those whose address is verified.
    urllib.request.urlopen(f"{API}/auth/verify-email/{mailed_token()}", timeout=30)


def mailed_token():
    for _ in range(300):
        for path in glob.glob("mail/*.eml"):
            with open(path, "rb") as file:
                mail = email.message_from_binary_file(file, policy=email.policy.default)
            found = re.search(r"token=([\w-]+)", mail.get_body(("plain",)).get_content())
            if found:
                return found[1]
        time.sleep(0.1)
    raise TimeoutError("no mail with a link")


def sign_in():
    credentials = {"tenantSlug": "fuzz", "email": "ada@fuzz.example", "password": PASSWORD}
    return post("/auth/login", credentials)["accessToken"]


if "SCHEMATHESIS_HOOKS" in os.environ:
    import schemathesis

    @schemathesis.auth(refresh_interval=2)
    class SignedIn:
        # Requests end sessions, so one does not live long.
        def get(self, case, context):
            return sign_in()

        def set(self, case, data, context):
            case.headers["Authorization"] = f"Bearer {data}"

    # Where nothing but the state of the server decides, or a rule that no schema can say.
    UNSAYABLE_CODES = {
        "CANNOT_MESSAGE_SELF", "CURRENT_PASSWORD_WRONG", "IDEMPOTENCY_KEY_REUSED",
        "INVALID_CURSOR", "ONE_TIME_TOKEN_INVALID", "PASSWORD_POLICY", "SMTP_HOST_BLOCKED",
        "SMTP_PASSWORD_REQUIRED", "TEMPLATE_INVALID",
    }
    UNSAYABLE_RULES = {
        "depth", "distinct", "email", "exclusive", "locale", "mail_only", "plain_login", "time", "timezone",
        "unknown_permission", "unknown_profile", "unknown_user",
    }
    # While another field of the section is on; which ports, the operator decides; of a mail; after
    # another; in the future; a path; what a value may be; what a kind of device needs.
    UNSAYABLE = {
        ("physicalAddress", "length"), ("port", "one_of"), ("subject", "required"), ("to", "order"),
        ("until", "range"), ("actionUrl", "path"), ("data", "flat"), ("data", "size"),
        ("endpoint", "not_allowed"), ("keys", "keys"), ("token", "token"), ("topic", "topic"),
        *((field, "required") for field in (
            "endpoint", "keys", "token", "topic", "environment", "platform")),
    }

    # Lengths count what is left when the spaces around a text are taken away, which a pattern with a
    # length cannot say.
    def is_trimmed(value):
        if isinstance(value, dict):
            return all(map(is_trimmed, value.values()))
        if isinstance(value, list):
            return all(map(is_trimmed, value))
        return not isinstance(value, str) or value == value.strip()

    @schemathesis.hook
    def filter_query(context, query):
        return is_trimmed(query)

    @schemathesis.hook
    def filter_body(context, body):
        return is_trimmed(body)

    @schemathesis.check
    def good_requests_are_taken(context, response, case):
        """A request that fits its schema is refused only for a rule that the schema cannot say."""
        mode = case.meta.generation.mode if case.meta else None
        if mode is None or not mode.is_positive or response.status_code not in (400, 422):
            return
        error = json.loads(response.content)["error"]
        fields = (error["details"] or {}).get("fields", [])
        if error["code"] in UNSAYABLE_CODES:
            return
        broken = {(field["field"], field["rule"]) for field in fields}
        known = set(UNSAYABLE)
        if case.meta.phase.name.value == "stateful":
            # What one operation answers is tried wherever another asks for something of that name.
            known.update(rule for rule in broken if rule[1] == "id")
        surprising = {rule for rule in broken - known if rule[1] not in UNSAYABLE_RULES}
        assert broken and not surprising, f"{error['code']} {sorted(broken)}"

    @schemathesis.check
    def only_missing_networks_are_a_fault(context, response, case):
        """A server without a push network says so with a 503, which is no other fault."""
        if response.status_code >= 500:
            code = json.loads(response.content)["error"]["code"]
            assert code == "PUSH_NOT_CONFIGURED", code
