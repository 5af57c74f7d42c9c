"""A stack, who asks it, and schemathesis, which reads its description and tries everything."""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_stack.running_stack import RunningStack, temporary_stack
from upload_gateway.api_key_file import Scope
from upload_gateway.issue_api_key import api_key_entry, new_api_key

_HERE = Path(__file__).parent
_KEY_SECONDS = 30.0
# What schemathesis may take to start, and to end what it is at when its time is over.
_GRACE_SECONDS = 50.0

Headers = dict[str, str]


@dataclass(frozen=True)
class Api:
    """A stack, and who asks it: `alice` always, `bob` to see what is hers.

    `private`: whether bob must not, even where he knows an id.
    """

    base_url: str
    private: bool
    alice: Headers = field(repr=False)
    bob: Headers = field(repr=False)


@dataclass(frozen=True)
class Findings:
    """What schemathesis did and found."""

    succeeded: bool
    output: str
    checks: Counter[str]
    answers: Counter[str]
    links: Counter[str]

    def __str__(self) -> str:
        counts = "\n".join(f"{count:7} {name}" for name, count in sorted(self.checks.items()))
        return f"{self.output}\n{self.answers.total()} requests; checks:\n{counts}"


def _session(base_url: str) -> Headers:
    with httpx.Client(base_url=base_url, trust_env=False) as visitor:
        token = visitor.get("/api/csrf").json()["csrf_token"]
        return {"Cookie": f"session={visitor.cookies['session']}", "X-CSRFToken": token}


def _bearer(key: str) -> Headers:
    return {"Authorization": f"Bearer {key}"}


def _new_key(stack: RunningStack, owner: str) -> Headers:
    """The headers of a key that the gateway knows by now."""
    key = new_api_key()
    with (stack.local_dir / "api-keys.yaml").open("a", encoding="ascii") as keys:
        keys.write(api_key_entry(key, owner, Scope))
    deadline = time.monotonic() + _KEY_SECONDS
    with httpx.Client(base_url=stack.base_url, headers=_bearer(key), trust_env=False) as client:
        while client.get("/api/tasks").status_code != 200:
            assert time.monotonic() < deadline, "the gateway does not read its keys again"
            threading.Event().wait(0.1)
    return _bearer(key)


@pytest.fixture(scope="module", params=["open", "required"])
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    """Sessions of a service that is open to all, and API keys of one that is not."""
    with temporary_stack({"AUTH": request.param, "REQUESTS_PER_MINUTE": "0"}) as stack:
        url = stack.base_url
        if request.param == "open":
            # Whoever knows an id may read the task there.
            yield Api(url, private=False, alice=_session(url), bob=_session(url))
        else:
            key = (stack.local_dir / "api-key").read_text("ascii").strip()
            yield Api(url, private=True, alice=_bearer(key), bob=_new_key(stack, "bob"))


def _configure(api: Api, folder: Path) -> None:
    """Write the configuration: the one beside this file, and who asks.

    The owners are in a file of their own (Web Fuzzing Commons, authentication), which keeps their
    secrets out of the command line.
    """
    owners = [
        {"name": name, "fixedHeaders": [{"name": n, "value": v} for n, v in headers.items()]}
        for name, headers in (("alice", api.alice), ("bob", api.bob))
    ]
    (folder / "owners.json").write_text(json.dumps({"auth": owners}), "utf-8")
    shutil.copy(_HERE / "real_photos.py", folder)
    configuration = (_HERE / "schemathesis.toml").read_text("utf-8")
    peers = 'peers = ["alice", "bob"]\n' if api.private else ""
    (folder / "schemathesis.toml").write_text(
        'hooks = "real_photos.py"\n'
        f"{configuration}\n"
        f'[auth.wfc]\npath = "owners.json"\nuser = "alice"\n{peers}',
        "utf-8",
    )


def _explored(api: Api, folder: Path, *, seed: int, max_examples: int, seconds: int) -> Findings:
    """Run schemathesis in `folder` for `seconds`, with so many examples a call in each round."""
    _configure(api, folder)
    log, report = folder / "log.txt", folder / "report.ndjson"
    with log.open("wb") as output:
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml"),
                *("run", f"{api.base_url}/api/openapi.json", "--no-color"),
                *("--report", "ndjson", "--report-ndjson-path", report),
                *("--seed", str(seed), "--max-examples", str(max_examples)),
                *("--max-time", str(seconds)),
            ],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=seconds + _GRACE_SECONDS,
            check=False,
        )
    checks: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    links: Counter[str] = Counter()
    for recorder in _recorded(report):
        for verdicts in recorder.get("checks", {}).values():
            checks.update(f"{each['name']}: {each['status']}" for each in verdicts)
        cases = recorder.get("cases", {})
        for case_id, interaction in recorder.get("interactions", {}).items():
            if case_id in cases and (response := interaction.get("response")):
                case = cases[case_id]["value"]
                answers[f"{case['method']} {case['path']} {response['status_code']}"] += 1
        links.update(
            case["transition"]["id"] for case in cases.values() if case["is_transition_applied"]
        )
    return Findings(ended.returncode == 0, log.read_text("utf-8"), checks, answers, links)


def _recorded(report: Path) -> Iterator[dict[str, Any]]:
    with report.open(encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if "ScenarioFinished" in event:
                yield event["ScenarioFinished"]["recorder"]


@pytest.fixture
def explore(api: Api, tmp_path: Path) -> Callable[..., Findings]:
    """Runs schemathesis with `seed`, `max_examples` a call and round, and `seconds`."""
    return partial(_explored, api, tmp_path)
