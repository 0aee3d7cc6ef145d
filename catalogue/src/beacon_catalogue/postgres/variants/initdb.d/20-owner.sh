#!/bin/bash
# Scripts find the server by its socket.
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -c 'CREATE ROLE reader; GRANT SELECT ON stock TO reader'
