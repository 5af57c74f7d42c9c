"""What the server refuses, or answers wrongly, and how it goes on after that."""

from typing import Any

import pytest
from playwright.sync_api import Route

_REFUSED = """async (files) => {
  const { UploadQueue } = await import(`${drive.assets}queue.js`);
  const { max_file_size, extensions } = drive.limits;
  // As a page that was loaded before the limits became stricter.
  const queue = new UploadQueue({
    ...drive.limits,
    max_file_size: max_file_size + 1,
    extensions: { ...extensions, gif: "image/gif" },
    signatures: [{ extensions: ["gif", "jpg"], fixed_bytes: [{ offset: 0, hex: "ff" }] }],
  });
  drive.queue = queue;
  await queue.add(files.map(([name, size]) => drive.file(name, size)));
  queue.send();
  await drive.until(() => queue.state === "idle" && queue.entries.size === files.length);
  await drive.untilAll("accepted", "rejected");
  return [...queue.entries.values()].map((e) => [e.name, e.state, e.rejections]);
}"""
_LARGE = 5 * 2**20 + 1


def test_what_the_server_refuses_is_marked_with_its_codes(steady: Any) -> None:
    files = [["a.jpg", 9000], ["a.gif", _LARGE], ["b.jpg", _LARGE], ["a.gif", 9000], ["c.jpg", 9]]
    assert steady.run(_REFUSED, files) == [
        ["a.jpg", "accepted", []],
        ["a.gif", "rejected", ["unsupported_extension", "file_too_large"]],
        ["b.jpg", "rejected", ["file_too_large"]],
        ["a.gif", "rejected", ["unsupported_extension"]],
        ["c.jpg", "accepted", []],
    ]
    assert steady.photos() == ["a.jpg", "c.jpg"]


def test_a_request_of_which_nothing_is_accepted_is_marked_file_by_file(steady: Any) -> None:
    files = [["a.gif", 9000], ["b.jpg", _LARGE], ["a.gif", 9001]]
    assert steady.run(_REFUSED, files) == [
        ["a.gif", "rejected", ["unsupported_extension"]],
        ["b.jpg", "rejected", ["file_too_large"]],
        ["a.gif", "rejected", ["unsupported_extension"]],
    ]
    assert steady.photos() == []
    steady.run("drive.queue.removeAll('invalid', 'rejected')")
    assert steady.run("drive.states()") == {}


def test_a_rejection_that_the_page_has_no_words_for_is_named_by_its_code(steady: Any) -> None:
    told = steady.run("""async () => {
      const { loadCatalog } = await import(`${drive.assets}i18n.js`);
      const { reasonsOf } = await import(`${drive.assets}reasons.js`);
      await loadCatalog("en");
      return reasonsOf({ rejections: ["empty_file", "of_tomorrow"], problem: null });
    }""")
    assert told == ["The file is empty.", "of_tomorrow"]


def test_a_session_that_has_ended_is_renewed_once_and_the_upload_goes_on(steady: Any) -> None:
    renewals: list[str] = []
    steady.page.on("request", lambda each: renewals.append(each.url))
    steady.page.context.clear_cookies()
    steady.run("""async () => {
      await drive.queue.add(drive.files(30));
      drive.queue.send();
      await drive.untilAll("accepted");
    }""")
    assert len(steady.photos()) == 30
    # Three were refused and repeated with their keys; each session would be another owner.
    assert len([url for url in renewals if url.endswith("/api/csrf")]) == 1
    assert len(steady.uploads) == 6
    assert len(set(steady.keys())) == 3


def test_a_session_that_cannot_be_renewed_fails_the_files_with_the_reason(steady: Any) -> None:
    refusal = {"status": 403, "code": "csrf_failed", "detail": "No."}
    steady.page.route("**/api/upload/", lambda route: route.fulfill(status=403, json=refusal))
    told = steady.run("""async () => {
      await drive.queue.add(drive.files(2));
      drive.queue.send();
      await drive.untilAll("failed");
      const { state, problem } = drive.named("photo-1.jpg");
      return [state, problem.code, problem.status, problem.detail, drive.queue.state];
    }""")
    assert told == ["failed", "csrf_failed", 403, "No.", "idle"]
    assert len(steady.uploads) == 2


def test_a_file_that_failed_is_sent_again_on_demand(steady: Any) -> None:
    answers = [413]

    def answer(route: Route) -> None:
        if answers:
            route.fulfill(status=answers.pop(), json={"code": "body_too_large", "detail": "No."})
        else:
            route.continue_()

    steady.page.route("**/api/upload/", answer)
    steady.run("""async () => {
      await drive.queue.add(drive.files(2));
      drive.queue.send();
      await drive.untilAll("failed");
      drive.queue.retry(drive.named("photo-2.jpg").id);
      await drive.until(() => drive.named("photo-2.jpg").state === "accepted");
    }""")
    assert steady.run("drive.states()") == {"photo-1.jpg": "failed", "photo-2.jpg": "accepted"}
    assert steady.photos() == ["photo-2.jpg"]
    assert len(set(steady.keys())) == 2


