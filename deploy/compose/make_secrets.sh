#!/bin/sh
# Makes the secrets of docker-compose.yml at the first start and leaves them alone after that.
# Each folder in /secrets is a volume that its service alone mounts, as /run/secrets: whoever it
# runs as may read all that is in it. Elsewhere with the argument, a folder that has those folders.
set -eu
umask 022
cd "${1:-/secrets}"

# random FILE: 256 bits as hexadecimal digits, which need no escaping in a URL.
random() {
  [ -s "$1" ] || head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' | write "$1"
}

# write FILE: what is read, whole or not at all.
write() {
  cat > "$1.new"
  mv "$1.new" "$1"
}

# url FILE ROLE PASSWORD_FILE
url() {
  printf 'postgresql://%s:%s@postgres:5432/photo' "$2" "$(cat "$3")" | write "$1"
}

# Of the superuser, whom nobody needs but at the first start, and of the owner of the tables.
random postgres/password
random postgres/owner_password
url migrations/database_url photo postgres/owner_password

mkdir -p migrations/logins
for service in ingest status worker console; do
  random "migrations/logins/$service"
  url "$service/database_url" "photo_$service" "migrations/logins/$service"
done

# The password in redis/ is of the user `default`, who may do everything and whom no service knows.
# Those that send, fetch and look after tasks do all but administer and see or empty the whole;
# status-service only hears of changes (https://redis.io/docs/latest/commands/acl-setuser/).
random redis/password
mkdir -p redis/logins
for service in ingest status worker console; do random "redis/logins/$service"; done
{
  printf 'requirepass %s\n' "$(cat redis/password)"
  for service in ingest status worker console; do
    case $service in
      status) rights='resetkeys &* +@pubsub +@connection' ;;
      *) rights='~* &* +@all -@admin -@dangerous' ;;
    esac
    printf 'user photo_%s on >%s %s\n' "$service" "$(cat "redis/logins/$service")" "$rights"
  done
} | write redis/redis.conf
for service in ingest status worker console; do
  printf 'redis://photo_%s:%s@redis:6379/0' "$service" "$(cat "redis/logins/$service")" |
    write "$service/redis_url"
done

random gateway/session_secret
url operator/database_url photo_console migrations/logins/console
random operator/admin_password
random grafana/password
