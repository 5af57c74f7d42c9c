"""Pausing, going on, cancelling and removing, before and after the server has everything."""

from typing import Any

import pytest

LARGE = 4 * 2**20


@pytest.fixture
def half_sent(unsteady: Any, network: Any) -> Any:
    """Three large files in one request, of which some bytes are out and more are held back."""
    network.hold_requests()
    unsteady.run(
        """async (size) => {
          await drive.queue.add(drive.files(3, size));
          drive.queue.send();
          await drive.until(() => drive.named("photo-1.jpg").sentBytes > 0);
        }""",
        LARGE,
    )
    return unsteady


@pytest.fixture
def unanswered(unsteady: Any, network: Any) -> Any:
    """Three files that the server has accepted, which the page does not know yet."""
    network.hold_answers()
    unsteady.run("""async () => {
      await drive.queue.add(drive.files(3));
      drive.queue.send();
    }""")
    unsteady.until(lambda: len(unsteady.photos()) == 3, "the server has accepted them")
    unsteady.run("drive.until(() => drive.named('photo-3.jpg').sentBytes > 0)")
    return unsteady


NAMES = ["photo-1.jpg", "photo-2.jpg", "photo-3.jpg"]
ALL_ACCEPTED = dict.fromkeys(NAMES, "accepted")


def test_a_pause_breaks_off_what_is_under_way_and_it_is_sent_again_with_its_key(
    half_sent: Any, network: Any
) -> None:
    half_sent.run("drive.queue.pause()")
    assert half_sent.run("drive.states()") == dict.fromkeys(NAMES, "paused")
    assert half_sent.run("drive.queue.state") == "paused"
    half_sent.until(lambda: len(half_sent.broken_off) == 1, "the request was broken off")
    half_sent.run("drive.untilProgress('paused')")
    network.release()
    half_sent.run("async () => { drive.queue.resume(); await drive.untilAll('accepted'); }")
    assert half_sent.photos() == NAMES
    assert len(half_sent.keys()) == 2
    assert len(set(half_sent.keys())) == 1


def test_what_waits_during_a_pause_goes_after_it_and_nothing_begins_meanwhile(
    half_sent: Any, network: Any
) -> None:
    half_sent.run("""async () => {
      await drive.queue.add([drive.file("later.jpg")]);
      drive.queue.pause();
    }""")
    network.release()
    assert half_sent.run("drive.states()") == {
        **dict.fromkeys(NAMES, "paused"),
        "later.jpg": "ready",
    }
    assert half_sent.photos() == []
    # Whoever sends more wants to go on.
    half_sent.run("async () => { drive.queue.send(); await drive.untilAll('accepted'); }")
    assert sorted(half_sent.photos()) == ["later.jpg", *NAMES]


def test_a_pause_after_all_was_accepted_doubles_nothing(unanswered: Any, network: Any) -> None:
    unanswered.run("drive.queue.pause()")
    network.release()
    unanswered.run("async () => { drive.queue.resume(); await drive.untilAll('accepted'); }")
    assert unanswered.photos() == NAMES
    assert len(set(unanswered.keys())) == 1
    assert len(unanswered.run("drive.told.tasks")) == 3


def test_pausing_and_going_on_at_once_loses_and_doubles_nothing(
    half_sent: Any, network: Any
) -> None:
    half_sent.run("""() => {
      for (let times = 0; times < 5; times += 1) {
        drive.queue.pause();
        drive.queue.resume();
      }
    }""")
    network.release()
    half_sent.run("drive.untilAll('accepted')")
    assert half_sent.photos() == NAMES


def test_what_was_cancelled_half_way_and_is_sent_unchanged_keeps_its_key(
    half_sent: Any, network: Any
) -> None:
    half_sent.run("drive.queue.cancel()")
    network.release()
    half_sent.run("""async () => {
      await drive.queue.add([drive.file("new.jpg")]);
      drive.queue.send();
      await drive.untilAll("accepted");
    }""")
    assert sorted(half_sent.photos()) == ["new.jpg", *NAMES]
    assert len(half_sent.keys()) == 3
    assert len(set(half_sent.keys())) == 2


def test_cancelling_leaves_the_files_ready_and_the_server_without_them(
    half_sent: Any, network: Any
) -> None:
    half_sent.run("drive.queue.cancel()")
    network.release()
    assert half_sent.run("drive.states()") == dict.fromkeys(NAMES, "ready")
    assert half_sent.run("drive.queue.state") == "idle"
    assert half_sent.run("drive.named('photo-1.jpg').sentBytes") == 0
    half_sent.run("drive.queue.remove(drive.named('photo-2.jpg').id)")
    half_sent.run("async () => { drive.queue.send(); await drive.untilAll('accepted'); }")
    half_sent.until(
        lambda: half_sent.photos() == ["photo-1.jpg", "photo-3.jpg"], "the photo is deleted"
    )
    assert len(set(half_sent.keys())) == 1


def test_cancelling_what_was_accepted_and_sending_it_again_doubles_nothing(
    unanswered: Any, network: Any
) -> None:
    unanswered.run("drive.queue.cancel()")
    assert unanswered.run("drive.states()") == dict.fromkeys(NAMES, "ready")
    network.release()
    unanswered.run("""async () => {
      await drive.queue.add([drive.file("new.jpg")]);
      drive.queue.send();
      await drive.untilAll("accepted");
    }""")
    assert sorted(unanswered.photos()) == ["new.jpg", *NAMES]


