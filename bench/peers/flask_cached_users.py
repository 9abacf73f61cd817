"""Both original services of cached-users in one, written anew from their contract."""

import sys

import psycopg2
import redis
from flask import Flask, jsonify, request

app = Flask(__name__)
port, postgres_port, redis_port = (int(argument) for argument in sys.argv[1:4])
cache = redis.Redis(host="127.0.0.1", port=redis_port)


def connect():
    return psycopg2.connect(
        host="127.0.0.1", port=postgres_port, dbname="postgres", user="postgres"
    )


def prepare():
    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS users"
            "(id SERIAL PRIMARY KEY, name VARCHAR(100) UNIQUE, info TEXT NOT NULL)"
        )
    connection.close()


@app.route("/register", methods=["POST"])
def register():
    data = request.get_json()
    name, info = data.get("name"), data.get("info")
    if not name or not info:
        return jsonify({"error": "Please provide name and info"}), 400
    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users (name, info) VALUES (%s, %s) ON CONFLICT (name) DO NOTHING",
            (name, info),
        )
    connection.close()
    return jsonify({"message": f"User '{name}' registered successfully"}), 201


@app.route("/user/<name>")
def get_user(name):
    cached = cache.get(name)
    if cached:
        return jsonify({"name": name, "info": cached.decode(), "cached": True})
    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT info FROM users WHERE name = %s", (name,))
        row = cursor.fetchone()
    connection.close()
    if not row:
        return jsonify({"error": f"User {name} not found in database"}), 404
    cache.set(name, row[0])
    return jsonify({"name": name, "info": row[0], "cached": False})


prepare()
# The original runs it without debug, where JSON is compact.
app.json.compact = True
app.run(host="127.0.0.1", port=port)
