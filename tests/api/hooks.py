"""What no document can say, and schemathesis must know.

A failure is passed over only where the answer itself gives one of the reasons below.
"""

import schemathesis

# Bodies whose content JSON Schema cannot describe; the tests of the native wire send them.
TEXT_BODIES = ["application/x-ndjson", "text/csv"]


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    return value.encode() if isinstance(value, str) else value


@schemathesis.hook
def filter_case(ctx, case):
    return case.media_type not in TEXT_BODIES


@schemathesis.hook
def filter_failure(ctx, failure, case, response):
    reasons = [
        is_minimal(response),
        is_told_inside(response),
        depends_on_more(response),
        is_no_tag(case, response),
    ]
    return not any(reasons)


def is_no_tag(case, response):
    """schemathesis 4.32 sends 0 where the pattern wants quotes, and calls it valid."""
    headers = case.headers or {}
    sent = [value for name, value in headers.items() if name.lower() in ("if-match", "if-none-match")]
    return response.status_code == 400 and "0" in [str(value) for value in sent]


def is_minimal(response):
    """A body is left out because the request preferred it so."""
    applied = response.headers.get("preference-applied", [""])
    return response.status_code == 201 and not response.content and "return=minimal" in applied[0]


def is_told_inside(response):
    """With `atomic=false` each record stands for itself, and those that are not valid are told one by one."""
    if response.status_code != 200 or b'"failed"' not in response.content:
        return False
    return response.json().get("failed", 0) > 0


def depends_on_more(response):
    """Whether a request is fine depends on more than its parts alone."""
    if response.status_code not in (400, 422):
        return False
    problem = response.json()
    if problem.get("type") == "urn:headwater:problem:idempotency-mismatch":
        # The same name for something else.
        return True
    # `If-Match` together with `If-None-Match`; a condition together with many records.
    together = ["contradict each other", "leave them out when you send many"]
    if any(reason in problem.get("detail", "") for reason in together):
        return True
    errors = problem.get("errors", [])
    reasons = [(error["loc"], error["type"]) for error in errors]
    # A cursor that no list gave; a parameter of many records with a single one.
    known = [(["query", "after"], "malformed"), (["query", "atomic"], "unknown")]
    return bool(reasons) and all(reason in known for reason in reasons)
