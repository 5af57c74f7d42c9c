-- What psql runs as the superuser at the first start of Postgres: the owner of the tables, who may
-- make the roles of the services and is no superuser. Again with a new password, it sets that.
\set ON_ERROR_STOP on
\set password `cat /run/secrets/owner_password`

SELECT 'CREATE ROLE photo'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'photo') \gexec
ALTER ROLE photo LOGIN CREATEROLE PASSWORD :'password';

SELECT 'CREATE DATABASE photo OWNER photo'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'photo') \gexec
