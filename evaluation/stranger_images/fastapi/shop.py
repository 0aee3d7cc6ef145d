"""A small shop with an OpenAPI description, its data in SQLite."""

from __future__ import annotations

import sqlite3

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

DATA = "shop.db"

app = FastAPI(title="Shop")


class Item(BaseModel):
    name: str = Field(min_length=1, max_length=100)
    price: int = Field(ge=0, le=1_000_000)


def _database() -> sqlite3.Connection:
    database = sqlite3.connect(DATA)
    database.execute("create table if not exists items (name text, price integer)")
    return database


@app.get("/items")
def items(at_most: int = 1_000_000) -> list[Item]:
    with _database() as database:
        rows = database.execute("select name, price from items where price <= ?", (at_most,))
        return [Item(name=name, price=price) for name, price in rows]


@app.post("/items", status_code=201)
def add(item: Item) -> Item:
    with _database() as database:
        database.execute("insert into items values (?, ?)", (item.name, item.price))
    return item


@app.get("/items/{number}")
def one(number: int) -> Item:
    with _database() as database:
        row = database.execute(
            "select name, price from items where rowid = ?", (max(-1, min(number, 1 << 60)),)
        ).fetchone()
    if row is None:
        raise HTTPException(404)
    return Item(name=row[0], price=row[1])
