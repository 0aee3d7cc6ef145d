"""A shop: goods and orders are in PostgreSQL, baskets in Redis."""

from __future__ import annotations

import os

import psycopg2
import redis
from flask import Flask, Response, abort, jsonify, request

app = Flask("shop")
baskets = redis.Redis(os.environ["REDIS_HOST"], decode_responses=True)


def database() -> psycopg2.extensions.connection:
    """A connection with the tables in it."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS goods (name text PRIMARY KEY, left_over int)")
        cursor.execute("CREATE TABLE IF NOT EXISTS orders (id serial PRIMARY KEY, name text)")
    return connection


@app.get("/health")
def health() -> str:
    """Whether both stores answer."""
    baskets.ping()
    database().close()
    return "well\n"


@app.put("/goods/<name>")
def stock(name: str) -> tuple[str, int]:
    """Put goods on the shelf."""
    with database() as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO goods VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET left_over = "
            "goods.left_over + excluded.left_over",
            (name, int(request.form["count"])),
        )
    return "", 204


@app.get("/goods")
def goods() -> Response:
    """What there is, in order."""
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name, left_over FROM goods ORDER BY name")
        return jsonify(dict(cursor.fetchall()))


@app.post("/baskets/<customer>")
def choose(customer: str) -> Response:
    """Put something into a basket."""
    baskets.rpush(f"basket:{customer}", request.form["name"])
    baskets.expire(f"basket:{customer}", 3600)
    return jsonify(baskets.lrange(f"basket:{customer}", 0, -1))


@app.post("/orders/<customer>")
def order(customer: str) -> Response:
    """Buy all that is in the basket, or nothing."""
    chosen = baskets.lrange(f"basket:{customer}", 0, -1)
    with database() as connection, connection.cursor() as cursor:
        for name in chosen:
            cursor.execute(
                "UPDATE goods SET left_over = left_over - 1 WHERE name = %s AND left_over > 0",
                (name,),
            )
            if not cursor.rowcount:
                connection.rollback()
                abort(409)
            cursor.execute("INSERT INTO orders (name) VALUES (%s)", (name,))
    baskets.delete(f"basket:{customer}")
    return jsonify(chosen)
