"""How far the files are, how fast they go, and how long it will still take."""

from itertools import pairwise
from typing import Any

MEBIBYTE = 2**20


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


def test_progress_of_an_upload_that_begins_is_told_before_that_of_the_last_one_is_seen_again(
    steady: Any,
) -> None:
    told = steady.run("""async () => {
      const told = [];
      for (const count of [1, 2]) {
        await drive.queue.add(drive.files(count));
        drive.queue.send();
        told.push(drive.told.progress.at(-1));
        await drive.untilAll("accepted");
      }
      return told.map((each) => [each.sentBytes, each.totalBytes / drive.photo.length, each.state]);
    }""")
    assert told == [[0, 1, "sending"], [0, 2, "sending"]]


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
