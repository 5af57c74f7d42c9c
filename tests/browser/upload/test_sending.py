"""From the ready list to the receipt: requests, what they tell, and what the server refuses."""

from itertools import pairwise
from typing import Any

from playwright.sync_api import Route

MEBIBYTE = 2**20


def test_files_are_cut_into_requests_of_ten_files_and_sixteen_mebibytes(steady: Any) -> None:
    cut = steady.run("""async () => {
      const { cutIntoBatches } = await import(`${drive.assets}batches.js`);
      const sizes = (files, limits) =>
        cutIntoBatches(files.map((size) => ({ size })), limits).map((batch) =>
          batch.entries.map((entry) => entry.size));
      const mebibytes = (...sizes) => sizes.map((size) => size * 2 ** 20);
      return {
        many: sizes(Array(23).fill(1), drive.limits).map((each) => each.length),
        few: sizes(Array(5).fill(1), { max_files: 2 }).map((each) => each.length),
        large: sizes(mebibytes(5, 5, 5, 5, 4, 4, 3, 1, 5), drive.limits)
          .map((each) => each.map((size) => size / 2 ** 20)),
        none: sizes([], drive.limits),
      };
    }""")
    assert cut["many"] == [10, 10, 3]
    assert cut["few"] == [2, 2, 1]
    assert cut["large"] == [[5, 5, 5], [5, 4, 4, 3], [1, 5]]
    assert cut["none"] == []


def test_what_is_sent_is_accepted_once_in_the_order_of_the_list(steady: Any) -> None:
    steady.run("""async () => {
      await drive.queue.add(drive.files(23));
      drive.queue.send();
      await drive.untilAll("accepted");
      await drive.untilProgress("idle");
    }""")
    assert len(set(steady.keys())) == 3
    names = [f"photo-{number}.jpg" for number in range(1, 24)]
    assert sorted(steady.photos()) == sorted(names)
    tasks = steady.run("drive.told.tasks")
    assert sorted(task["file_name"] for task in tasks) == sorted(names)
    ids = {task["file_name"]: task["task_id"] for task in tasks}
    entries = steady.run("[...drive.queue.entries.values()].map((e) => [e.name, e.taskId])")
    assert dict(entries) == ids


def test_three_requests_are_under_way_at_a_time(steady: Any) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    steady.page.route("**/api/upload/", hold)
    steady.run("async () => { await drive.queue.add(drive.files(45)); drive.queue.send(); }")
    for unanswered in (5, 4, 3, 2, 1):
        steady.until(lambda: len(steady.uploads) == 5 or len(held) == 3, "the next request")
        assert len(held) == min(3, unanswered)
        in_all = [state for state in steady.run("drive.states()").values() if state == "sending"]
        assert len(in_all) == min(30, 10 * unanswered - 5)
        held.pop(0).continue_()
        steady.run(
            "(count) => drive.until(() => drive.told.tasks.length === count)",
            min(45, 10 * (6 - unanswered)),
        )
    assert len(steady.photos()) == 45


def test_progress_grows_file_by_file_and_ends_at_the_total(unsteady: Any, network: Any) -> None:
    network.hold_requests()
    unsteady.run("""async () => {
      drive.sums = [];
      drive.queue.addEventListener("change", () => {
        const entries = [...drive.queue.entries.values()];
        drive.sums.push(entries.map(({ sentBytes }) => sentBytes));
      });
      await drive.queue.add(drive.files(12, 3 * 2 ** 20));
      drive.queue.send();
      await drive.until(() => drive.sums.at(-1).some((sent) => sent > 0 && sent < 3 * 2 ** 20));
    }""")
    network.release()
    told = unsteady.run("""async () => {
      await drive.untilAll("accepted");
      await drive.untilProgress("idle");
      return { sums: drive.sums, progress: drive.told.progress };
    }""")
    size = 3 * MEBIBYTE
    sums = told["sums"]
    # Each file of its own, none backwards, none beyond its end.
    for before, after in pairwise(sums):
        assert all(old <= new <= size for old, new in zip(before, after, strict=True))
    # While one is on its way, those behind it are not.
    in_one_request = [pairwise(row[:5]) for row in sums]
    assert any(0 < one < size and next_one == 0 for row in in_one_request for one, next_one in row)
    progress = told["progress"]
    sent = [each["sentBytes"] for each in progress]
    assert sent == sorted(sent)
    last = progress[-1]
    assert (last["sentBytes"], last["totalBytes"], last["state"]) == (12 * size, 12 * size, "idle")
    assert last["secondsLeft"] in {0, None}
    assert {each["totalBytes"] for each in progress if each["state"] == "sending"} == {12 * size}