def test_removing_a_file_from_a_request_under_way_finishes_it_and_deletes_the_photo(
    half_sent: Any, network: Any
) -> None:
    half_sent.run("drive.queue.remove(drive.named('photo-1.jpg').id)")
    network.release()
    half_sent.run("drive.untilAll('accepted')")
    assert half_sent.run("drive.states()") == {
        "photo-2.jpg": "accepted",
        "photo-3.jpg": "accepted",
    }
    half_sent.until(
        lambda: half_sent.photos() == ["photo-2.jpg", "photo-3.jpg"], "the photo is deleted"
    )
    assert len(half_sent.keys()) == 1


def test_removing_a_file_that_was_accepted_already_deletes_its_photo(
    unanswered: Any, network: Any
) -> None:
    unanswered.run("drive.queue.remove(drive.named('photo-2.jpg').id)")
    network.release()
    unanswered.run("drive.untilAll('accepted')")
    unanswered.until(
        lambda: unanswered.photos() == ["photo-1.jpg", "photo-3.jpg"], "the photo is deleted"
    )
    told = unanswered.run("drive.told.tasks.map((task) => task.file_name)")
    assert told == ["photo-1.jpg", "photo-3.jpg"]


def test_a_file_removed_before_its_bytes_are_told_as_sent_is_deleted_and_the_others_stay_once(
    unsteady: Any, network: Any
) -> None:
    network.hold_answers()
    unsteady.run("""async () => {
      // As a browser that has not told yet how far the upload is.
      XMLHttpRequestUpload.prototype.addEventListener = () => {};
      await drive.queue.add(drive.files(3));
      drive.queue.send();
    }""")
    unsteady.until(lambda: unsteady.photos() == NAMES, "the server has accepted them")
    unsteady.run("drive.queue.remove(drive.named('photo-2.jpg').id)")
    network.release()
    unsteady.run("drive.untilAll('accepted')")
    unsteady.until(
        lambda: unsteady.photos() == ["photo-1.jpg", "photo-3.jpg"], "the photo is deleted"
    )


def test_removing_a_file_during_a_pause_does_not_end_it(steady: Any) -> None:
    # So the request certainly was not carried out, and goes on without the file.
    busy = {"code": "over_capacity", "detail": "Later."}
    steady.page.route("**/api/upload/", lambda route: route.fulfill(status=503, json=busy))
    steady.run("""async () => {
      await drive.queue.add(drive.files(2));
      drive.queue.send();
      await drive.until(() => drive.named("photo-1.jpg").problem !== null);
      drive.queue.pause();
      drive.queue.remove(drive.named("photo-1.jpg").id);
    }""")
    begun = len(steady.uploads)
    assert steady.run("[drive.queue.state, drive.states()]") == [
        "paused",
        {"photo-2.jpg": "paused"},
    ]
    steady.page.unroute_all()
    assert len(steady.uploads) == begun
    steady.run("async () => { drive.queue.resume(); await drive.untilAll('accepted'); }")
    assert steady.photos() == ["photo-2.jpg"]


def test_removing_a_file_of_a_request_that_a_pause_broke_off_does_not_end_the_pause(
    half_sent: Any, network: Any
) -> None:
    half_sent.run("""() => {
      drive.queue.pause();
      drive.queue.remove(drive.named("photo-1.jpg").id);
    }""")
    assert half_sent.run("[drive.queue.state, drive.states()]") == [
        "paused",
        dict.fromkeys(NAMES[1:], "paused"),
    ]
    network.release()
    half_sent.run("async () => { drive.queue.resume(); await drive.untilAll('accepted'); }")
    half_sent.until(lambda: half_sent.photos() == NAMES[1:], "the photo is deleted")


@pytest.mark.parametrize("stop", ["cancel", "pause"])
def test_removing_everything_that_was_accepted_before_it_was_stopped_deletes_the_photos(
    unanswered: Any, network: Any, stop: str
) -> None:
    unanswered.run(
        """(stop) => {
          drive.queue[stop]();
          for (const id of [...drive.queue.entries.keys()]) {
            drive.queue.remove(id);
          }
        }""",
        stop,
    )
    network.release()
    unanswered.until(lambda: unanswered.photos() == [], "the photos are deleted")
    unanswered.run("drive.until(() => drive.queue.state === 'idle')")
    assert unanswered.run("drive.told.tasks") == []


def test_cancelling_what_was_removed_under_way_deletes_its_photos(
    unanswered: Any, network: Any
) -> None:
    unanswered.run("""() => {
      for (const id of [...drive.queue.entries.keys()]) {
        drive.queue.remove(id);
      }
      drive.queue.cancel();
    }""")
    network.release()
    unanswered.until(lambda: unanswered.photos() == [], "the photos are deleted")


def test_a_file_removed_after_a_cancelled_upload_that_was_accepted_is_deleted_with_the_next(
    unanswered: Any, network: Any
) -> None:
    unanswered.run("""() => {
      drive.queue.cancel();
      drive.queue.remove(drive.named("photo-2.jpg").id);
      drive.queue.send();
    }""")
    network.release()
    unanswered.run("drive.untilAll('accepted')")
    unanswered.until(
        lambda: unanswered.photos() == ["photo-1.jpg", "photo-3.jpg"], "the photo is deleted"
    )


def test_removing_everything_during_a_pause_leaves_a_queue_that_works(
    half_sent: Any, network: Any
) -> None:
    half_sent.run("""() => {
      drive.queue.pause();
      for (const id of [...drive.queue.entries.keys()]) {
        drive.queue.remove(id);
      }
    }""")
    network.release()
    assert half_sent.run("drive.queue.state") == "idle"
    half_sent.run("""async () => {
      await drive.queue.add([drive.file("next.jpg")]);
      drive.queue.send();
      await drive.untilAll("accepted");
    }""")
    assert half_sent.photos() == ["next.jpg"]
