"""Postgres and Redis as the supervisor runs them; their lines go to the log files only."""

from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.embedded_redis import EmbeddedRedis
from local_stack.process_spec import ProcessSpec, Program
from local_stack.readiness import postgres_accepts, redis_answers
from local_stack.settings import inherited_variables

POSTGRES, REDIS = "postgres", "redis"


def postgres_process(postgres: EmbeddedPostgres) -> ProcessSpec:
    """The initialised cluster `postgres`, kept serving."""
    program = Program(
        POSTGRES,
        postgres.command(),
        inherited_variables(),
        folder=postgres.folder,
        user=postgres.user,
        stop_signal=postgres.stop_signal,
        death_signal=postgres.death_signal,
        echo=False,
    )
    return ProcessSpec(program, postgres_accepts(postgres.database_url), postgres.port, None)


def redis_process(redis: EmbeddedRedis) -> ProcessSpec:
    """The server `redis`, kept serving."""
    program = Program(
        REDIS,
        redis.command(),
        inherited_variables(),
        input_text=redis.configuration(),
        folder=redis.folder,
        stop_signal=redis.stop_signal,
        death_signal=redis.death_signal,
        echo=False,
    )
    return ProcessSpec(program, redis_answers(redis.redis_url), redis.port, None)