def test_progress_is_told_at_most_ten_times_a_second(steady: Any) -> None:
    times = steady.run("""async () => {
      const { UploadProgress } = await import(`${drive.assets}upload_progress.js`);
      const times = [];
      const progress = new UploadProgress(() => "sending", () => times.push(performance.now()));
      const timer = setInterval(() => progress.changed());
      await drive.until(() => times.length === 6);
      clearInterval(timer);
      return times;
    }""")
    # Less what the clock was read late.
    assert times[5] - times[0] > 400


def test_changes_of_many_entries_are_told_at_once(steady: Any) -> None:
    told = steady.run("""async () => {
      const ids = await drive.queue.add(drive.files(200));
      await drive.until(() => drive.told.changes.flat().length >= 400);
      drive.told.changes.length = 0;
      for (const id of ids) {
        drive.queue.remove(id);
      }
      await drive.until(() => drive.told.changes.length > 0);
      return { ids, changes: drive.told.changes };
    }""")
    assert told["changes"] == [told["ids"]]


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
_LARGE = 5 * MEBIBYTE + 1


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
    steady.run("drive.queue.removeInvalid()")
    assert steady.run("drive.states()") == {}


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
    answers = [507]

    def answer(route: Route) -> None:
        if answers:
            route.fulfill(status=answers.pop(), json={"code": "quota_exceeded", "detail": "Full."})
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
    answers: list[Any] = [{"status": "ok"}, None, {"accepted": [], "rejected": {}}, []]

    def answer(route: Route) -> None:
        if answers:
            route.fulfill(status=202, json=answers.pop())
        else:
            route.continue_()

    steady.page.route("**/api/upload/", answer)
    steady.run("""async () => {
      await drive.queue.add(drive.files(45));
      drive.queue.send();
      await drive.untilAll("failed", "accepted");
    }""")
    assert steady.run("drive.queue.state") == "idle"
    states = list(steady.run("drive.states()").values())
    assert states.count("accepted") == len(steady.photos()) == 5
    assert steady.run("drive.named('photo-1.jpg').problem.code") == "unexpected_answer"


def test_a_listener_that_fails_does_not_keep_the_next_requests_back(upload_page: Any) -> None:
    upload_page.open(upload_page.stack.base_url)
    upload_page.run("""async () => {
      const { BatchLanes } = await import(`${drive.assets}batch_lanes.js`);
      const { Batch } = await import(`${drive.assets}batches.js`);
      const batches = drive.files(4).map((file, index) =>
        new Batch([{ id: `${index}`, file, name: file.name, size: file.size }]));
      let answered = 0;
      const lanes = new BatchLanes(drive.limits.field, {
        onStarted() {}, onProgress() {}, onWaiting() {}, onFailed() {},
        onAnswered() {
          answered += 1;
          throw new Error("on purpose");
        },
      });
      lanes.enqueue(batches);
      await drive.until(() => answered === 4 && lanes.state === "idle");
    }""")
    upload_page.until(lambda: len(upload_page.faults) == 4, "each fault is told")
    upload_page.faults.clear()
    assert len(upload_page.photos()) == 4


def test_a_rejection_that_the_page_has_no_words_for_is_named_by_its_code(steady: Any) -> None:
    told = steady.run("""async () => {
      const { loadCatalog } = await import(`${drive.assets}i18n.js`);
      const { reasonsOf } = await import(`${drive.assets}reasons.js`);
      await loadCatalog("en");
      return reasonsOf({ rejections: ["empty_file", "of_tomorrow"], problem: null });
    }""")
    assert told == ["The file is empty.", "of_tomorrow"]


def test_speed_and_time_left_are_smoothed_over_some_seconds(steady: Any) -> None:
    told = steady.run("""async () => {
      const { TransferRate } = await import(`${drive.assets}transfer_rate.js`);
      const rate = new TransferRate();
      const told = [rate.bytesPerSecond(0), rate.secondsLeft(100, 0)];
      rate.add(0, 10);
      told.push(rate.secondsLeft(100, 10));
      for (let tenth = 1; tenth <= 100; tenth += 1) {
        rate.add(tenth % 2 ? 0 : 200, 10 + tenth / 10);
      }
      told.push(Math.round(rate.bytesPerSecond(20)), Math.round(rate.secondsLeft(5000, 20)));
      // Nothing goes out any more: slower and slower, and at last nobody can tell.
      rate.add(0, 23);
      told.push(rate.bytesPerSecond(23) < 600);
      for (const now of [26, 29, 30]) {
        rate.add(0, now);
      }
      told.push(rate.bytesPerSecond(30), rate.secondsLeft(5000, 30));
      rate.reset();
      told.push(rate.bytesPerSecond(31));
      return told;
    }""")
    assert told[:3] == [None, None, None]
    assert told[3:6] == [1000, 5, True]
    assert told[6:] == [0, None, None]
