"""Uploads go on while a migration runs: none may hold a lock on a big table for long.

Squawk knows which statements rewrite a table, or look through it, under a lock that keeps others
out, and which take away what the version before still uses: https://squawkhq.com/docs/rules.
"""

import json
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

from photo_records.migrations import alembic_config

# The oldest Postgres that docs/operations.md promises.
_POSTGRES = "15.0"
_LEFT_OUT = (
    # Of taste: a transaction makes statements robust, and counts are small.
    *("prefer-robust-stmts", "prefer-bigint-over-int", "prefer-bigint-over-smallint"),
    # `migrations/env.py` waits for locks with an end, and again; indexes take as long as they take.
    *("require-lock-timeout", "require-statement-timeout"),
)
# What is right all the same, and why. A new line needs a reason as good.
_ALLOWED = {
    ("0004", "ban-drop-not-null"): "no version ever read the key of a batch and relied on one",
    ("0006", "ban-drop-constraint"): "replaced in the same transaction by one that allows more",
    ("0010", "renaming-object"): "an index that was built beside; nobody calls indexes by name",
    ("0015", "disallowed-unique-constraint"): "operators' actions are few: a table of some rows",
    ("0015", "constraint-missing-not-valid"): "the same",
}
# A backfill of a big table is work for a service, in small steps; it is found after WITH, in the
# block of a DO and in a string that is executed. Grants, triggers and keys use the same words.
_WRITES_ROWS = re.compile(
    r"""\bUPDATE\s+(ONLY\s+)?[\w."]+(\s*\*)?(\s+(AS\s+)?[\w"]+)?\s+SET\b
    | \bDELETE\s+FROM\b
    | \bMERGE\s+INTO\b
    | \bINSERT\s+INTO\b[^;]*\b(SELECT|TABLE)\b""",
    re.IGNORECASE | re.VERBOSE,
)
# What locks a whole table, or reads or writes all of it, and Squawk does not name.
_HOLDS_TABLE = re.compile(
    r"""(?:^|;)\s*(?:
        LOCK\b | CLUSTER\b | TRUNCATE\b | VACUUM\s+(\(\s*)?FULL\b | REFRESH\s+MATERIALIZED\b
        | REVOKE\b | ALTER\s+TABLE\b[^;]*\bSET\s+(UN)?LOGGED\b | COPY\b[^;]*\bFROM\b
        | CREATE\s[^;]*\bTABLE\b[^;(]*\bAS\b | SELECT\b[^;]*\bINTO\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# Where Squawk does not look: a block, with what it executes.
_BLOCK = re.compile(r"\bDO\s+(\$\w*\$)(.*?)\1", re.IGNORECASE | re.DOTALL)
_DEFINES = re.compile(
    r"\b(ALTER\s+TABLE|CREATE\s+(UNIQUE\s+)?INDEX|DROP\s+(TABLE|INDEX)|TRUNCATE|LOCK\s+TABLE)\b",
    re.IGNORECASE,
)
# What a function does it does later, unless it is called at once.
_FUNCTION = re.compile(
    r"\bCREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE)\s+(?P<name>[\w.]+)[^;$]*(\$\w*\$).*?\4",
    re.IGNORECASE | re.DOTALL,
)

_SCRIPTS = sorted(
    ScriptDirectory.from_config(alembic_config("postgresql://unused/photo")).walk_revisions(),
    key=lambda script: script.revision,
)


def refusals(folder: Path, statements: dict[str, str]) -> set[tuple[str, str]]:
    """The rules that the statements of each migration break, by its number."""
    files = [folder / f"{name}.sql" for name in statements]
    for file, text in zip(files, statements.values(), strict=True):
        file.write_text(text, "utf-8")
    done = subprocess.run(
        [
            Path(sys.executable).parent / "squawk",
            *("--reporter=json", f"--pg-version={_POSTGRES}", "--no-error-on-unmatched-pattern"),
            *(f"--exclude={rule}" for rule in _LEFT_OUT),
            *files,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in {0, 1}, done.stderr
    found = {(Path(each["file"]).stem, each["rule_name"]) for each in json.loads(done.stdout)}
    written = {(name, "writes-rows") for name, text in statements.items() if writes_rows(text)}
    holding = {(name, "holds-table") for name, text in statements.items() if holds_table(text)}
    return found | written | holding


def writes_rows(text: str) -> bool:
    return bool(_WRITES_ROWS.search(_FUNCTION.sub("", text)))


def holds_table(text: str) -> bool:
    """Whether it does so itself, in a block or through a function that it makes and calls."""
    done = _FUNCTION.sub("", text)
    made = {match["name"] for match in _FUNCTION.finditer(text)}
    return (
        bool(_HOLDS_TABLE.search(done))
        or any(_DEFINES.search(block[2]) for block in _BLOCK.finditer(done))
        or any(re.search(rf"\b(SELECT|CALL|PERFORM)\s+{re.escape(name)}\b", done) for name in made)
    )


def statements_of(script: Script) -> str:
    """The SQL of a migration, as it is sent."""
    sent = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql",
        opts={"as_sql": True, "output_buffer": sent, "transaction_per_migration": True},
    )
    with Operations.context(context), context.begin_transaction(_per_migration=True):
        script.module.upgrade()
    return sent.getvalue()


def test_no_migration_keeps_others_from_a_big_table_or_breaks_the_version_before(
    tmp_path: Path,
) -> None:
    found = refusals(tmp_path, {script.revision: statements_of(script) for script in _SCRIPTS})
    assert found == set(_ALLOWED)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX photos_size_idx ON photos (size);",
        "DROP INDEX photos_pending_idx;",
        "BEGIN; CREATE INDEX CONCURRENTLY photos_size_idx ON photos (size); COMMIT;",
        "ALTER TABLE photos ALTER COLUMN size TYPE numeric;",
        "ALTER TABLE photos ALTER COLUMN finished_by SET NOT NULL;",
        "ALTER TABLE photos ADD COLUMN seed float DEFAULT random();",
        "ALTER TABLE photos ADD COLUMN seed float NOT NULL;",
        "ALTER TABLE photos ADD CONSTRAINT photos_small_check CHECK (size < 100);",
        "ALTER TABLE photos ADD CONSTRAINT photos_other_fkey FOREIGN KEY (id) REFERENCES batches;",
        "ALTER TABLE photos ADD CONSTRAINT photos_sha256_key UNIQUE (sha256);",
        "ALTER TABLE photos DROP COLUMN camera;",
        "ALTER TABLE photos RENAME COLUMN camera TO device;",
        "DROP TABLE renditions;",
    ],
)
def test_what_would_is_refused(tmp_path: Path, statement: str) -> None:
    assert refusals(tmp_path, {"9999": statement})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE photos SET lane = 'bulk';",
        "update only public.photos * as old set lane = 'bulk';",
        "WITH late AS (SELECT id FROM photos) UPDATE photos p SET lane = 'bulk' FROM late;",
        "SELECT 1; DELETE FROM photos WHERE size = 0;",
        "WITH gone AS (delete from photos RETURNING id) SELECT count(*) FROM gone;",
        "INSERT INTO renditions (photo_id) SELECT id FROM photos;",
        "INSERT INTO renditions TABLE old_renditions;",
        "MERGE INTO photos USING late ON true WHEN MATCHED THEN DELETE;",
        "DO $$ BEGIN UPDATE photos SET lane = 'bulk'; END $$;",
        "DO $do$ BEGIN EXECUTE 'UPDATE photos SET lane = lane'; END $do$;",
        "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$; DO $$ BEGIN DELETE FROM a; END $$;",
    ],
)
def test_what_writes_many_rows_is_refused(tmp_path: Path, statement: str) -> None:
    assert ("9999", "writes-rows") in refusals(tmp_path, {"9999": statement})


@pytest.mark.parametrize(
    "statement",
    [
        "LOCK TABLE photos;",
        "SELECT 1; lock photos IN EXCLUSIVE MODE;",
        "CLUSTER photos USING photos_pkey;",
        "VACUUM (FULL, ANALYZE) photos;",
        "TRUNCATE renditions;",
        "ALTER TABLE photos SET UNLOGGED;",
        "REFRESH MATERIALIZED VIEW counts;",
        "CREATE TABLE copies AS SELECT * FROM photos;",
        "CREATE UNLOGGED TABLE copies AS TABLE photos;",
        "SELECT * INTO copies FROM photos;",
        "COPY photos FROM STDIN;",
        "REVOKE UPDATE ON photos FROM photo_worker;",
        "DO $$ BEGIN CREATE INDEX photos_size_idx ON photos (size); END $$;",
        "DO $x$ BEGIN EXECUTE 'ALTER TABLE photos ALTER size TYPE numeric'; END $x$;",
        "CREATE FUNCTION f() RETURNS void AS $$ UPDATE photos SET size = 1 $$; SELECT f();",
    ],
)
def test_what_holds_a_whole_table_is_refused(tmp_path: Path, statement: str) -> None:
    assert ("9999", "holds-table") in refusals(tmp_path, {"9999": statement})


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO lanes (name) VALUES ('bulk');",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON photos TO photo_ingest;",
        "CREATE TRIGGER t BEFORE UPDATE OR DELETE ON photos EXECUTE FUNCTION f();",
        "CREATE TABLE a (b int REFERENCES c ON UPDATE CASCADE ON DELETE SET NULL);",
        "create or replace function f() returns int as $b$ BEGIN\nDELETE FROM photos;\nEND $b$;",
    ],
)
def test_what_writes_few_rows_or_later_is_not(statement: str) -> None:
    assert not writes_rows(statement)
    assert not holds_table(statement)
