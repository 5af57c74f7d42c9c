"""From the ready list to the receipt: which requests are sent, and when."""

from typing import Any

from playwright.sync_api import Route


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
