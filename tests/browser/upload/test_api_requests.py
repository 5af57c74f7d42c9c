"""Asking the API: answers, problems, and a session that is renewed."""

from typing import Any

from playwright.sync_api import Route

_ASK = """async ([method, path, options]) => {
  const { Problem, request } = await import(`${drive.assets}api.js`);
  try {
    return { answer: await request(method, path, options) };
  } catch (error) {
    const { status, code, detail, rejected, retryAfter } = error;
    return { isProblem: error instanceof Problem, status, code, detail, rejected, retryAfter };
  }
}"""
_UNKNOWN = "/api/tasks/00000000-0000-7000-8000-000000000000"


def ask(steady: Any, method: str, path: str, options: dict[str, Any] | None = None) -> Any:
    return steady.run(_ASK, [method, path, options or {}])


def test_an_answer_is_parsed_and_none_is_null(steady: Any) -> None:
    steady.run("""async () => {
      await drive.queue.add(drive.files(1));
      drive.queue.send();
      await drive.untilAll("accepted");
    }""")
    [task] = ask(steady, "GET", "/api/tasks?limit=1")["answer"]["tasks"]
    assert task["file_name"] == "photo-1.jpg"
    assert ask(steady, "DELETE", f"/api/tasks/{task['task_id']}") == {"answer": None}
    assert steady.photos() == []


def test_a_refusal_is_a_problem_with_the_words_of_the_server(steady: Any) -> None:
    told = ask(steady, "POST", "/api/session", {"headers": {"Authorization": "Bearer photo_none"}})
    assert (told["isProblem"], told["status"], told["code"]) == (True, 401, "invalid_api_key")
    assert told["detail"]
    assert told["retryAfter"] is None
    assert told["rejected"] == []


def test_an_ended_session_is_renewed_before_it_is_told_of(steady: Any) -> None:
    steady.page.context.clear_cookies()
    # Not csrf_failed: it was asked again.
    assert ask(steady, "DELETE", _UNKNOWN)["code"] == "unknown_task"


def test_what_is_no_answer_of_the_api_is_told_apart_from_a_network_that_is_away(
    steady: Any,
) -> None:
    def answer(route: Route) -> None:
        route.fulfill(status=502, headers={"Retry-After": "7"}, body="<h1>Bad gateway</h1>")

    steady.page.route("**/api/batches/**", answer)
    told = ask(steady, "GET", "/api/batches/x")
    assert (told["status"], told["code"], told["retryAfter"]) == (502, "unexpected_answer", 7)
    steady.page.context.set_offline(True)
    told = ask(steady, "GET", "/api/tasks")
    assert (told["isProblem"], told["status"], told["code"]) == (True, 0, "network")


def test_a_question_that_is_taken_back_ends_with_its_reason(steady: Any) -> None:
    name = steady.run("""async () => {
      const { request } = await import(`${drive.assets}api.js`);
      const controller = new AbortController();
      const asked = request("GET", "/api/tasks", { signal: controller.signal });
      controller.abort();
      return asked.catch((error) => error.name);
    }""")
    assert name == "AbortError"


def test_limits_are_asked_for_once_and_again_only_after_a_failure(steady: Any) -> None:
    told = steady.run("""async () => {
      const { loadLimits } = await import(`${drive.assets}limits.js`);
      const another = await import(`${drive.assets}limits.js?another`);
      const ask = globalThis.fetch;
      let asked = 0;
      globalThis.fetch = (...request) => {
        asked += 1;
        return asked === 1 ? Promise.reject(new TypeError("away")) : ask(...request);
      };
      const failed = await another.loadLimits().catch(({ code }) => code);
      const [first, second] = await Promise.all([another.loadLimits(), another.loadLimits()]);
      await loadLimits();
      return { failed, asked, same: first === second, field: first.field };
    }""")
    assert told == {"failed": "network", "asked": 2, "same": True, "field": "images"}
