"""A Flask application as many have it: a page, a database, an upload, a template."""

from __future__ import annotations

import sqlite3
import tempfile

from flask import Flask, Response, jsonify, render_template_string, request

app = Flask(__name__)


@app.route("/")
def index() -> str:
    return render_template_string("<h1>Hello, {{ name }}</h1>", name="world")


@app.route("/count")
def count() -> Response:
    with tempfile.NamedTemporaryFile() as file, sqlite3.connect(file.name) as database:
        database.execute("CREATE TABLE visits (path TEXT)")
        database.execute("INSERT INTO visits VALUES (?)", (request.path,))
        (visits,) = database.execute("SELECT COUNT(*) FROM visits").fetchone()
    return jsonify(visits=visits)


@app.route("/", methods=["POST", "PUT"])
def upload() -> Response:
    return jsonify(bytes=len(request.get_data()))
