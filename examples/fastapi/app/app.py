"""An API that describes itself: notes in SQLite, files, a program; nothing but its routes."""

import asyncio
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from fastapi import FastAPI, HTTPException, UploadFile, WebSocket
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

app = FastAPI(title="Notes")
_DATA = Path(tempfile.mkdtemp(prefix="notes-"))
_PAGE = """<!doctype html><title>Notes</title>
<a href="/docs">API</a> <a href="/words?most=10">words</a>
<script>new WebSocket("/live").onmessage = (event) => console.log(event.data);</script>"""


class Note(BaseModel):
    title: str = Field(min_length=1, max_length=80)
    text: str = Field("", max_length=2000)


def _database() -> sqlite3.Connection:
    database = sqlite3.connect(_DATA / "notes.db")
    database.execute("create table if not exists notes (title text, text text)")
    return database


def _known(changed: int) -> None:
    if not changed:
        raise HTTPException(404, "there is no such note")


@app.get("/", response_class=HTMLResponse)
def page() -> str:
    return _PAGE


@app.post("/notes", status_code=201)
def add(note: Note) -> dict:
    with closing(_database()) as database, database:
        new = database.execute("insert into notes values (?, ?)", (note.title, note.text))
        return {"id": new.lastrowid, **note.dict()}


@app.get("/notes")
def search(text: str = "") -> list:
    with closing(_database()) as database:
        rows = database.execute("select rowid, title from notes where instr(text, ?)", (text,))
        return [{"id": number, "title": title} for number, title in rows.fetchmany(100)]


@app.get("/notes/{number}")
def read(number: int) -> dict:
    with closing(_database()) as database:
        query = "select title, text from notes where rowid = ?"
        found = database.execute(query, (_bounded(number),)).fetchone()
    _known(bool(found))
    return {"id": number, "title": found[0], "text": found[1]}


@app.put("/notes/{number}")
def change(number: int, note: Note) -> dict:
    with closing(_database()) as database, database:
        query = "update notes set title = ?, text = ? where rowid = ?"
        _known(database.execute(query, (note.title, note.text, _bounded(number))).rowcount)
    return {"id": number, **note.dict()}


@app.delete("/notes/{number}", status_code=204)
def forget(number: int) -> None:
    with closing(_database()) as database, database:
        query = "delete from notes where rowid = ?"
        _known(database.execute(query, (_bounded(number),)).rowcount)


def _bounded(number: int) -> int:
    """SQLite takes 64 bits."""
    return max(-1, min(number, 2**63 - 1))


@app.post("/files")
async def keep(file: UploadFile) -> dict:
    content = await file.read(1 << 20)
    path = _DATA / "upload"
    path.write_bytes(content)
    path.chmod(0o600)
    return {"size": path.stat().st_size}


@app.get("/words")
def words(most: int = 20) -> dict:
    """By a program, so that the image needs to start one."""
    done = subprocess.run(["ls", "-1", "/usr/share"], capture_output=True, text=True, check=True)
    return {"words": done.stdout.split()[: max(0, min(most, 100))]}


@app.websocket("/live")
async def live(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await asyncio.sleep(0)
        await socket.send_text(text)