STANDING = {"authentication_required": 401, "insufficient_scope": 403, "quota_exceeded": 507}


@pytest.mark.parametrize("code", STANDING)
def test_what_every_upload_would_be_refused_for_holds_them_until_it_is_out_of_the_way(
    steady: Any, code: str
) -> None:
    refusal = {"code": code, "detail": "No."}
    steady.page.route(
        "**/api/upload/", lambda route: route.fulfill(status=STANDING[code], json=refusal)
    )
    told = steady.run("""async () => {
      await drive.queue.add(drive.files(45));
      drive.queue.send();
      await drive.untilAll("paused");
      await drive.untilProgress("paused");
      const problems = [...drive.queue.entries.values()].map(({ problem }) => problem?.code);
      return [drive.queue.state, ...new Set(problems)];
    }""")
    assert told == ["paused", code]
    assert len(steady.uploads) <= 3
    steady.page.unroute("**/api/upload/")
    steady.run("""async () => {
      drive.queue.remove(drive.named("photo-1.jpg").id);
      drive.queue.resume();
      await drive.untilAll("accepted");
    }""")
    assert steady.run("drive.queue.state") == "idle"
    assert sorted(steady.photos()) == sorted(f"photo-{number}.jpg" for number in range(2, 46))


def test_what_was_removed_before_its_upload_was_refused_holds_nothing(steady: Any) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    steady.page.route("**/api/upload/", hold)
    steady.run("""async () => {
      await drive.queue.add(drive.files(1));
      drive.queue.send();
    }""")
    steady.until(lambda: len(held) == 1, "the upload is under way")
    steady.run("drive.queue.remove(drive.named('photo-1.jpg').id)")
    held[0].fulfill(status=507, json={"code": "quota_exceeded", "detail": "Full."})
    steady.run("drive.until(() => drive.queue.state === 'idle')")


def test_all_that_failed_is_sent_again_at_once_and_nothing_twice(steady: Any) -> None:
    answered: list[Route] = []

    def answer(route: Route) -> None:
        if not answered:
            # Accepted, which the answer does not say.
            route.fetch()
        answered.append(route)
        route.fulfill(status=500, json={"code": "internal", "detail": "Quote it."})

    steady.page.route("**/api/upload/", answer)
    steady.run("""async () => {
      await drive.queue.add(drive.files(25));
      drive.queue.send();
      await drive.untilAll("failed");
    }""")
    steady.page.unroute("**/api/upload/")
    steady.run("async () => { drive.queue.retryAll(); await drive.untilAll('accepted'); }")
    assert sorted(steady.photos()) == sorted(f"photo-{number}.jpg" for number in range(1, 26))


def test_a_fault_of_the_server_leaves_open_what_became_of_the_files_and_is_not_doubled(
    steady: Any,
) -> None:
    answers = [500]

    def answer(route: Route) -> None:
        if answers:
            # It was carried out, and something broke after that.
            route.fetch()
            route.fulfill(status=answers.pop(), json={"code": "internal", "detail": "Quote it."})
        else:
            route.continue_()

    steady.page.route("**/api/upload/", answer)
    steady.run("""async () => {
      await drive.queue.add(drive.files(3));
      drive.queue.send();
      await drive.untilAll("failed");
      drive.queue.retry(drive.named("photo-2.jpg").id);
      await drive.untilAll("accepted");
    }""")
    assert steady.photos() == ["photo-1.jpg", "photo-2.jpg", "photo-3.jpg"]
    assert len(set(steady.keys())) == 1


def test_an_answer_of_success_that_is_no_receipt_fails_the_files_and_the_next_go_on(
    steady: Any,
) -> None:
    # For four of five batches of the same size: which of two under way comes first is open.
    answers: list[Any] = [{"status": "ok"}, None, {"accepted": [], "rejected": {}}, []]

    def answer(route: Route) -> None:
        if answers:
            route.fulfill(status=202, json=answers.pop())
        else:
            route.continue_()

    steady.page.route("**/api/upload/", answer)
    steady.run("""async () => {
      await drive.queue.add(drive.files(50));
      drive.queue.send();
      await drive.untilAll("failed", "accepted");
    }""")
    assert steady.run("drive.queue.state") == "idle"
    states = list(steady.run("drive.states()").values())
    assert states.count("accepted") == len(steady.photos()) == 10
    assert steady.run("drive.named('photo-1.jpg').problem.code") == "unexpected_answer"
