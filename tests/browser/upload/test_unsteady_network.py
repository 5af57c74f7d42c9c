"""What the page does while the network or the service is away."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route

NAMES = ["photo-1.jpg", "photo-2.jpg", "photo-3.jpg"]
_BEGIN = """async (size) => {
  await drive.queue.add(drive.files(3, size));
  drive.queue.send();
}"""


def test_an_upload_that_the_network_breaks_goes_on_by_itself(unsteady: Any, network: Any) -> None:
    network.hold_requests()
    unsteady.run(_BEGIN, 4 * 2**20)
    unsteady.run("drive.until(() => drive.named('photo-1.jpg').sentBytes > 0)")
    network.go_down()
    unsteady.run("drive.untilAll('waiting')")
    told = unsteady.run("[drive.queue.state, drive.named('photo-1.jpg').problem.code]")
    assert told == ["waiting", "network"]
    unsteady.run("drive.untilProgress('waiting')")
    network.release()
    network.come_up()
    unsteady.run("drive.untilAll('accepted')")
    assert unsteady.run("drive.named('photo-1.jpg').problem") is None
    assert unsteady.photos() == NAMES
    assert len(unsteady.keys()) > 1
    assert len(set(unsteady.keys())) == 1


def test_an_answer_that_is_lost_is_asked_for_again_and_doubles_nothing(
    unsteady: Any, network: Any
) -> None:
    network.hold_answers()
    unsteady.run(_BEGIN)
    unsteady.until(lambda: unsteady.photos() == NAMES, "the server has accepted them")
    network.go_down()
    unsteady.run("drive.untilAll('waiting')")
    network.release()
    network.come_up()
    unsteady.run("drive.untilAll('accepted')")
    assert unsteady.photos() == NAMES
    assert len(set(unsteady.keys())) == 1


@pytest.mark.parametrize(
    ("status", "code", "state", "again"),
    [
        (401, "authentication_required", "paused", "drive.queue.resume()"),
        (413, "body_too_large", "failed", "drive.queue.retryAll()"),
        (202, "unexpected_answer", "failed", "drive.queue.retryAll()"),
    ],
)
def test_a_refusal_after_a_lost_answer_leaves_the_key_to_the_next_try(
    steady: Any, status: int, code: str, state: str, again: str
) -> None:
    answers = ["lost", "refused"]

    def answer(route: Route) -> None:
        match answers.pop(0) if answers else "":
            case "lost":
                route.fetch()
                route.abort("connectionreset")
            case "refused":
                route.fulfill(status=status, json={"code": code, "detail": "No."})
            case _:
                route.continue_()

    steady.page.route("**/api/upload/", answer)
    steady.run(_BEGIN)
    steady.run("(state) => drive.untilAll(state)", state)
    assert steady.photos() == NAMES
    assert steady.run("drive.named('photo-1.jpg').problem.code") == code
    steady.run(f"async () => {{ {again}; await drive.untilAll('accepted'); }}")
    assert steady.photos() == NAMES
    assert len(set(steady.keys())) == 1


@pytest.mark.parametrize("status", [408, 504])
def test_a_request_that_is_too_slow_again_and_again_fails_after_five_tries(
    steady: Any, status: int
) -> None:
    steady.page.route("**/api/upload/", lambda route: route.fulfill(status=status))
    steady.run("""() => {
      const { setTimeout } = globalThis;
      globalThis.setTimeout = (then, milliseconds) => setTimeout(then, milliseconds / 20);
    }""")
    steady.run(_BEGIN, 1000)
    steady.run("drive.untilAll('failed')")
    assert len(steady.uploads) == 5
    assert steady.run("drive.named('photo-1.jpg').problem.status") == status


def test_an_upload_begun_offline_is_sent_as_soon_as_the_browser_is_online(steady: Any) -> None:
    steady.page.context.set_offline(True)
    steady.run(_BEGIN)
    steady.run("drive.untilAll('waiting')")
    steady.page.context.set_offline(False)
    steady.run("drive.untilAll('accepted')")
    assert steady.photos() == NAMES


def test_waiting_for_the_network_can_be_paused_and_cancelled(unsteady: Any, network: Any) -> None:
    network.go_down()
    unsteady.run(_BEGIN)
    unsteady.run("drive.untilAll('waiting')")
    unsteady.run("drive.queue.pause()")
    assert unsteady.run("drive.queue.state") == "paused"
    network.come_up()
    unsteady.run("drive.queue.cancel()")
    assert unsteady.run("drive.states()") == dict.fromkeys(NAMES, "ready")
    assert unsteady.photos() == []
    unsteady.run("async () => { drive.queue.send(); await drive.untilAll('accepted'); }")
    assert unsteady.photos() == NAMES


def test_a_service_that_says_when_to_come_back_is_obeyed(steady: Any) -> None:
    answers = [(503, "over_capacity", "1"), (429, "rate_limited", "2"), (502, None, None)]

    def answer(route: Route) -> None:
        if not answers:
            route.continue_()
            return
        status, code, retry_after = answers.pop(0)
        headers = {"Retry-After": retry_after} if retry_after else {}
        # A proxy's own page of an error is no problem document.
        body = f'{{"code": "{code}", "detail": "Later."}}' if code else "<h1>Bad gateway</h1>"
        route.fulfill(status=status, headers=headers, body=body)

    steady.page.route("**/api/upload/", answer)
    told = steady.run(
        """async () => {
          const begun = [];
          const waited = [];
          const send = XMLHttpRequest.prototype.send;
          XMLHttpRequest.prototype.send = function (...body) {
            begun.push(performance.now() / 1000);
            return send.apply(this, body);
          };
          drive.queue.addEventListener("change", () => {
            const { state, problem } = drive.named("photo-1.jpg");
            if (state === "waiting" && problem && problem !== waited.at(-1)) {
              waited.push(problem);
            }
          });
          await drive.queue.add(drive.files(3));
          drive.queue.send();
          await drive.untilAll("accepted");
          return { begun, waited: waited.map(({ code, retryAfter }) => [code, retryAfter]) };
        }"""
    )
    assert told["waited"] == [
        ["over_capacity", 1],
        ["rate_limited", 2],
        ["unexpected_answer", None],
    ]
    first, second, third, _ = told["begun"]
    assert second - first >= 1
    assert third - second >= 2
    assert steady.photos() == NAMES
    assert len(set(steady.keys())) == 1


def test_tries_come_ever_more_seldom_and_never_together(steady: Any) -> None:
    seconds = steady.run("""async () => {
      const { backoffSeconds } = await import(`${drive.assets}backoff.js`);
      const many = (failures, retryAfter) =>
        Array.from({ length: 200 }, () => backoffSeconds(failures, retryAfter));
      return [1, 2, 3, 4, 5, 6, 60].map((failures) => many(failures, null)).concat([many(1, 9)]);
    }""")
    for drawn, longest in zip(seconds, [1, 2, 4, 8, 16, 30, 30], strict=False):
        assert longest / 2 <= min(drawn) < max(drawn) <= longest
    assert min(seconds[-1]) >= 9
    assert len(set(seconds[-1])) > 1


def test_when_to_come_back_may_be_told_as_a_date_and_is_a_day_away_at_most(steady: Any) -> None:
    told = steady.run("""async () => {
      const { answeredProblem } = await import(`${drive.assets}problem.js`);
      const after = (header) => answeredProblem(503, "", header).retryAfter;
      const inAMinute = new Date(Date.now() + 60_000).toUTCString();
      const past = "Wed, 21 Oct 2015 07:28:00 GMT";
      return ["7", "3000000000", inAMinute, past, "soon", null].map(after);
    }""")
    # More than a day a timer may not be able to hold.
    assert told[:2] == [7, 86_400]
    assert 50 < told[2] <= 60
    assert told[3:] == [0, None, None]


def test_files_that_change_after_they_were_chosen_fail_and_the_others_are_sent(
    steady: Any, tmp_path: Path, jpeg: bytes
) -> None:
    for name in NAMES:
        (tmp_path / name).write_bytes(jpeg)
    steady.run("""() => {
      const input = document.createElement("input");
      Object.assign(input, { type: "file", multiple: true, id: "chosen" });
      document.body.append(input);
    }""")
    steady.page.set_input_files("#chosen", [tmp_path / name for name in NAMES])
    steady.run("async () => { await drive.queue.add(document.getElementById('chosen').files); }")
    assert set(steady.run("drive.states()").values()) == {"ready"}
    (tmp_path / "photo-1.jpg").write_bytes(jpeg * 2)
    (tmp_path / "photo-2.jpg").unlink()
    steady.run("async () => { drive.queue.send(); await drive.untilAll('accepted', 'failed'); }")
    assert steady.run("drive.states()") == {
        "photo-1.jpg": "failed",
        "photo-2.jpg": "failed",
        "photo-3.jpg": "accepted",
    }
    assert steady.run("drive.named('photo-2.jpg').problem.code") == "file_unreadable"
    assert steady.photos() == ["photo-3.jpg"]


def test_a_connection_on_which_nothing_moves_is_given_up_after_two_minutes(
    upload_page: Any, network: Any
) -> None:
    upload_page.page.clock.install()
    upload_page.open(network.base_url)
    network.hold_requests()
    upload_page.run(_BEGIN, 4 * 2**20)
    upload_page.run("drive.until(() => drive.named('photo-1.jpg').sentBytes > 0)")
    upload_page.page.clock.fast_forward("02:01")
    upload_page.run("drive.untilAll('waiting')")
    upload_page.until(lambda: len(upload_page.broken_off) == 1, "the request was broken off")
    network.release()
    upload_page.run("drive.untilAll('accepted')")
    assert upload_page.photos() == NAMES
    assert len(set(upload_page.keys())) == 1
