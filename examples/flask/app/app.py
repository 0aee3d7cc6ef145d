"""A guest book: accounts, sessions, forms with tokens, pictures; no API, only pages."""

import hashlib
import secrets
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from flask import Flask, abort, redirect, render_template_string, request, session

app = Flask(__name__)
app.secret_key = secrets.token_bytes(16)
app.config["MAX_CONTENT_LENGTH"] = 8 << 20
_DATA = Path(tempfile.mkdtemp(prefix="guests-"))
_LAYOUT = """<!doctype html><title>Guest book</title>
<link rel="stylesheet" href="/static/style.css">
<nav><a href="/">home</a> <a href="/register">register</a> <a href="/login">log in</a>
{% if name %}<a href="/entries">entries</a> <a href="/logout">log out</a>{% endif %}</nav>
"""
_ACCOUNT = """<form method="post"><input type="hidden" name="token" value="{{ token }}">
<input name="username" required maxlength="40"> <input type="password" name="password">
<button>{{ title }}</button></form>"""
_ENTRIES = """<form method="post" action="/entries" enctype="multipart/form-data">
<input type="hidden" name="token" value="{{ token }}"><input name="title" required>
<textarea name="text"></textarea><input type="file" name="picture"><button>write</button></form>
<form action="/search"><input type="search" name="q"></form>
<form method="post" action="/entries/delete"><button>delete all</button></form>
<ul>{% for number, title in entries %}
<li><a href="/entries/{{ number }}">{{ title }}</a>{% endfor %}</ul>"""


def _database() -> sqlite3.Connection:
    database = sqlite3.connect(_DATA / "guests.db")
    database.execute("create table if not exists guests (name text primary key, word text)")
    database.execute("create table if not exists entries (title text, text text, picture text)")
    return database


def _show(template: str, **values: object) -> str:
    session.setdefault("token", secrets.token_hex(8))
    own = {"token": session["token"], "name": session.get("name")}
    return render_template_string(_LAYOUT + template, **own, **values)


def _checked() -> None:
    """The visitor's own form, not another site's."""
    if not secrets.compare_digest(request.form.get("token", ""), session.get("token", "none")):
        abort(400)


def _signed_in() -> None:
    if "name" not in session:
        abort(403)


def _word() -> str:
    return hashlib.scrypt(request.form["password"].encode(), salt=b"guests", n=1024, r=8, p=1).hex()


@app.get("/")
def home() -> str:
    return _show("<h1>Welcome</h1>")


@app.route("/register", methods=["GET", "POST"])
def register() -> object:
    if request.method == "GET":
        return _show(_ACCOUNT, title="register")
    _checked()
    try:
        with closing(_database()) as database, database:
            database.execute(
                "insert into guests values (?, ?)", (request.form["username"], _word())
            )
    except sqlite3.IntegrityError:
        abort(409)
    return redirect("/login")


@app.route("/login", methods=["GET", "POST"])
def login() -> object:
    if request.method == "GET":
        return _show(_ACCOUNT, title="log in")
    _checked()
    with closing(_database()) as database:
        query = "select name from guests where name = ? and word = ?"
        found = database.execute(query, (request.form["username"], _word())).fetchone()
    if not found:
        abort(401)
    session["name"] = found[0]
    return redirect("/entries")


@app.get("/logout")
def logout() -> object:
    session.clear()
    return redirect("/")


@app.route("/entries", methods=["GET", "POST"])
def entries() -> object:
    _signed_in()
    with closing(_database()) as database, database:
        if request.method == "POST":
            _checked()
            values = (request.form["title"], request.form["text"], _picture())
            database.execute("insert into entries values (?, ?, ?)", values)
            return redirect("/entries")
        found = database.execute(
            "select rowid, title from entries order by rowid limit 5"
        ).fetchall()
    return _show(_ENTRIES, entries=found)


def _picture() -> str:
    """Under a name of our own; a link to the newest one takes its place at once."""
    given = request.files.get("picture")
    if given is None:
        return ""
    name = secrets.token_hex(8)
    given.save(_DATA / name)
    fresh = _DATA / f"{name}.new"
    fresh.symlink_to(name)
    fresh.rename(_DATA / "newest")
    return name


@app.get("/entries/<int:number>")
def entry(number: int) -> str:
    _signed_in()
    with closing(_database()) as database:
        query = "select title, text from entries where rowid = ?"
        found = database.execute(query, (number,)).fetchone()
    if not found:
        abort(404)
    return _show("<h1>{{ title }}</h1><p>{{ text }}</p>", title=found[0], text=found[1])


@app.post("/entries/delete")
def delete() -> object:
    _signed_in()
    with closing(_database()) as database, database:
        database.execute("delete from entries")
    return redirect("/entries")


@app.get("/search")
def search() -> str:
    _signed_in()
    with closing(_database()) as database:
        query = "select count(*) from entries where instr(text, ?)"
        count = database.execute(query, (request.args.get("q", ""),)).fetchone()[0]
    return _show("<p>{{ count }} found</p>", count=count)
