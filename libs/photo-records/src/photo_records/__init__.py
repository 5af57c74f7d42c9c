"""The facts: tables, migrations, the queries of each service, the queue contract."""
