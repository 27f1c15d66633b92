"""What the learner did, in one SQLite file that survives being killed at any moment.

Every attempt is one transaction: after a crash it is there whole or not at all. Use from one thread.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import time
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import numpy as np

from tutor import attempt as attempts
from tutor.attempt import Attempt, Floats, PhoneMean, PhoneScore, Summary
from tutor.errors import InputError, InstallError
from tutor.paths import write_atomic
from tutor.result import from_json
from tutor.timebase import SAMPLE_RATE

SCHEMA = (
    """
    CREATE TABLE attempt (
        id INTEGER PRIMARY KEY, learner TEXT NOT NULL, item TEXT NOT NULL, text TEXT NOT NULL,
        at REAL NOT NULL,
        overall REAL NOT NULL, accuracy REAL NOT NULL, fluency REAL NOT NULL, prosody REAL NOT NULL,
        completeness REAL NOT NULL, assessment BLOB NOT NULL
    );
    CREATE INDEX attempt_by_text ON attempt (learner, text, at);
    CREATE TABLE phone (
        attempt INTEGER NOT NULL REFERENCES attempt (id) ON DELETE CASCADE, arpabet TEXT NOT NULL,
        heard TEXT NOT NULL, word TEXT NOT NULL, score REAL NOT NULL
    );
    CREATE INDEX phone_by_attempt ON phone (attempt);
    CREATE TABLE recording (
        attempt INTEGER PRIMARY KEY REFERENCES attempt (id) ON DELETE CASCADE, flac BLOB NOT NULL
    );
    """,
    """
    CREATE TABLE learner (name TEXT PRIMARY KEY, position INTEGER NOT NULL);
    INSERT INTO learner SELECT DISTINCT learner, 0 FROM attempt WHERE learner <> '';
    """,
)
"""Each entry takes the file one version further; never edited once released."""

RECENT = 12
"""Scores of a phone that say how well it goes now."""

_SUMMARY = (
    "id, learner, item, text, at, overall, accuracy, fluency, prosody, completeness, r.attempt IS NOT NULL"
)


class History:
    """The attempts in ``path`` (made where missing). Raises ``InstallError`` where the folder cannot be
    written.

    A file that is damaged beyond opening is set aside (``set_aside`` says where) and a new one begun.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set_aside: Path | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._open()
        except (OSError, sqlite3.OperationalError) as error:
            raise InstallError(
                "The history {path} cannot be opened ({error}); check the folder's permissions.",
                path=path,
                error=error,
            ) from error

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self.set_aside = self.path.with_name(
                f"{self.path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}.db"
            )
            self.path.rename(self.set_aside)
            for suffix in ("-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.execute("PRAGMA foreign_keys=ON")
            if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("quick_check failed")
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version > len(SCHEMA):
                raise InstallError(
                    "The history was written by a newer Tutor (version {version}, known {known}); update Tutor.",
                    version=version,
                    known=len(SCHEMA),
                )
            for number in range(version, len(SCHEMA)):
                database.executescript(f"BEGIN; {SCHEMA[number]} PRAGMA user_version={number + 1}; COMMIT;")
        except BaseException:
            database.close()
            raise
        return database

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        try:
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._db.execute("ROLLBACK")
            raise InputError(
                "The attempt could not be saved ({error}); free some disk space.",
                error=error,
            ) from error

    def close(self) -> None:
        self._db.close()

    def add(self, attempt: Attempt) -> int:
        """Store an attempt and return its id; it is on the disk when this returns."""
        scores = attempt.assessment.scores
        body = zlib.compress(json.dumps(attempt.assessment.to_json(), ensure_ascii=False).encode())
        flac = None if attempt.samples is None else flac_of(attempt.samples)
        with self._transaction() as database:
            cursor = database.execute(
                "INSERT INTO attempt VALUES (NULL,?,?,?,?,?,?,?,?,?,?)",
                (
                    attempt.learner, attempt.item, attempt.text, attempt.when, scores.overall,
                    scores.accuracy, scores.fluency, scores.prosody, scores.completeness, body,
                ),
            )  # fmt: skip
            number = int(cursor.lastrowid or 0)
            database.executemany(
                "INSERT INTO phone VALUES (?,?,?,?,?)",
                [
                    (number, phone.arpabet, phone.heard, phone.word, phone.score)
                    for phone in attempts.phone_scores(attempt.assessment, attempt.when)
                ],
            )
            if flac is not None:
                database.execute("INSERT INTO recording VALUES (?,?)", (number, flac))
        return number

    def attempt(self, number: int) -> Attempt:
        """A stored attempt with its audio. Raises ``InputError`` where there is none of that id."""
        row = self._db.execute(
            "SELECT learner, item, at, assessment, flac FROM attempt LEFT JOIN recording ON attempt = id "
            "WHERE id = ?",
            (number,),
        ).fetchone()
        if row is None:
            raise InputError("This attempt is no longer in the history.")
        learner, item, when, body, flac = row
        samples = None if flac is None else samples_of_flac(flac)
        return Attempt(learner, item, when, from_json(json.loads(zlib.decompress(body))), samples, number)

    def summaries(self, learner: str, *, text: str | None = None, limit: int = 1000) -> list[Summary]:
        """The newest attempts, oldest first; of one text where given."""
        condition, values = (
            ("AND text = ?", (learner, text, limit)) if text is not None else ("", (learner, limit))
        )
        rows = self._db.execute(
            f"SELECT {_SUMMARY} FROM attempt LEFT JOIN recording r ON r.attempt = id "
            f"WHERE learner = ? {condition} ORDER BY at DESC, id DESC LIMIT ?",
            values,
        ).fetchall()
        return [Summary(*row) for row in reversed(rows)]

    def best(self, learner: str, text: str) -> int | None:
        """Id of the best attempt at a text."""
        row = self._db.execute(
            "SELECT id FROM attempt WHERE learner = ? AND text = ? ORDER BY overall DESC, at DESC LIMIT 1",
            (learner, text),
        ).fetchone()
        return None if row is None else int(row[0])

    def best_by_item(self, learner: str) -> dict[str, float]:
        """Best overall score of every lesson item tried."""
        return dict(
            self._db.execute(
                "SELECT item, max(overall) FROM attempt WHERE learner = ? AND item <> '' GROUP BY item",
                (learner,),
            ).fetchall()
        )

    def phone_scores(self, learner: str, arpabet: str | None = None) -> list[PhoneScore]:
        """Every judged phone (of one sound where given), oldest first."""
        condition, values = ("AND arpabet = ?", (learner, arpabet)) if arpabet else ("", (learner,))
        rows = self._db.execute(
            "SELECT at, arpabet, heard, word, score FROM phone JOIN attempt ON id = attempt "
            f"WHERE learner = ? {condition} ORDER BY at, attempt, phone.rowid",
            values,
        )
        return [PhoneScore(*row) for row in rows]

    def phone_means(self, learner: str) -> list[PhoneMean]:
        """How each sound tried goes now, the weakest first."""
        recent: dict[str, list[PhoneScore]] = defaultdict(list)
        for score in self.phone_scores(learner):
            recent[score.arpabet].append(score)
        means = []
        for arpabet, scores in recent.items():
            newest = scores[-RECENT:]
            heard = Counter(score.heard for score in newest if score.heard)
            likely = heard.most_common(1)[0][0] if heard else ""
            means.append(
                PhoneMean(arpabet, float(np.mean([score.score for score in newest])), len(newest), likely)
            )
        return sorted(means, key=lambda mean: mean.score)

    def days(self, learner: str) -> set[date]:
        """Calendar days with at least one attempt."""
        return {
            attempts.local_day(row[0])
            for row in self._db.execute("SELECT at FROM attempt WHERE learner = ?", (learner,))
        }

    def learners(self) -> list[str]:
        """The roster, in its order; the learner without a name is not in it."""
        return [row[0] for row in self._db.execute("SELECT name FROM learner ORDER BY position, name")]

    def set_learners(self, names: list[str]) -> None:
        """Replace the roster; the attempts of those who left it stay."""
        with self._transaction() as database:
            database.execute("DELETE FROM learner")
            database.executemany(
                "INSERT OR IGNORE INTO learner VALUES (?,?)",
                [(name, at) for at, name in enumerate(names) if name],
            )

    def export(self, target: Path) -> int:
        """Write everything as one ZIP (attempts.csv, attempts.json, recordings as FLAC); returns the
        attempts written."""
        names = [
            "id",
            "learner",
            "item",
            "text",
            "time",
            "overall",
            "accuracy",
            "fluency",
            "prosody",
            "completeness",
        ]
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(names)
        bodies = []
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
            rows = self._db.execute("SELECT * FROM attempt ORDER BY at").fetchall()
            for *values, body in rows:
                values[4] = datetime.fromtimestamp(values[4]).astimezone().isoformat(timespec="seconds")
                writer.writerow([_safe_cell(value) for value in values])
                bodies.append(
                    dict(zip(names, values, strict=True)) | {"assessment": json.loads(zlib.decompress(body))}
                )
            bundle.writestr("attempts.csv", "\ufeff" + table.getvalue())
            bundle.writestr("attempts.json", json.dumps(bodies, ensure_ascii=False, indent=1))
            for number, flac in self._db.execute("SELECT attempt, flac FROM recording"):
                bundle.writestr(f"recordings/{number}.flac", flac, zipfile.ZIP_STORED)
        try:
            write_atomic(target, archive.getvalue())
        except OSError as error:
            raise InputError(
                "{path} cannot be written ({reason}); choose another place.",
                path=target,
                reason=error.strerror,
            ) from error
        return len(rows)

    def delete_audio(self) -> None:
        """Forget every recording; the scores stay."""
        with self._transaction() as database:
            database.execute("DELETE FROM recording")
        self._shrink()

    def delete_all(self) -> None:
        """Forget everything; nothing of it stays in the file."""
        with self._transaction() as database:
            for table in ("recording", "phone", "attempt", "learner"):
                database.execute(f"DELETE FROM {table}")
        self._shrink()

    def _shrink(self) -> None:
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def flac_of(samples: Floats) -> bytes:
    """float32 (n,), 16 kHz, as a 16-bit FLAC file."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(samples, -1, 1), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def samples_of_flac(flac: bytes) -> Floats:
    """The inverse of ``flac_of``."""
    import soundfile

    samples, _ = soundfile.read(io.BytesIO(flac), dtype="float32")
    return np.asarray(samples, np.float32)


def _safe_cell(value: object) -> object:
    # Spreadsheets run cells that begin like a formula.
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
