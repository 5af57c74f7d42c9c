from photo_objects.buffer_pool import BufferPool


def test_a_buffer_that_came_back_is_handed_out_again() -> None:
    pool = BufferPool(max_idle=2)
    first = pool.take(100)
    pool.give_back(first)
    assert pool.take(100) is first


def test_buffers_in_use_are_never_handed_out_twice() -> None:
    pool = BufferPool(max_idle=2)
    assert pool.take(100) is not pool.take(100)


def test_a_buffer_has_exactly_the_size_asked_for() -> None:
    pool = BufferPool(max_idle=2)
    pool.give_back(pool.take(100))
    assert len(pool.take(50)) == 50
    assert len(pool.take(100)) == 100


def test_no_more_are_kept_than_allowed() -> None:
    pool = BufferPool(max_idle=1)
    kept, dropped = pool.take(100), pool.take(100)
    pool.give_back(kept)
    pool.give_back(dropped)
    assert pool.take(100) is kept
    assert pool.take(100) is not dropped
