from local_stack.restart_backoff import RestartBackoff


def test_delays_double_from_a_fifth_of_a_second_up_to_ten_seconds() -> None:
    backoff = RestartBackoff()

    assert [backoff.delay_after(0.1) for _ in range(8)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]


def test_a_long_life_begins_the_delays_afresh() -> None:
    backoff = RestartBackoff()
    for _ in range(5):
        backoff.delay_after(1)

    assert backoff.delay_after(30) == 0.2
    assert backoff.delay_after(29.9) == 0.4
